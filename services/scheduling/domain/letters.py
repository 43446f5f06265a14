"""What a household's letter says to whoever checks it, and when it holds. Pure.

Assumptions: a letter names nobody. Whoever has it reads the reference, the place, the time and how many come; no name, no
nationality, no programme. Scheduling owns neither names nor birth years, so not even a hash of them is in it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from shared.events import Appointment
from shared.events import AppointmentStatus as S

VERSION = 1
"""Of the content of a letter. Source: docs/domain.md, "Letters"."""
HOLDS_AFTER_END = timedelta(hours=24)
"""How long a letter holds after the appointment's end. Source: docs/domain.md, "Letters"."""
WITH_LETTER = frozenset({S.BOOKED, S.ARRIVED, S.CHECKED_IN, S.FULFILLED})
"""States of an appointment whose letter holds. An offer has none."""


@dataclass(frozen=True, slots=True)
class Letter:
    """Everything that is signed. `sequence` counts the bookings of the case: of two letters the higher one holds."""

    reference: str
    site: str
    starts_at: datetime
    zone: str
    party: int
    language: str
    sequence: int
    holds_until: datetime


@dataclass(frozen=True, slots=True)
class Bookings:
    """How many bookings a case ever had, each with a letter of its own, and whether the last one still stands."""

    made: int
    stands: bool

    @property
    def least_sequence(self) -> int:
        """The lowest sequence that a letter of the case may have."""
        return self.made if self.stands else self.made + 1


class Verdict(StrEnum):
    """What is said of a letter: it holds, or the first reason why not."""

    HOLDS = "holds"
    UNREADABLE = "unreadable"
    FORGED = "forged"
    EXPIRED = "expired"
    SUPERSEDED = "superseded"
    OTHER_SITE = "other_site"
    OTHER_DAY = "other_day"


def letter_of(reference: str, appointment: Appointment, language: str, bookings: Bookings) -> Letter:
    """The letter of a booked appointment. Raises: ValueError for one that is not."""
    if appointment.status not in WITH_LETTER:
        raise ValueError(f"an appointment that is {appointment.status} has no letter: it is booked first")
    return Letter(
        reference=reference,
        site=appointment.site,
        starts_at=appointment.starts_at,
        zone=appointment.zone,
        party=appointment.party,
        language=language,
        sequence=bookings.made,
        holds_until=appointment.starts_at + timedelta(minutes=appointment.minutes) + HOLDS_AFTER_END,
    )


def judge(letter: Letter, now: datetime, superseded: Mapping[str, int], *, at_site: str | None = None) -> Verdict:
    """Whether a letter whose signature is ours holds now. `superseded`: the least sequence of the references that have one.

    At the door of `at_site` it must also be for this site, and for today by its clock; None: it is checked elsewhere.
    """
    if now >= letter.holds_until:
        return Verdict.EXPIRED
    if letter.sequence < superseded.get(letter.reference, 0):
        return Verdict.SUPERSEDED
    if at_site is None:
        return Verdict.HOLDS
    if letter.site != at_site:
        return Verdict.OTHER_SITE
    zone = ZoneInfo(letter.zone)
    is_today = letter.starts_at.astimezone(zone).date() == now.astimezone(zone).date()
    return Verdict.HOLDS if is_today else Verdict.OTHER_DAY
