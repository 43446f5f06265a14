"""An appointment as a calendar keeps it (RFC 5545): the same entry, whether it comes by mail or is saved from a page.

Its words are neutral and it names no person: phones are shared.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from uuid import UUID
from zoneinfo import ZoneInfo

from icalendar import Alarm, Calendar, Event, Timezone

from shared.events import Appointment

ALARMS = (timedelta(days=-1), timedelta(hours=-3))
"""How long before the interview a calendar reminds. Source: docs/domain.md, "iCalendar"."""


@dataclass(frozen=True)
class Identity:
    """What makes a calendar know the entry again: the case's UID, and a sequence that rises with every change."""

    uid: UUID
    sequence: int


def entry_of(
    appointment: Appointment, identity: Identity, *, status: str, summary: str, location: str, now: datetime
) -> Event:
    """The entry without alarms. `status` in the words of RFC 5545."""
    event = Event()
    event.add("uid", str(identity.uid))
    event.add("sequence", identity.sequence)
    event.add("dtstamp", now.astimezone(UTC))
    event.add("summary", summary)
    event.add("status", status)
    event.add("class", "PRIVATE")
    event.add("location", location)
    # The wall time with its zone, never an instant: when a country changes its clocks, the hour on the door stays.
    event.add("dtstart", datetime.fromisoformat(appointment.wall_time).replace(tzinfo=ZoneInfo(appointment.zone)))
    if appointment.minutes:
        event.add("duration", timedelta(minutes=appointment.minutes))
    return event


def add_alarms(event: Event, summary: str) -> None:
    """Lets the calendar remind of it."""
    for before in ALARMS:
        alarm = Alarm()
        alarm.add("action", "DISPLAY")
        alarm.add("description", summary)
        alarm.add("trigger", before)
        event.add_component(alarm)


def file_of(event: Event, appointment: Appointment, *, method: str | None = None) -> bytes:
    """The .ics file with the entry and the rules of its zone. `method`: what a mail asks a calendar to do with it."""
    calendar = Calendar()
    calendar.add("prodid", "-//Puente//Interview appointments//EN")
    calendar.add("version", "2.0")
    if method:
        calendar.add("method", method)
    calendar.add_component(_time_zone(appointment.zone, datetime.fromisoformat(appointment.wall_time).year))
    calendar.add_component(event)
    return bytes(calendar.to_ical())


@lru_cache(maxsize=256)
def _time_zone(zone: str, year: int) -> Timezone:
    """The zone's rules around that year, from the packaged data and not from the reader's phone."""
    first, last = datetime(year - 1, 1, 1, tzinfo=UTC), datetime(year + 2, 1, 1, tzinfo=UTC)
    return Timezone.from_tzinfo(ZoneInfo(zone), tzid=zone, first_date=first.date(), last_date=last.date())
