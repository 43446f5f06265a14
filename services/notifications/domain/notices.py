"""Which notice a household is owed: what it was told so far against what is now true, never against an event's type.

Assumptions: one message says everything that is true now, so a household is owed one notice at most at a time, beside a
reminder of its date (reminders.py). What may have reached it counts as announced; what surely reached it counts as ended, and
stays beside what only may have. Nobody can be kept from travelling to an interview that has begun: from then on a date is
over, whatever becomes of its case, and nothing is said about it.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from services.notifications.domain.beliefs import Belief, belief_of
from services.notifications.domain.notice import (
    OPEN,
    UNSENT,
    Matter,
    Notice,
    NoticeState,
    PastNotice,
    is_over,
    is_same_date,
)
from services.notifications.domain.reasons import about_waiting, waiting_reason, went_on
from services.notifications.domain.told_places import told_of_another
from shared.events import Appointment, AppointmentStatus, CaseScheduled, NoticeKind

OFFER_EXPIRED = "offer-expired"
"""The reason that ends an offer because nobody answered in time."""
HEARD = "fulfilled"
"""Why a case has no date any more whose household was heard."""
TOOK_PLACE = frozenset({AppointmentStatus.FULFILLED, AppointmentStatus.NOSHOW})
"""Ends that need no notice: the day came."""


@dataclass(frozen=True)
class NoticesDue:
    """What to do with a case's notices: add `new`, replace the words of `renewed`, take back `withdrawn`."""

    new: Notice | None = None
    renewed: tuple[UUID, Notice] | None = None
    withdrawn: tuple[UUID, ...] = ()


def notices_due(
    past: Collection[PastNotice], snapshot: CaseScheduled, now: datetime, *, place: str | None = None
) -> NoticesDue:
    """What the newest snapshot asks for at this moment. `past` are all notices of the case, oldest first; `place` is where its
    date is, by name and address, None while that is not known."""
    owed = owed_notice(past, snapshot, now, place=place)
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


def is_still_owed(
    this: PastNotice,
    past: Collection[PastNotice],
    snapshot: CaseScheduled,
    now: datetime,
    *,
    place: str | None = None,
) -> bool:
    """True when `this` may go out now: the household is owed just this."""
    return _is_owed(this, owed_notice(past, snapshot, now, place=place), past, snapshot.appointment)


def _is_owed(this: PastNotice, owed: Notice | None, past: Iterable[PastNotice], live: Appointment | None) -> bool:
    """A reminder is owed as long as its date stands as it says it, and no nearer one was made."""
    if this.notice.matter is not Matter.REMINDER:
        return owed is not None and this.notice.is_about_the_same_as(owed)
    date, reminders = this.notice.appointment, [each for each in past if each.notice.matter is Matter.REMINDER]
    if date is None or live is None or live.status is not AppointmentStatus.BOOKED or this is not reminders[-1]:
        return False
    if owed and owed.former_place:
        return False
    return (date.site, date.starts_at, date.party) == (live.site, live.starts_at, live.party)


def is_too_late(notice: Notice, now: datetime) -> bool:
    """True when its date is over, or when it is an offer that nobody can answer any more."""
    if notice.appointment is None:
        return False
    deadline = notice.appointment.deadline if notice.asks() else None
    return is_over(notice.appointment, now) or (deadline is not None and now >= deadline)


def without_what_is_over(notice: Notice, now: datetime) -> Notice:
    """The notice as it may be said now: that an earlier date no longer holds is left out once that date is over."""
    return replace(notice, earlier=None) if notice.earlier and is_over(notice.earlier, now) else notice


def owed_notice(
    past: Iterable[PastNotice], snapshot: CaseScheduled, now: datetime, *, place: str | None = None
) -> Notice | None:
    """The one thing that the household must have been told, whether it was told already or not."""
    past = list(past)
    belief = belief_of(past, now)
    live = _as_it_knows(snapshot.appointment, belief)
    if live is not None:
        news = _about_change(live, belief.date, past) or _about_live(live, belief.sure_date, belief.date)
        news = news and _with_place(news, live.site, place, past=past)
        return news and _with_answer(news, snapshot.adjustment_answered, past)
    if belief.date is not None and not _took_place(belief.date, snapshot.ended):
        return _about_end(belief, belief.date, snapshot)
    if snapshot.closed == HEARD:
        return None
    if snapshot.closed is not None and not went_on(snapshot):
        return Notice(NoticeKind.CLOSED, closed=True, follows=belief.listed_by) if belief.listed_by else None
    reason = waiting_reason(snapshot)
    return about_waiting(reason, snapshot.choice, past, belief) if reason else None


def _as_it_knows(live: Appointment | None, belief: Belief) -> Appointment | None:
    """The live date as its household knows it: one that took the place of another and says the same is still that one, as its
    letter is."""
    told = belief.sure_date
    if live and told and told == belief.date and told.id == live.replaces and _said(told) == _said(live):
        return live.model_copy(update={"id": told.id})
    return live


