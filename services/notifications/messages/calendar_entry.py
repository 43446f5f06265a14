"""The calendar entry of a case: one UID for its whole life, neutral words, no personal data.

There is no ATTENDEE on purpose: it would put the address into the entry, and calendars would offer a "yes" that reaches
nobody while the household believes that it accepted.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from uuid import UUID
from zoneinfo import ZoneInfo

from icalendar import Alarm, Calendar, Event, Timezone, vCalAddress

from services.notifications.domain.notice import Matter, Notice
from shared.events import Appointment, SiteChanged
from shared.languages import Catalogue

ALARMS = (timedelta(days=-1), timedelta(hours=-3))
"""How long before the interview a calendar reminds. Source: docs/domain.md, "iCalendar"."""


@dataclass(frozen=True)
class CalendarEntry:
    """An .ics file and its METHOD, which the mail part must repeat."""

    method: str
    ics: bytes


@dataclass(frozen=True)
class EntryIdentity:
    """What makes a calendar know the entry again: the case's UID, and a sequence that rises with every change.
    `organizer` is the bare address that mail comes from."""

    uid: UUID
    sequence: int
    organizer: str


def calendar_entry(
    notice: Notice, identity: EntryIdentity, *, site: SiteChanged, catalogue: Catalogue, now: datetime
) -> CalendarEntry | None:
    """The entry that a notice brings up to date; None when the notice is about no date."""
    if notice.appointment is None:
        return None
    method = "CANCEL" if notice.matter is Matter.END else "REQUEST"
    calendar = Calendar()
    calendar.add("prodid", "-//Puente//Interview appointments//EN")
    calendar.add("version", "2.0")
    calendar.add("method", method)
    calendar.add_component(
        _time_zone(notice.appointment.zone, datetime.fromisoformat(notice.appointment.wall_time).year)
    )
    calendar.add_component(_event(notice, identity, site=site, catalogue=catalogue, now=now))
    return CalendarEntry(method, calendar.to_ical())


def _event(notice: Notice, identity: EntryIdentity, *, site: SiteChanged, catalogue: Catalogue, now: datetime) -> Event:
    event = Event()
    event.add("uid", str(identity.uid))
    event.add("sequence", identity.sequence)
    event.add("dtstamp", now.astimezone(UTC))
    event.add("summary", catalogue.text("calendar.summary"))
    event.add("status", _status(notice))
    event.add("class", "PRIVATE")
    event.add("organizer", vCalAddress(f"mailto:{identity.organizer}"))
    event.add("location", ", ".join(part for part in (site.name, site.address, site.city) if part))
    if notice.appointment:
        _add_span(event, notice.appointment)
    if notice.announces():
        for before in ALARMS:
            event.add_component(_alarm(before, catalogue))
    return event


def _status(notice: Notice) -> str:
    if notice.matter is Matter.END:
        return "CANCELLED"
    return "TENTATIVE" if notice.asks() else "CONFIRMED"


def _add_span(event: Event, appointment: Appointment) -> None:
    """The wall time with its zone, never an instant: when a country changes its clocks, the hour on the door stays."""
    starts = datetime.fromisoformat(appointment.wall_time).replace(tzinfo=ZoneInfo(appointment.zone))
    event.add("dtstart", starts)
    if appointment.minutes:
        event.add("duration", timedelta(minutes=appointment.minutes))


def _alarm(before: timedelta, catalogue: Catalogue) -> Alarm:
    alarm = Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("description", catalogue.text("calendar.summary"))
    alarm.add("trigger", before)
    return alarm


@lru_cache(maxsize=256)
def _time_zone(zone: str, year: int) -> Timezone:
    """The zone's rules around that year, from the packaged data and not from the reader's phone."""
    first, last = datetime(year - 1, 1, 1, tzinfo=UTC), datetime(year + 2, 1, 1, tzinfo=UTC)
    return Timezone.from_tzinfo(ZoneInfo(zone), tzid=zone, first_date=first.date(), last_date=last.date())
