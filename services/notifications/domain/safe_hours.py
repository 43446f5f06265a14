"""When a household may be written to: inside the hours that it called safe."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from services.notifications.domain.notice import Matter, Notice

URGENT = timedelta(hours=24)
"""A notice does not wait when its date or its deadline is nearer than this; a reminder, which brings no news, always waits.
Source: docs/domain.md, "Messages"."""

USUAL_ZONE = "America/Mexico_City"
"""The zone assumed for a household whose notice names no site."""


def earliest_sending(notice: Notice, safe_hours: str | None, now: datetime) -> datetime:
    """The instant from which the notice may go: `now`, or when the safe hours next begin.

    `safe_hours` is `HH:MM-HH:MM` (end excluded, may pass midnight), local to the person.
    Assumptions: the person is in the zone of the site; hours that cannot be read do not hold a notice back.
    """
    hours = _hours(safe_hours)
    if hours is None or _is_urgent(notice, now):
        return now
    opens, closes = hours
    local = now.astimezone(ZoneInfo(notice.appointment.zone if notice.appointment else USUAL_ZONE))
    clock = local.time().replace(tzinfo=None)
    is_inside = opens <= clock < closes if opens < closes else clock >= opens or clock < closes
    if is_inside:
        return now
    opening_day = local.date() if clock < opens else local.date() + timedelta(days=1)
    return datetime.combine(opening_day, opens, tzinfo=local.tzinfo).astimezone(now.tzinfo)


def _hours(text: str | None) -> tuple[time, time] | None:
    try:
        opens, _, closes = (text or "").partition("-")
        pair = time.fromisoformat(opens.strip()), time.fromisoformat(closes.strip())
    except ValueError:
        return None
    return None if pair[0] == pair[1] or any(each.tzinfo for each in pair) else pair


def _is_urgent(notice: Notice, now: datetime) -> bool:
    """True when a date of it that is to come, also one that does not hold any more, or the time to answer is near; never for a
    reminder."""
    if notice.matter is Matter.REMINDER:
        return False
    dates = [each.starts_at for each in (notice.appointment, notice.earlier) if each]
    if notice.asks() and notice.appointment and notice.appointment.deadline:
        dates.append(notice.appointment.deadline)
    return any(now < each < now + URGENT for each in dates)
