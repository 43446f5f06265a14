"""The case that an accepted result makes: what others may know of it, without a name.

Assumptions:
- Only those who attend count for the party, the languages and the needs of an interview.
- A person is an adult from the 18th birthday on, looked at on the decision day; born on 29 February: from 1 March.
- Free text of the authority may name people, so only a reason that is a code leaves intake.
- Without an address that can work the household is reached through its resource centre.
"""

import re
from dataclasses import dataclass
from datetime import date

from services.intake.domain.results import Contact, Language, Person, Reported

ADULT_AGE = 18
"""Source: docs/domain.md, "Party"."""

MOST_DIFFERENT = 32
"""Most different languages, and needs, of one household: a case must fit into an event of 64 KB."""

_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


@dataclass(frozen=True, slots=True)
class PartySize:
    attendees: int
    adults: int
    children: int
    apart: int


def state_of(reported: Reported, today: date) -> str | None:
    """The state of the case: the outcome, or `expired` when the household is eligible but the last day is over."""
    over = reported.valid_until is not None and reported.valid_until < today
    return "expired" if reported.outcome == "eligible" and over else reported.outcome


def party_size(reported: Reported) -> PartySize:
    attendees = attending(reported)
    adults = sum(_is_adult(person, reported.decided_on) for person in attendees)
    apart = sum(bool(person.apart) for person in attendees)
    return PartySize(len(attendees), adults, len(attendees) - adults, apart)


def attending(reported: Reported) -> list[Person]:
    return [person for person in reported.persons or () if person.attends]


def languages(reported: Reported) -> list[Language]:
    """The different languages of those who attend, in their order."""
    return list(dict.fromkeys(language for person in attending(reported) for language in person.languages))


def needs(reported: Reported) -> list[str]:
    """The different needs of those who attend, in their order."""
    return list(dict.fromkeys(need for person in attending(reported) for need in person.needs))


def reason_code(reported: Reported) -> str | None:
    """The authority's reason, if it is a code."""
    return reported.reason if reported.reason and _CODE.fullmatch(reported.reason) else None


def reachable(contact: Contact) -> str:
    """`yes`, or `resource_centre` when there is no e-mail address: nothing is sent to a phone."""
    return "yes" if contact.email else "resource_centre"


def _is_adult(person: Person, day: date | None) -> bool:
    if person.born_on is None or day is None:
        return False
    born = person.born_on
    return (day.year - born.year) - ((day.month, day.day) < (born.month, born.day)) >= ADULT_AGE
