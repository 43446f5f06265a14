"""Which notice a household is owed: what it was told so far against what is now true, never against an event's type.

Assumptions: one message says everything that is true now, so a household is owed one notice at most at a time. What may
have reached it counts as announced; what surely reached it counts as ended.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from shared.events import Appointment, AppointmentStatus, CaseScheduled, NoticeKind

OFFER_EXPIRED = "offer-expired"
"""The reason that ends an offer because nobody answered in time."""

NOT_FOR_HOUSEHOLDS = frozenset({"programme_unknown"})
"""Reasons for waiting that say something about us and pass by themselves: an event that has not come yet."""

TOOK_PLACE = frozenset({AppointmentStatus.FULFILLED, AppointmentStatus.NOSHOW})
"""Ends that need no notice: the day came."""


class NoticeState(StrEnum):
    """`due -> sending -> sent | failed`, `sending -> due` when it is to be tried again.

    `due` may still be `withdrawn` or turn out `not_reachable`. `sending` is the time between the hand-over to the mail
    server and the record of its answer, nothing else.
    """

    DUE = "due"
    SENDING = "sending"
    SENT = "sent"
    NOT_REACHABLE = "not_reachable"
    WITHDRAWN = "withdrawn"
    FAILED = "failed"


OPEN_STATES = frozenset({NoticeState.DUE, NoticeState.SENDING})
"""States in which something will still happen to a notice."""


class Matter(StrEnum):
    """What a notice settles. A household hears once per matter and appointment: `booked` and `moved` say the same."""

    WAIT = "wait"
    OFFER = "offer"
    CONFIRMATION = "confirmation"
    END = "end"


MATTERS = {
    NoticeKind.WAITING: Matter.WAIT,
    NoticeKind.OFFERED: Matter.OFFER,
    NoticeKind.BOOKED: Matter.CONFIRMATION,
    NoticeKind.MOVED: Matter.CONFIRMATION,
    NoticeKind.EXPIRED: Matter.END,
    NoticeKind.CANCELLED: Matter.END,
}


@dataclass(frozen=True)
class Notice:
    """What is to be said. `earlier` is a date that the household believes in and that no longer holds; `waiting` says
    why the case has no date."""

    kind: NoticeKind
    appointment: Appointment | None = None
    earlier: Appointment | None = None
    waiting: str | None = None

    @property
    def matter(self) -> Matter:
        return MATTERS[self.kind]

    @property
    def subject(self) -> str:
        """What it is about: the appointment's id, or the reason for waiting."""
        return str(self.appointment.id) if self.appointment else self.waiting or ""

    def is_about_the_same_as(self, other: "Notice") -> bool:
        return (self.matter, self.subject) == (other.matter, other.subject)

    def announces(self) -> bool:
        """True when it makes the household believe in a date."""
        return self.matter in (Matter.OFFER, Matter.CONFIRMATION)


@dataclass(frozen=True)
class PastNotice:
    """A notice of the case as it stands. `may_have_arrived`: it was handed to the mail server at least once, and the
    answer was not a plain no."""

    id: UUID
    state: NoticeState
    notice: Notice
    may_have_arrived: bool


@dataclass(frozen=True)
class NoticesDue:
    """What to do with a case's notices: add `new`, replace the words of `renewed`, take back `withdrawn`."""

    new: Notice | None = None
    renewed: tuple[UUID, Notice] | None = None
    withdrawn: tuple[UUID, ...] = ()


def notices_due(past: Collection[PastNotice], snapshot: CaseScheduled) -> NoticesDue:
    """What the newest snapshot asks for. `past` are all notices of the case, oldest first."""
    owed = owed_notice(past, snapshot)
    superseded = tuple(
        each.id
        for each in past
        if each.state is NoticeState.DUE and not (owed and each.notice.is_about_the_same_as(owed))
    )
    if owed is None:
        return NoticesDue(withdrawn=superseded)
    same = next((each for each in past if _counts(each) and each.notice.is_about_the_same_as(owed)), None)
    if same is None:
        others = [each for each in past if each.id not in superseded]
        return NoticesDue(new=None if _was_told(others, owed) else owed, withdrawn=superseded)
    may_change = same.state is NoticeState.DUE and not same.may_have_arrived and same.notice != owed
    return NoticesDue(renewed=(same.id, owed) if may_change else None, withdrawn=superseded)


def is_still_owed(this: PastNotice, past: Collection[PastNotice], snapshot: CaseScheduled) -> bool:
    """True when `this` may go out now: the household is owed just this."""
    owed = owed_notice(past, snapshot)
    return owed is not None and this.notice.is_about_the_same_as(owed)


def is_too_late(notice: Notice, now: datetime) -> bool:
    """True when it would announce a date that is over, or an offer that nobody can answer any more."""
    appointment = notice.appointment
    if appointment is None or not notice.announces():
        return False
    closes = appointment.deadline if notice.kind is NoticeKind.OFFERED else None
    return now >= min(closes or appointment.starts_at, appointment.starts_at)


def owed_notice(past: Iterable[PastNotice], snapshot: CaseScheduled) -> Notice | None:
    """The one thing that the household must have been told, whether it was told already or not."""
    believed = _believed(past)
    live = snapshot.appointment
    if live is not None:
        return _about_live(live, believed if believed and believed.id != live.id else None)
    if believed is not None and not _took_place(believed, snapshot.ended):
        return _about_end(believed, snapshot)
    reason = waiting_reason(snapshot)
    return Notice(NoticeKind.WAITING, waiting=reason) if reason else None


def waiting_reason(snapshot: CaseScheduled) -> str | None:
    """Why the household has no date, as far as it concerns the household."""
    return None if snapshot.waiting in NOT_FOR_HOUSEHOLDS else snapshot.waiting


def _believed(past: Iterable[PastNotice]) -> Appointment | None:
    """The appointment in which the household believes, by what it was told."""
    believed: Appointment | None = None
    for each in past:
        if each.notice.announces() and each.may_have_arrived:
            believed = each.notice.appointment
        elif each.notice.matter is Matter.END and each.state is NoticeState.SENT:
            believed = None
    return believed


def _about_live(live: Appointment, earlier: Appointment | None) -> Notice | None:
    if live.status is AppointmentStatus.PENDING:
        return Notice(NoticeKind.OFFERED, live, earlier)
    if live.status is AppointmentStatus.BOOKED:
        return Notice(NoticeKind.MOVED if earlier else NoticeKind.BOOKED, live, earlier)
    return None


def _about_end(believed: Appointment, snapshot: CaseScheduled) -> Notice:
    ended = snapshot.ended if snapshot.ended and snapshot.ended.id == believed.id else None
    expired = ended is not None and ended.reason == OFFER_EXPIRED
    kind = NoticeKind.EXPIRED if expired else NoticeKind.CANCELLED
    return Notice(kind, ended or believed, waiting=waiting_reason(snapshot))


def _took_place(believed: Appointment, ended: Appointment | None) -> bool:
    return ended is not None and ended.id == believed.id and ended.status in TOOK_PLACE


def _counts(each: PastNotice) -> bool:
    """True when a second one about the same must not follow."""
    return each.state is not NoticeState.WITHDRAWN or each.may_have_arrived


def _was_told(past: Iterable[PastNotice], owed: Notice) -> bool:
    """True when the reason for waiting was already given, with the end of an appointment."""
    return owed.matter is Matter.WAIT and any(_counts(each) and each.notice.waiting == owed.waiting for each in past)
