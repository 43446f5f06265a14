"""Which notice a household is owed: what it was told so far against what is now true, never against an event's type.

Assumptions: one message says everything that is true now, so a household is owed one notice at most at a time, beside a
reminder of its date (reminders.py). What may have reached it counts as announced; what surely reached it counts as ended, and
stays beside what only may have. Nobody can be kept from travelling to an interview that has begun: from then on a date is
over, whatever becomes of its case, and nothing is said about it.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from uuid import UUID

from shared.events import Appointment, AppointmentStatus, CaseScheduled, NoticeKind, ReferralState

OFFER_EXPIRED = "offer-expired"
"""The reason that ends an offer because nobody answered in time."""
REFERRED = "referred"
"""Why a case has no date whose household goes on to another country's programme."""
NOT_FOR_HOUSEHOLDS = frozenset({"programme_unknown"})
"""Reasons for waiting that say something about us and pass by themselves: an event that has not come yet."""
TOOK_PLACE = frozenset({AppointmentStatus.FULFILLED, AppointmentStatus.NOSHOW})
"""Ends that need no notice: the day came."""


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
    Of a changed clock it hears once per instant, of what staff answered once per answer; it is reminded once for each number of
    days before."""

    WAIT = "wait"
    OFFER = "offer"
    CONFIRMATION = "confirmation"
    CLOCK = "clock"
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
    NoticeKind.ADJUSTMENT_ANSWERED: Matter.ANSWER,
    NoticeKind.REMINDER: Matter.REMINDER,
    NoticeKind.EXPIRED: Matter.END,
    NoticeKind.CANCELLED: Matter.END,
    NoticeKind.CLOSED: Matter.CLOSING,
}

SAID_AGAIN = frozenset({Matter.CLOCK, Matter.ANSWER})
"""Matters of a date that its household has heard of already."""


@dataclass(frozen=True)
class Notice:
    """What is to be said. `earlier` is a date that the household believes in and that no longer holds, or the same one at
    the instant that it had before; `waiting` says why the case has no date, `closed` that none is to come.

    `follows` is the notice after which this is said anew: a closing follows the one that spoke of the list, a reason to
    wait follows the closing when a case comes back. `answered` is the request that staff answered: the page says what.
    """

    kind: NoticeKind
    appointment: Appointment | None = None
    earlier: Appointment | None = None
    waiting: str | None = None
    closed: bool = False
    follows: UUID | None = None
    answered: UUID | None = None
    days_before: int | None = None

    @property
    def matter(self) -> Matter:
        return MATTERS[self.kind]

    @property
    def subject(self) -> str:
        """What it is about: the appointment's id, with its instant where that is the news or the days before it; what staff
        answered; or the reason for waiting and the notice that it follows."""
        if self.matter is Matter.ANSWER:
            return str(self.answered)
        if self.appointment and self.matter is Matter.CLOCK:
            return f"{self.appointment.id} {self.appointment.starts_at.astimezone(UTC).isoformat()}"
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


def notices_due(past: Collection[PastNotice], snapshot: CaseScheduled, now: datetime) -> NoticesDue:
    """What the newest snapshot asks for at this moment. `past` are all notices of the case, oldest first."""
    owed = owed_notice(past, snapshot, now)
    superseded = tuple(
        each.id for each in past if each.state in UNSENT and not _is_owed(each, owed, past, snapshot.appointment)
    )
    if owed is None:
        return NoticesDue(withdrawn=superseded)
    same = next((each for each in past if counts(each) and each.notice.is_about_the_same_as(owed)), None)
    if same is None:
        others = [each for each in past if each.id not in superseded]
        is_new = not _was_told(others, owed) and not is_too_late(owed, now)
        return NoticesDue(new=owed if is_new else None, withdrawn=superseded)
    may_change = same.state in UNSENT and not same.may_have_arrived and same.notice != owed
    return NoticesDue(renewed=(same.id, owed) if may_change else None, withdrawn=superseded)


def is_still_owed(this: PastNotice, past: Collection[PastNotice], snapshot: CaseScheduled, now: datetime) -> bool:
    """True when `this` may go out now: the household is owed just this."""
    return _is_owed(this, owed_notice(past, snapshot, now), past, snapshot.appointment)


def _is_owed(this: PastNotice, owed: Notice | None, past: Iterable[PastNotice], live: Appointment | None) -> bool:
    """A reminder is owed as long as its date stands as it says it, and no nearer one was made."""
    if this.notice.matter is not Matter.REMINDER:
        return owed is not None and this.notice.is_about_the_same_as(owed)
    date, reminders = this.notice.appointment, [each for each in past if each.notice.matter is Matter.REMINDER]
    if date is None or live is None or live.status is not AppointmentStatus.BOOKED or this is not reminders[-1]:
        return False
    return (date.site, date.starts_at) == (live.site, live.starts_at)


def is_too_late(notice: Notice, now: datetime) -> bool:
    """True when its date is over, or when it is an offer that nobody can answer any more."""
    if notice.appointment is None:
        return False
    deadline = notice.appointment.deadline if notice.asks() else None
    return is_over(notice.appointment, now) or (deadline is not None and now >= deadline)


def is_over(appointment: Appointment, now: datetime) -> bool:
    """True once it has begun."""
    return now >= appointment.starts_at


def without_what_is_over(notice: Notice, now: datetime) -> Notice:
    """The notice as it may be said now: that an earlier date no longer holds is left out once that date is over."""
    return replace(notice, earlier=None) if notice.earlier and is_over(notice.earlier, now) else notice


def owed_notice(past: Iterable[PastNotice], snapshot: CaseScheduled, now: datetime) -> Notice | None:
    """The one thing that the household must have been told, whether it was told already or not."""
    past = list(past)
    belief = _belief(past, now)
    live = snapshot.appointment
    if live is not None:
        news = _about_clock(live, belief.date, past) or _about_live(live, belief.sure_date, belief.date)
        return news and _with_answer(news, snapshot.adjustment_answered, past)
    if belief.date is not None and not _took_place(belief.date, snapshot.ended):
        return _about_end(belief, belief.date, snapshot)
    if snapshot.closed is not None and not went_on(snapshot):
        return Notice(NoticeKind.CLOSED, closed=True, follows=belief.listed_by) if belief.listed_by else None
    reason = waiting_reason(snapshot)
    return Notice(NoticeKind.WAITING, waiting=reason, follows=belief.closed_by) if reason else None


def went_on(snapshot: CaseScheduled) -> bool:
    """True when another country's programme has taken the household."""
    return snapshot.referral is not None and snapshot.referral.state is ReferralState.ACCEPTED


