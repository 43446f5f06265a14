"""What every command begins with: its case, locked."""

from uuid import UUID

from services.scheduling.repository import appointments, cases
from services.scheduling.repository.known_case import KnownCase
from shared import tracing
from shared.db import UnitOfWork
from shared.events import Appointment
from shared.outbox import Cause
from shared.web.problems import Problem

HOUSEHOLD = "household"
"""Who acted when a household did it itself, on the portal; otherwise the role of a member of staff."""


async def locked(uow: UnitOfWork, case_ref: str) -> KnownCase:
    """The case, locked before it is read. Raises: Problem 404."""
    found = await cases.lock(uow, [case_ref])
    if not found:
        raise unknown_case()
    return found[0]


def unknown_case() -> Problem:
    """The refusal of a reference that no case has."""
    return Problem(404, "case_unknown", "no case has this reference: check it, letter by letter")


async def locked_with(uow: UnitOfWork, appointment_id: UUID) -> tuple[KnownCase, Appointment]:
    """The case of an appointment, locked, and the appointment if it is the case's live or last ended one.

    Raises: Problem 404 for an unknown one, 409 when another has taken its place.
    """
    case_ref = await appointments.case_of(uow, appointment_id)
    if case_ref is None:
        raise Problem(404, "appointment_unknown", "no appointment has this id: read the day's list again")
    case = await locked(uow, case_ref)
    for appointment in (case.live, case.ended):
        if appointment and appointment.id == appointment_id:
            return case, appointment
    raise Problem(409, "appointment_replaced", "another appointment has taken its place: read the case again")


def cause_of(case: KnownCase) -> Cause:
    """What people do starts a trace of its own, linked to the one that made the appointment."""
    links = [case.live_made_in] if case.live_made_in else [case.cause.context]
    return Cause.first(tracing.current(), *links)


def began() -> Problem:
    """The refusal of changes to an interview whose time has come."""
    return Problem(409, "interview_began", "its time has come: staff at the site say what became of it")


def offer_changed() -> Problem:
    """The refusal of an answer whose sender saw another appointment than the one that is there now."""
    return Problem(409, "offer_changed", "this answers an earlier offer: read the case again and answer the new one")