def _said(date: Appointment) -> tuple[object, ...]:
    """Everything that a message says of a date, but for what the clocks are there."""
    return date.status, date.site, date.wall_time, date.party, date.interpreter, date.deadline


def _about_change(live: Appointment, believed: Appointment | None, past: Iterable[PastNotice]) -> Notice | None:
    """What says that the date which the household believes in is at another instant by the same clock, or for another number of
    people; None when it is not.

    That is what it is to hear of the date anyway, if it did not hear that yet: every notice says both.
    """
    if believed is None or believed.id != live.id:
        return None
    is_at_another_instant = believed.starts_at != live.starts_at
    if not is_at_another_instant and believed.party == live.party:
        return None
    news = _about_live(live)
    if news and any(each.may_have_arrived and each.notice.is_about_the_same_as(news) for each in past):
        kind = NoticeKind.CLOCK_CHANGED if is_at_another_instant else NoticeKind.PARTY_CHANGED
        return Notice(kind, live, believed)
    return news and replace(news, earlier=believed)


def _about_live(live: Appointment, *believed: Appointment | None) -> Notice | None:
    """What says the live date, and the first of the believed ones that is another, else that is for another number of people."""
    others = [each for each in believed if each and each.id != live.id]
    for_others = (each for each in others if each.party != live.party)
    earlier = next((each for each in others if not is_same_date(each, live)), None) or next(for_others, None)
    if live.status is AppointmentStatus.PENDING:
        return Notice(NoticeKind.OFFERED, live, earlier)
    if live.status is AppointmentStatus.BOOKED:
        return Notice(_confirmation(live, earlier), live, earlier)
    return None


def _confirmation(live: Appointment, earlier: Appointment | None) -> NoticeKind:
    """A household that accepts its offer is told that it is booked, whatever else is new."""
    if earlier is None:
        return NoticeKind.BOOKED
    if not is_same_date(earlier, live):
        return NoticeKind.MOVED
    return NoticeKind.BOOKED if earlier.status is AppointmentStatus.PENDING else NoticeKind.PARTY_CHANGED


def _with_place(news: Notice, site: str, place: str | None, *, past: Collection[PastNotice]) -> Notice:
    """The news of a date, and that its place is another than the household was told; what says so by itself, when the rest of the
    news was told already."""
    told = told_of_another(past, site, place)
    if told is None:
        return news
    news = replace(news, former_place=told.place)
    said = (each for each in past if each.may_have_arrived and each.state not in OPEN)
    is_said = any(each.notice.is_about_the_same_as(news) for each in said)
    return replace(news, kind=NoticeKind.PLACE_CHANGED, follows=told.id) if is_said else news


def _with_answer(news: Notice, answered: UUID | None, past: Collection[PastNotice]) -> Notice:
    """The news of a date, and that staff answered what the household asked for about it, unless it surely heard that before;
    what says so by itself, with the date, when the news may have gone out without it."""
    if answered is None or any(each.notice.answered == answered and each.state is NoticeState.SENT for each in past):
        return news
    about_it = [each.notice for each in past if each.may_have_arrived and each.notice.is_about_the_same_as(news)]
    if any(notice.answered != answered for notice in about_it):
        return replace(news, kind=NoticeKind.ADJUSTMENT_ANSWERED, answered=answered)
    return replace(news, answered=answered)


def _about_end(belief: Belief, believed: Appointment, snapshot: CaseScheduled) -> Notice:
    """What says that the believed date is off, and the one before it too where it may never have heard of this one."""
    earlier = belief.sure_date if belief.sure_date and belief.sure_date.id != believed.id else None
    ended = snapshot.ended if snapshot.ended and _is_the_same(snapshot.ended, believed) else None
    expired = ended is not None and ended.reason == OFFER_EXPIRED
    kind = NoticeKind.EXPIRED if expired else NoticeKind.CANCELLED
    closed = snapshot.closed not in (None, HEARD)
    return Notice(
        kind,
        ended or believed,
        earlier,
        waiting=waiting_reason(snapshot),
        closed=closed,
        follows=belief.closed_by,
        choice=snapshot.choice,
    )


def _took_place(believed: Appointment, ended: Appointment | None) -> bool:
    return ended is not None and _is_the_same(ended, believed) and ended.status in TOOK_PLACE


def _is_the_same(ended: Appointment, believed: Appointment) -> bool:
    """By whatever clock, or at whatever desk."""
    return ended.id == believed.id or is_same_date(ended, believed)


def counts(each: PastNotice) -> bool:
    """True when a second one about the same must not follow."""
    return each.state is not NoticeState.WITHDRAWN or each.may_have_arrived


def _was_told(past: Iterable[PastNotice], owed: Notice) -> bool:
    """True when the reason for waiting was already given, with the end of an appointment."""
    reason = (owed.waiting, owed.follows)
    return owed.matter is Matter.WAIT and any(
        counts(each) and reason == (each.notice.waiting, each.notice.follows) for each in past
    )