def waiting_reason(snapshot: CaseScheduled) -> str | None:
    """Why the household has no date, as far as it concerns the household. Who went on hears only that: its new case has
    notices of its own."""
    if went_on(snapshot):
        return REFERRED
    return None if snapshot.waiting in NOT_FOR_HOUSEHOLDS else snapshot.waiting


@dataclass(frozen=True)
class _Belief:
    """What the household believes: in a date that is still to come; that it is on the list, by the notice that said so.
    `sure_date` is the last one that it surely heard of, the same or one before; `closed_by` is the last notice that may have
    told it that no date is to come."""

    date: Appointment | None = None
    sure_date: Appointment | None = None
    listed_by: UUID | None = None
    closed_by: UUID | None = None


def _belief(past: Iterable[PastNotice], now: datetime) -> _Belief:
    """By what the household was told, oldest first."""
    belief = _Belief()
    for each in past:
        belief = _after(belief, each)
    return replace(belief, date=_to_come(belief.date, now), sure_date=_to_come(belief.sure_date, now))


def _to_come(date: Appointment | None, now: datetime) -> Appointment | None:
    return None if date is None or is_over(date, now) else date


def _after(belief: _Belief, told: PastNotice) -> _Belief:
    notice = told.notice
    if not told.may_have_arrived:
        return belief
    if notice.matter in SAID_AGAIN and told.state is not NoticeState.SENT:
        return belief
    if notice.announces():
        sure = notice.appointment if told.state is NoticeState.SENT else belief.sure_date
        return replace(belief, date=notice.appointment, sure_date=sure, listed_by=None)
    if notice.matter is Matter.WAIT:
        return replace(belief, listed_by=told.id)
    closed_by = told.id if notice.closed else belief.closed_by
    if told.state is not NoticeState.SENT:
        return replace(belief, closed_by=closed_by)
    return _Belief(listed_by=told.id if notice.waiting else None, closed_by=closed_by)


