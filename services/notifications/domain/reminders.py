"""When a household is reminded of its interview: on days of the site's own calendar before it, never in hours or days of
another clock. Pure."""

from collections.abc import Collection
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from services.notifications.domain.notice import OPEN, Matter, Notice, PastNotice
from services.notifications.domain.notices import counts
from shared.events import Appointment, AppointmentStatus, CaseScheduled, NoticeKind

DAYS_BEFORE = (7, 3, 1)
"""Source: docs/domain.md, "Reminders"."""
REMINDED_AT = time(10)
"""By the clock of the site. Source: docs/domain.md, "Reminders"."""
CONFIRMATION_IS_ENOUGH = timedelta(hours=24)
"""Who hears of its date is not reminded of it for so long. Source: docs/domain.md, "Reminders"."""
LATEST = timedelta(hours=24)
"""A reminder that could not be made for so long is not made any more. Source: docs/domain.md, "Reminders"."""


def date_of(snapshot: CaseScheduled) -> Appointment | None:
    """The booked date that its household may be reminded of."""
    live = snapshot.appointment
    return live if live and live.status is AppointmentStatus.BOOKED else None


def moments(appointment: Appointment) -> list[tuple[datetime, int]]:
    """When it is reminded of, with how many days before, in order."""
    day, zone = datetime.fromisoformat(appointment.wall_time).date(), ZoneInfo(appointment.zone)
    found = [(datetime.combine(day - timedelta(days=n), REMINDED_AT, zone).astimezone(UTC), n) for n in DAYS_BEFORE]
    return [each for each in found if each[0] < appointment.starts_at]


def first_moment(snapshot: CaseScheduled, now: datetime) -> datetime | None:
    """The first moment for a date that the household hears of now."""
    return _next(date_of(snapshot), now + CONFIRMATION_IS_ENOUGH)


def next_moment(snapshot: CaseScheduled, now: datetime) -> datetime | None:
    """The next moment after this one, None after the last."""
    return _next(date_of(snapshot), now)


def _next(date: Appointment | None, after: datetime) -> datetime | None:
    return next((moment for moment, _ in moments(date) if moment > after), None) if date else None


def reminder_due(past: Collection[PastNotice], snapshot: CaseScheduled, now: datetime) -> Notice | None:
    """The reminder whose moment came last, unless it was made, or who is to be reminded was not reached with the date
    itself: that notice is still to come, and says as much. `past` are all notices of the case."""
    date = date_of(snapshot)
    if date is None or now >= date.starts_at:
        return None
    came = [n for moment, n in moments(date) if now - LATEST < moment <= now]
    if not came:
        return None
    reminder = Notice(NoticeKind.REMINDER, date, days_before=came[-1])
    made = any(counts(each) and each.notice.is_about_the_same_as(reminder) for each in past)
    return None if made or any(_is_yet_to_come(each, date) for each in past) else reminder


def _is_yet_to_come(each: PastNotice, date: Appointment) -> bool:
    about = each.notice.appointment
    return each.state in OPEN and each.notice.matter is not Matter.REMINDER and bool(about and about.id == date.id)
