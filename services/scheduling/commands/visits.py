"""The day of the interview, as staff at the site record it: arrive, check in, miss, excuse, fulfil, and what was a mistake."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from services.scheduling.commands.locked import cause_of, locked, locked_with
from services.scheduling.domain.decisions import CANCEL_REASON, Decision, Offer, Wait, Waiting
from services.scheduling.domain.states import ForbiddenTransition, changed
from services.scheduling.placing.deciding import decided
from services.scheduling.placing.offers import NoPlace, carry_out, ended, offered, place_all
from services.scheduling.placing.outcomes import Outcome, end_of, record
from services.scheduling.repository import appointments, coming, reference
from services.scheduling.repository.known_case import KnownCase
from shared.db import UnitOfWork
from shared.events import Appointment, AppointmentStatus
from shared.web.problems import Problem

GRACE = timedelta(minutes=30)
"""Time after the start before a household that is not there counts as absent. Source: docs/domain.md, "Visits"."""
EARLY = timedelta(hours=12)
"""How long before its start a household can be there for it. Source: docs/domain.md, "Visits"."""


async def arrive(uow: UnitOfWork, appointment_id: UUID, acted_by: str) -> None:
    """The household is at the site and waits. Raises: Problem 404, 409."""
    case, appointment = await locked_with(uow, appointment_id)
    if uow.now < appointment.starts_at - EARLY:
        raise Problem(409, "not_today", f"the appointment is at {appointment.wall_time}: it can be recorded on its day")
    await _change(uow, case, appointment, AppointmentStatus.ARRIVED, acted_by)


async def not_here(uow: UnitOfWork, appointment_id: UUID, acted_by: str) -> None:
    """The household was recorded as being there and is not, or not all of it, or it left: its appointment is what it was,
    and what its country has said meanwhile is done now. Raises: Problem 404, 409."""
    case, appointment = await locked_with(uow, appointment_id)
    if appointment.status is AppointmentStatus.BOOKED:
        return
    await _change(uow, case, appointment, AppointmentStatus.BOOKED, acted_by)
    again = replace(await locked(uow, case.case_ref), cause=cause_of(case))
    await carry_out(uow, await decided(uow, [again], await reference.programmes(uow, [case.snapshot.programme])))


async def check_in(uow: UnitOfWork, appointment_id: UUID, acted_by: str, *, present: int) -> None:
    """Everyone who must come is there and identified, whatever its household said before of who comes. A household that
    became smaller since its appointment was made needs no more than it has now.

    Raises: Problem 404, 409 while someone is missing.
    """
    case, appointment = await locked_with(uow, appointment_id)
    party = min(appointment.party, case.snapshot.party.attendees)
    if present < party:
        said = await coming.said_of(uow, appointment_id)
        before = f"; its household said before that {said.count} come" if said else ""
        detail = f"{present} of {party} are there: wait for the others, or take its arrival back{before}"
        raise Problem(409, "not_everyone_there", detail)
    await _change(uow, case, appointment, AppointmentStatus.CHECKED_IN, acted_by)


async def fulfil(uow: UnitOfWork, appointment_id: UUID, acted_by: str) -> None:
    """The interview began; its own record goes on elsewhere. Raises: Problem 404, 409."""
    case, appointment = await locked_with(uow, appointment_id)
    if appointment.status is AppointmentStatus.FULFILLED:
        return
    done = _stepped(appointment, AppointmentStatus.FULFILLED, acted_by)
    await record(uow, [Outcome(case, ended=done, closed="fulfilled", cause=cause_of(case))])


async def not_heard(uow: UnitOfWork, appointment_id: UUID, acted_by: str) -> None:
    """It was recorded by mistake that the interview began: that was entered in error. A household whose time is still to
    come keeps it; after it it is back in line with its seniority. Raises: Problem 404, 409."""
    case, appointment = await locked_with(uow, appointment_id)
    if appointment.status is AppointmentStatus.ENTERED_IN_ERROR:
        return
    if appointment.status is not AppointmentStatus.FULFILLED or case.live:
        raise Problem(409, "wrong_state", f"no interview is over by an appointment that is {appointment.status}")
    _check_in_line(case)
    wrong = _stepped(appointment, AppointmentStatus.ENTERED_IN_ERROR, acted_by)
    asking = replace(case, ended=wrong, is_heard=False, cause=cause_of(case))
    programmes = await reference.programmes(uow, [case.snapshot.programme])
    if wrong.starts_at > uow.now:
        [(_, decision)] = await decided(uow, [asking], programmes, had_date=True)
        await record(uow, [await _instead(uow, asking, decision, wrong)])
    else:
        await appointments.update(uow, [wrong])
        await carry_out(uow, await decided(uow, [asking], programmes))


async def _instead(uow: UnitOfWork, case: KnownCase, decision: Decision, wrong: Appointment) -> Outcome:
    """What the household gets instead of the appointment, whose time it holds until then: that time again, else another."""
    if not isinstance(decision, Offer):
        waiting = decision.reason if isinstance(decision, Wait) else case.waiting
        return Outcome(case, ended=wrong, waiting=Waiting(waiting) if waiting else None)
    need = decision.there_and_then(wrong.site, wrong.starts_at).need
    found = (await place_all(uow, [(replace(case, live=wrong), need)]))[case.case_ref]
    if isinstance(found, NoPlace):
        return Outcome(case, ended=wrong, waiting=decision.otherwise or found.reason)
    made = offered(case, found, (await reference.sites(uow))[found.site], uow.now)
    if (made.site, made.starts_at) == (wrong.site, wrong.starts_at):
        made = made.model_copy(update={"status": AppointmentStatus.BOOKED, "deadline": None})
    return Outcome(case, made=made, ended=wrong, place=found)


async def miss(uow: UnitOfWork, appointment_id: UUID, acted_by: str) -> None:
    """Some or all did not come. The case waits until someone reviews why, unless it has ended meanwhile.

    Raises: Problem 404, 409 within the grace time, or while it is recorded as being there.
    """
    case, appointment = await locked_with(uow, appointment_id)
    if appointment.status is AppointmentStatus.NOSHOW:
        return
    if uow.now < appointment.starts_at + GRACE:
        raise Problem(409, "within_grace_time", "a household counts as absent 30 minutes after the start, not before")
    _stepped(appointment, AppointmentStatus.NOSHOW, acted_by)
    missed = ended(appointment, AppointmentStatus.NOSHOW, "applicant-unable", acted_by)
    await record(uow, [end_of(case, missed, Waiting.MISSED, cause_of(case))])


async def excuse(uow: UnitOfWork, appointment_id: UUID, acted_by: str) -> None:
    """Accepts the absence for cause: the case is back in line with its seniority. Raises: Problem 404, 409."""
    case, appointment = await locked_with(uow, appointment_id)
    if appointment.status is not AppointmentStatus.NOSHOW:
        raise Problem(409, "wrong_state", f"an appointment that is {appointment.status} is no absence to excuse")
    _check_in_line(case)
    excused = _stepped(appointment, AppointmentStatus.WAITLIST, acted_by).model_copy(update={"reason": None})
    await appointments.update(uow, [excused])
    asking = replace(case, ended=excused, waiting=None, offers_missed=0, cause=cause_of(case))
    programmes = await reference.programmes(uow, [case.snapshot.programme])
    await carry_out(uow, await decided(uow, [asking], programmes))


def _check_in_line(case: KnownCase) -> None:
    if case.snapshot.state in CANCEL_REASON:
        state = case.snapshot.state
        raise Problem(409, "case_closed", f"the case is {state}: there is no line that it could go back to")


async def _change(
    uow: UnitOfWork, case: KnownCase, appointment: Appointment, status: AppointmentStatus, acted_by: str
) -> None:
    """A second click changes nothing."""
    if appointment.status is not status:
        await record(uow, [Outcome(case, changed=_stepped(appointment, status, acted_by), cause=cause_of(case))])


def _stepped(appointment: Appointment, status: AppointmentStatus, acted_by: str) -> Appointment:
    """The appointment one step on. Raises: Problem 409 when it cannot go there."""
    try:
        return changed(appointment, acted_by=acted_by, status=status)
    except ForbiddenTransition as error:
        raise Problem(409, "wrong_state", f"{error}: read the day's list again") from error