def _about_clock(live: Appointment, believed: Appointment | None, past: Iterable[PastNotice]) -> Notice | None:
    """What says that the date which the household believes in is at another instant by the same clock; None when it is not.

    That is what it is to hear of the date anyway, if it did not hear that yet: every notice says the instant.
    """
    if believed is None or believed.id != live.id or believed.starts_at == live.starts_at:
        return None
    news = _about_live(live)
    if news and any(each.may_have_arrived and each.notice.is_about_the_same_as(news) for each in past):
        return Notice(NoticeKind.CLOCK_CHANGED, live, believed)
    return news and replace(news, earlier=believed)


def _about_live(live: Appointment, *believed: Appointment | None) -> Notice | None:
    """What says the live date, and the first of the believed ones that is another."""
    others = (each for each in believed if each and each.id != live.id and not _is_same_date(each, live))
    earlier = next(others, None)
    if live.status is AppointmentStatus.PENDING:
        return Notice(NoticeKind.OFFERED, live, earlier)
    if live.status is AppointmentStatus.BOOKED:
        return Notice(NoticeKind.MOVED if earlier else NoticeKind.BOOKED, live, earlier)
    return None


def _with_answer(news: Notice, answered: UUID | None, past: Collection[PastNotice]) -> Notice:
    """The news of a date, and that staff answered what the household asked for about it, unless it surely heard that before;
    what says so by itself, with the date, when the news may have gone out without it."""
    if answered is None or any(each.notice.answered == answered and each.state is NoticeState.SENT for each in past):
        return news
    about_it = [each.notice for each in past if each.may_have_arrived and each.notice.is_about_the_same_as(news)]
    if any(notice.answered != answered for notice in about_it):
        return replace(news, kind=NoticeKind.ADJUSTMENT_ANSWERED, answered=answered)
    return replace(news, answered=answered)


def _is_same_date(one: Appointment, other: Appointment) -> bool:
    """True when nothing of it is news: only the desk or the interpreter is another."""
    return (one.site, one.wall_time, one.starts_at) == (other.site, other.wall_time, other.starts_at)


def _about_end(belief: _Belief, believed: Appointment, snapshot: CaseScheduled) -> Notice:
    """What says that the believed date is off, and the one before it too where it may never have heard of this one."""
    earlier = belief.sure_date if belief.sure_date and belief.sure_date.id != believed.id else None
    ended = snapshot.ended if snapshot.ended and snapshot.ended.id == believed.id else None
    expired = ended is not None and ended.reason == OFFER_EXPIRED
    kind = NoticeKind.EXPIRED if expired else NoticeKind.CANCELLED
    closed = snapshot.closed is not None
    return Notice(
        kind, ended or believed, earlier, waiting=waiting_reason(snapshot), closed=closed, follows=belief.closed_by
    )


def _took_place(believed: Appointment, ended: Appointment | None) -> bool:
    return ended is not None and ended.id == believed.id and ended.status in TOOK_PLACE


def counts(each: PastNotice) -> bool:
    """True when a second one about the same must not follow."""
    return each.state is not NoticeState.WITHDRAWN or each.may_have_arrived


def _was_told(past: Iterable[PastNotice], owed: Notice) -> bool:
    """True when the reason for waiting was already given, with the end of an appointment."""
    reason = (owed.waiting, owed.follows)
    return owed.matter is Matter.WAIT and any(
        counts(each) and reason == (each.notice.waiting, each.notice.follows) for each in past
    )
