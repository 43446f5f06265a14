"""What became of a case: written in a fixed order and published as the case's whole scheduling state."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from services.scheduling.domain.decisions import CANCEL_REASON, OF_HOUSEHOLDS, UNMET, Waiting
from services.scheduling.domain.needs import choice_until
from services.scheduling.domain.places import Place
from services.scheduling.domain.standby import is_at_short_notice
from services.scheduling.placing.replaced import Made, follow
from services.scheduling.repository import appointments, cases, counts, slots
from services.scheduling.repository.known_case import KnownCase
from shared import tracing
from shared.db import UnitOfWork
from shared.events import (
    Appointment,
    AppointmentArrived,
    AppointmentBooked,
    AppointmentCancelled,
    AppointmentCheckedIn,
    AppointmentFulfilled,
    AppointmentMoved,
    AppointmentNoShow,
    AppointmentOffered,
    AppointmentStatus,
    CaseClosed,
    CaseScheduled,
    CaseWaiting,
    OfferExpired,
    OfferExtended,
    Reachable,
)
from shared.outbox import Cause

CHANGED: dict[AppointmentStatus, type[CaseScheduled]] = {
    AppointmentStatus.PENDING: OfferExtended,
    AppointmentStatus.BOOKED: AppointmentBooked,
    AppointmentStatus.ARRIVED: AppointmentArrived,
    AppointmentStatus.CHECKED_IN: AppointmentCheckedIn,
}
ENDED: dict[AppointmentStatus, type[CaseScheduled]] = {
    AppointmentStatus.CANCELLED: AppointmentCancelled,
    AppointmentStatus.NOSHOW: AppointmentNoShow,
    AppointmentStatus.FULFILLED: AppointmentFulfilled,
    AppointmentStatus.ENTERED_IN_ERROR: CaseWaiting,
}
"""What happened, by the state that an appointment came to."""
GIVES_UP_ITS_TIME = frozenset({AppointmentStatus.CANCELLED, AppointmentStatus.ENTERED_IN_ERROR})
"""What an appointment holds that ended so, before its time, goes to the next household."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One case's change: an appointment made (with its place) or changed, one ended, or a reason to wait.

    Changed is its state, or its deadline, or how many must come, or its instant: other zone data gave the same wall time another one.
    `is_stranded`: what the ended one held is not planned any more, so that it is no place for anyone.
    """

    case: KnownCase
    made: Appointment | None = None
    place: Place | None = None
    changed: Appointment | None = None
    ended: Appointment | None = None
    waiting: Waiting | None = None
    closed: str | None = None
    missed: bool = False
    is_stranded: bool = False
    cause: Cause | None = None

    def event(self) -> CaseScheduled:
        """The case's scheduling state after this, as an event one version on."""
        return self._kind()(
            version=self.case.version + 1,
            case_ref=self.case.case_ref,
            system=self.case.snapshot.system,
            programme=self.case.snapshot.programme,
            calendar_uid=self.case.calendar_uid,
            appointment=self.made or self.changed,
            ended=self.ended or self.case.ended,
            waiting=self.waiting,
            choice=choice_until(self.case.snapshot.valid_until) if self.waiting is Waiting.CHOICE else None,
            overdue_since=self._overdue_since,
            closed=self.closed,
            referral=self.case.referral,
            adjustment_answered=self._adjustment_answered,
        )

    @property
    def is_counted(self) -> bool:
        """True for an offer without an answer, but not for one that was made in place of another appointment (that the
        household has to answer again is not its doing), nor at short notice (it may not have read it in time), nor to
        a household that no message reaches. Source: docs/domain.md, "Offers", "Rebooking", "Standby"."""
        if not self.missed or self.ended is None or self.ended.replaces:
            return False
        if self.case.snapshot.reachable is not Reachable.YES:
            return False
        return self.case.live_made_at is None or not is_at_short_notice(self.ended.starts_at, self.case.live_made_at)

    @property
    def _adjustment_answered(self) -> UUID | None:
        """An answer stays with a date, also when another appointment takes its place at the same site and time."""
        before, now = self.case.live, self.made or self.changed
        is_same_date = before and now and (before.site, before.starts_at) == (now.site, now.starts_at)
        return self.case.adjustment_answered if is_same_date or self._is_retimed else None

    @property
    def _is_answered(self) -> bool:
        """Who says yes or no, or chooses another place, has answered; who only asks for more time has not."""
        if self.made:
            return self.made.acted_by != "scheduling"
        if self.ended:
            return self.ended.reason in OF_HOUSEHOLDS
        is_offer = self.changed is not None and self.changed.status is AppointmentStatus.PENDING
        return self.changed is not None and not is_offer and not self._is_retimed

    @property
    def _is_retimed(self) -> bool:
        return bool(self.changed and self.case.live and self.changed.starts_at != self.case.live.starts_at)

    @property
    def _is_longer(self) -> bool:
        return bool(self.changed and self.case.live and self.changed.deadline != self.case.live.deadline)

    def _kind(self) -> type[CaseScheduled]:
        if self.made or self._is_retimed:
            was_booked = self.case.live and self.case.live.status is not AppointmentStatus.PENDING
            return AppointmentMoved if was_booked else AppointmentOffered
        if self.changed and self.changed.status is AppointmentStatus.PENDING and not self._is_longer:
            return AppointmentOffered
        if self.changed:
            return CHANGED[self.changed.status]
        if self.ended:
            return OfferExpired if self.missed else ENDED[self.ended.status]
        return CaseClosed if self.closed else CaseWaiting

    def row(self) -> dict[str, Any]:
        return {
            "case_ref": self.case.case_ref,
            "waiting": self.waiting,
            "offers_missed": 0 if self._is_answered else self.case.offers_missed + self.is_counted,
            "ended_appointment": self.ended.id if self.ended else None,
            "is_unmet": self._is_unmet,
            "overdue_since": self._overdue_since,
        }

    @property
    def _overdue_since(self) -> datetime | None:
        """Only a case that still lacks a place can be late for one."""
        return self.case.overdue_since if self._is_unmet else None

    @property
    def _is_unmet(self) -> bool:
        """Whether who is to choose finds a place is looked at from time to time: placing/unmet.py."""
        return self.waiting in UNMET or (self.waiting is Waiting.CHOICE and self.case.is_unmet)


