"""Who of a household comes to its interview, in numbers: names stay in intake. Pure.

Source: docs/domain.md, "Who comes".
"""

from dataclasses import dataclass

from shared.events import Appointment, AppointmentStatus, Party

UNTIL_CHECK_IN = frozenset({AppointmentStatus.PENDING, AppointmentStatus.BOOKED, AppointmentStatus.ARRIVED})
"""States of an appointment in which its household can say who comes."""


@dataclass(frozen=True, slots=True)
class Coming:
    """How many adults and children come."""

    adults: int
    children: int

    @property
    def count(self) -> int:
        return self.adults + self.children


def everyone(party: Party) -> Coming:
    """All who must come."""
    return Coming(party.adults, party.children)


def within(said: Coming, party: Party) -> Coming:
    """What was said, where fewer must come by now than did then."""
    return Coming(min(said.adults, party.adults), min(said.children, party.children))


def is_possible(said: Coming, party: Party) -> bool:
    """True when somebody comes and nobody who is not of the party. That nobody comes is said by cancelling."""
    return said.count > 0 and 0 <= said.adults <= party.adults and 0 <= said.children <= party.children


def can_be_said(live: Appointment | None, party: Party) -> bool:
    """True while it can be said that not everyone comes; a party of one has nobody to leave out."""
    return live is not None and live.status in UNTIL_CHECK_IN and party.attendees > 1
