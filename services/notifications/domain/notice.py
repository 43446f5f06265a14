"""Notices: what one says, what it is about, what became of it."""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from uuid import UUID

from shared.events import Appointment, AppointmentStatus, Choice, NoticeKind


def is_over(appointment: Appointment, now: datetime) -> bool:
    """True once it has begun."""
    return now >= appointment.starts_at


def is_same_date(one: Appointment, other: Appointment) -> bool:
    """True when only the desk, the interpreter or the number of people is another."""
    return (one.site, one.wall_time, one.starts_at) == (other.site, other.wall_time, other.starts_at)


class NoticeState(StrEnum):
    """`due -> sending -> sent`, `sending -> due` when it is to be tried again.

    `not_reachable` (there is no address) and `failed` (the address was refused) are tried again, slowly, since an address
    may come. A notice that is not owed any more is `withdrawn` from any of these but `sending`, which is the time between
    the hand-over to the mail server and the record of its answer, nothing else.
    """

    DUE = "due"
    SENDING = "sending"
    SENT = "sent"
    NOT_REACHABLE = "not_reachable"
    WITHDRAWN = "withdrawn"
    FAILED = "failed"


UNDELIVERED = frozenset({NoticeState.NOT_REACHABLE, NoticeState.FAILED})
"""States in which a notice waits for an address that works."""
UNSENT = UNDELIVERED | {NoticeState.DUE}
"""States in which a notice can still be given new words or be withdrawn."""
OPEN = UNSENT | {NoticeState.SENDING}
"""States in which a notice may still reach its household."""


class Matter(StrEnum):
    """What a notice settles. A household hears once per matter and appointment: `booked` and `moved` say the same.
    Of a changed clock it hears once per instant, of a party that changed without another appointment once per number of people,
    of a place that has another name or address once after it was told another one, of what staff answered once per answer; it is reminded once for each number of days before."""

    WAIT = "wait"
    OFFER = "offer"
    CONFIRMATION = "confirmation"
    CLOCK = "clock"
    PARTY = "party"
    PLACE = "place"
    ANSWER = "answer"
    REMINDER = "reminder"
    END = "end"
    CLOSING = "closing"


MATTERS = {
    NoticeKind.WAITING: Matter.WAIT,
    NoticeKind.OFFERED: Matter.OFFER,
    NoticeKind.BOOKED: Matter.CONFIRMATION,
    NoticeKind.MOVED: Matter.CONFIRMATION,
    NoticeKind.CLOCK_CHANGED: Matter.CLOCK,
    NoticeKind.PARTY_CHANGED: Matter.CONFIRMATION,
    NoticeKind.PLACE_CHANGED: Matter.PLACE,
    NoticeKind.ADJUSTMENT_ANSWERED: Matter.ANSWER,
    NoticeKind.REMINDER: Matter.REMINDER,
    NoticeKind.EXPIRED: Matter.END,
    NoticeKind.CANCELLED: Matter.END,
    NoticeKind.CLOSED: Matter.CLOSING,
}

SAID_AGAIN = frozenset({Matter.CLOCK, Matter.PARTY, Matter.PLACE, Matter.ANSWER})
"""Matters of a date that its household has heard of already."""


@dataclass(frozen=True)
class Notice:
    """What is to be said. `earlier` is a date that the household believes in and that no longer holds, or the same one at
    the instant or for the number of people that it had before; `waiting` says why the case has no date, `choice` until when
    its household can choose one, `closed` that none is to come.

    `follows` is the notice after which this is said anew: a closing follows the one that spoke of the list, a reason to
    wait follows the closing when a case comes back, or what was said since the reason was said before; that the place is another
    follows the one that named `former_place`. `answered` is the request that staff answered: the page says what.
    """

    kind: NoticeKind
    appointment: Appointment | None = None
    earlier: Appointment | None = None
    waiting: str | None = None
    closed: bool = False
    follows: UUID | None = None
    answered: UUID | None = None
    days_before: int | None = None
    choice: Choice | None = None
    former_place: str | None = None

    @property
    def matter(self) -> Matter:
        """Another appointment on the same date confirms it for as many as it is for; the same one is confirmed already."""
        is_said_again = self.kind is NoticeKind.PARTY_CHANGED and self.is_about_one_appointment
        return Matter.PARTY if is_said_again else MATTERS[self.kind]

    @property
    def is_about_one_appointment(self) -> bool:
        """True when what was true of it before is what it says is true no longer."""
        return bool(self.appointment and self.earlier and self.appointment.id == self.earlier.id)

    @property
    def subject(self) -> str:
        """What it is about: the appointment's id, with its instant, its number of people or the notice that named another place
        where that is the news, or the days before it; what staff answered; or the reason for waiting and the notice that it follows."""
        if self.matter is Matter.ANSWER:
            return str(self.answered)
        if self.appointment and self.matter is Matter.CLOCK:
            return f"{self.appointment.id} {self.appointment.starts_at.astimezone(UTC).isoformat()}"
        if self.appointment and self.matter is Matter.PARTY:
            return f"{self.appointment.id} {self.appointment.party}"
        if self.appointment and self.matter is Matter.PLACE:
            return f"{self.appointment.id} {self.follows}"
        if self.appointment and self.matter is Matter.REMINDER:
            return f"{self.appointment.id} {self.days_before}"
        if self.appointment:
            return str(self.appointment.id)
        return " ".join(str(part) for part in (self.waiting, self.follows) if part)

    def is_about_the_same_as(self, other: "Notice") -> bool:
        return (self.matter, self.subject) == (other.matter, other.subject)

    def announces(self) -> bool:
        """True when it makes the household believe in a date."""
        return self.matter in (Matter.OFFER, Matter.CONFIRMATION, Matter.REMINDER) or self.matter in SAID_AGAIN

    def asks(self) -> bool:
        """True when it is about an offer that the household has to answer."""
        if self.matter in SAID_AGAIN:
            return self.appointment is not None and self.appointment.status is AppointmentStatus.PENDING
        return self.kind is NoticeKind.OFFERED


@dataclass(frozen=True)
class PastNotice:
    """A notice of the case as it stands. `may_have_arrived`: it was handed to the mail server at least once, and the
    answer was not a plain no. `place`: where its date is, as its message said."""

    id: UUID
    state: NoticeState
    notice: Notice
    may_have_arrived: bool
    place: str | None = None
