"""The calendar entry of a case: one UID for its whole life, neutral words, no personal data.

There is no ATTENDEE on purpose: it would put the address into the entry, and calendars would offer a "yes" that reaches
nobody while the household believes that it accepted.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from icalendar import vCalAddress

from services.notifications.domain.notice import Matter, Notice
from shared.calendar_entry import Identity, add_alarms, entry_of, file_of
from shared.events import SiteChanged
from shared.languages import Catalogue
from shared.places import in_one_line


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
    summary = catalogue.text("calendar.summary")
    event = entry_of(
        notice.appointment,
        Identity(identity.uid, identity.sequence),
        status=_status(notice),
        summary=summary,
        location=in_one_line(site.name, site.address, site.city),
        now=now,
    )
    event.add("organizer", vCalAddress(f"mailto:{identity.organizer}"))
    if notice.announces():
        add_alarms(event, summary)
    return CalendarEntry(method, file_of(event, notice.appointment, method=method))


def _status(notice: Notice) -> str:
    if notice.matter is Matter.END:
        return "CANCELLED"
    return "TENTATIVE" if notice.asks() else "CONFIRMED"