def end_of(case: KnownCase, over: Appointment, waiting: Waiting, cause: Cause) -> Outcome:
    """The end of the case's appointment: it waits for this reason, unless its country has ended the case meanwhile."""
    closed = case.snapshot.state.value if case.snapshot.state in CANCEL_REASON else None
    return Outcome(case, ended=over, waiting=None if closed else waiting, closed=closed, cause=cause)


async def record(uow: UnitOfWork, results: Sequence[Outcome]) -> None:
    """Writes the outcomes of locked cases: ends first, then what takes their place, then claims and what goes along; and
    publishes each."""
    if not results:
        return
    traces = {
        r.case.case_ref: tracing.to_traceparent(uow.publish(r.event(), cause=r.cause or r.case.cause).context)
        for r in results
    }
    ended = [(r.ended, traces[r.case.case_ref]) for r in results if r.ended]
    made = [(r.made, r.place, traces[r.case.case_ref]) for r in results if r.made and r.place]
    await appointments.update(uow, [*(a for a, _ in ended), *(r.changed for r in results if r.changed)])
    await slots.keep(uow, [(r.ended.id, r.place) for r in results if r.ended and r.place])
    stranded = {r.ended.id for r in results if r.ended and r.is_stranded}
    await slots.release(uow, stranded)
    freed = [(a, trace) for a, trace in ended if a.status in GIVES_UP_ITS_TIME and a.id not in stranded]
    await slots.free_places_of(uow, freed)
    if made:
        await appointments.insert(uow, made)
        await slots.claim(uow, [(appointment.id, place) for appointment, place, _ in made])
        await follow(uow, [Made(r.case, r.made, r.ended) for r in results if r.made and r.place])
        await counts.count_offers(uow, Counter(result.case.system for result in results if result.made))
    await cases.save(uow, [result.row() for result in results])
