"""What a household believes, by what it was told."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from services.notifications.domain.notice import (
    SAID_AGAIN,
    Matter,
    Notice,
    NoticeState,
    PastNotice,
    is_over,
    is_same_date,
)
from shared.events import Appointment


@dataclass(frozen=True)
class Belief:
    """What the household believes: in a date that is still to come; that it is on the list, by the notice that said so.
    `sure_date` is the last one that it surely heard of, the same or one before; `closed_by` is the last notice that may have
    told it that no date is to come."""

    date: Appointment | None = None
    sure_date: Appointment | None = None
    listed_by: UUID | None = None
    closed_by: UUID | None = None


def belief_of(past: Iterable[PastNotice], now: datetime) -> Belief:
    """By what the household was told, oldest first."""
    belief = Belief()
    for each in past:
        belief = _after(belief, each)
    return replace(belief, date=_to_come(belief.date, now), sure_date=_to_come(belief.sure_date, now))


def _to_come(date: Appointment | None, now: datetime) -> Appointment | None:
    return None if date is None or is_over(date, now) else date


def _is_no_news(notice: Notice, belief: Belief) -> bool:
    """True for a reminder of the date that it surely heard of, whatever the desk is by now."""
    is_reminder = notice.matter is Matter.REMINDER
    known, date = belief.sure_date, notice.appointment
    return bool(is_reminder and known and date and is_same_date(known, date) and known.party == date.party)


def _after(belief: Belief, told: PastNotice) -> Belief:
    notice = told.notice
    if not told.may_have_arrived or _is_no_news(notice, belief):
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
    return Belief(listed_by=told.id if notice.waiting else None, closed_by=closed_by)
