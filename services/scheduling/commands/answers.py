"""Answers to offers: accept, decline, ask for more time, ask for another."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from services.scheduling.commands.locked import cause_of, locked
from services.scheduling.domain.decisions import Waiting
from services.scheduling.domain.holds import extended_deadline
from services.scheduling.domain.states import NOT_BEGUN, changed
from services.scheduling.placing.deciding import decided
from services.scheduling.placing.offers import carry_out, ended
from services.scheduling.placing.outcomes import Outcome, record
from services.scheduling.refusals import began, being_referred, missed, offer_changed
from services.scheduling.repository import reference
from services.scheduling.repository.known_case import KnownCase
from shared import tracing
from shared.db import UnitOfWork
from shared.events import Appointment, AppointmentStatus
from shared.outbox import Cause
from shared.web.problems import Problem


async def accept(uow: UnitOfWork, case_ref: str, acted_by: str, seen: UUID | None = None) -> None:
    """Books the offered appointment. Accepting what is booked already changes nothing. `seen`: which one is meant.

    Raises: Problem 404 for an unknown case, 409 when there is no open offer.
    """
    case = await locked(uow, case_ref)
    _check_seen(case, seen)
    if case.live and case.live.status is AppointmentStatus.BOOKED:
        return
    offer = _open_offer(case, uow.now)
    booked = changed(offer, acted_by=acted_by, status=AppointmentStatus.BOOKED)
    await record(uow, [Outcome(case, changed=booked, cause=cause_of(case))])


async def decline(
    uow: UnitOfWork, case_ref: str, acted_by: str, seen: UUID | None = None, *, reason: str = "applicant-request"
) -> None:
    """Lets the offered or booked appointment go; the case waits for the next freed place, with its seniority.

    `reason` is one of the household's. Raises: Problem 404 for an unknown case, 409 when there is nothing to decline.
    """
    case = await locked(uow, case_ref)
    _check_seen(case, seen)
    if case.live is None and case.waiting == Waiting.DECLINED:
        return
    if case.live is None or case.live.status not in NOT_BEGUN:
        raise _nothing_open(case)
    if case.live.starts_at <= uow.now:
        raise began()
    declined = ended(case.live, AppointmentStatus.CANCELLED, reason, acted_by)
    await record(uow, [Outcome(case, ended=declined, waiting=Waiting.DECLINED, cause=cause_of(case))])


async def extend(uow: UnitOfWork, case_ref: str, acted_by: str, seen: UUID | None = None) -> None:
    """Holds the offered place longer, once, by half the time that it was held for.

    Raises: Problem 404 for an unknown case, 409 when there is no open offer, or none that can be held longer.
    """
    case = await locked(uow, case_ref)
    _check_seen(case, seen)
    offer = _open_offer(case, uow.now)
    by = f"accept or decline it by {offer.deadline:%Y-%m-%dT%H:%MZ}"
    if offer.first_deadline:
        raise Problem(409, "extended_already", f"an offer is extended once, and this one was: {by}")
    until = extended_deadline(offer, case.live_made_at or uow.now)
    if until is None:
        raise Problem(409, "no_more_time", f"the place is too near to be held longer: {by}")
    longer = changed(
        offer, acted_by=acted_by, status=AppointmentStatus.PENDING, deadline=until, first_deadline=offer.deadline
    )
    await record(uow, [Outcome(case, changed=longer, cause=cause_of(case))])


async def offer_again(uow: UnitOfWork, case_ref: str, *, by_household: bool = False) -> None:
    """Puts a case whose household wants an interview again back in line, and offers it what is free.

    Raises: Problem 404 for an unknown case, 409 when it has an appointment or cannot have one; when the household asks
    itself, also while staff have not looked at why it missed the one before.
    """
    case = await locked(uow, case_ref)
    if case.live:
        raise Problem(409, "has_appointment", "the case has an appointment: accept, decline or keep it")
    if case.waiting is None:
        raise Problem(409, "case_closed", f"the case is {case.snapshot.state}: no interview can be offered")
    if case.waiting == Waiting.REFERRED:
        raise being_referred()
    if by_household and case.waiting == Waiting.MISSED:
        raise missed()
    asking = replace(case, offers_missed=0, waiting=None, cause=Cause.first(tracing.current(), case.cause.context))
    programmes = await reference.programmes(uow, [case.snapshot.programme])
    await carry_out(uow, await decided(uow, [asking], programmes, asks_itself=True))


def _check_seen(case: KnownCase, seen: UUID | None) -> None:
    """Raises: Problem 409 when who answers saw another appointment than the one that is there now."""
    if seen and case.live and case.live.id != seen:
        raise offer_changed()


def _open_offer(case: KnownCase, now: datetime) -> Appointment:
    if case.live is None or case.live.status is not AppointmentStatus.PENDING:
        raise _nothing_open(case)
    if case.live.deadline and case.live.deadline <= now:
        raise Problem(409, "offer_expired", "the time to answer is over: the case stays in line for the next place")
    return case.live


def _nothing_open(case: KnownCase) -> Problem:
    state = f"the case waits ({case.waiting})" if case.waiting else "the case has no offer to answer"
    return Problem(409, "no_open_offer", f"{state}: read the case again to see what it has now")
