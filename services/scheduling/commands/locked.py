"""What every command begins with: its case, locked."""

from uuid import UUID

from services.scheduling.refusals import appointment_unknown
from services.scheduling.repository import appointments, cases
from services.scheduling.repository.known_case import KnownCase
from services.scheduling.views.changes import check_case_version
from shared import tracing
from shared.db import UnitOfWork
from shared.events import Appointment
from shared.outbox import Cause
from shared.web.case_refs import case_unknown
from shared.web.problems import Problem

HOUSEHOLD = "household"
"""Who acted when a household did it itself, on the portal; otherwise the role of a member of staff."""


async def locked(uow: UnitOfWork, case_ref: str) -> KnownCase:
    """The case, locked before it is read. Raises: Problem 404."""
    found = await cases.lock(uow, [case_ref])
    if not found:
        raise case_unknown()
    return found[0]


async def check_seen(uow: UnitOfWork, case_ref: str, seen: int | None) -> None:
    """Raises: Problem 412 when the case changed since it was seen, if who asks says what it saw; 404."""
    if seen is not None:
        await check_case_version(uow, await locked(uow, case_ref), seen)


async def locked_with(uow: UnitOfWork, appointment_id: UUID) -> tuple[KnownCase, Appointment]:
    """The case of an appointment, locked, and the appointment if it is the case's live or last ended one.

    Raises: Problem 404 for an unknown one, 409 when another has taken its place.
    """
    case_ref = await appointments.case_of(uow, appointment_id)
    if case_ref is None:
        raise appointment_unknown()
    case = await locked(uow, case_ref)
    for appointment in (case.live, case.ended):
        if appointment and appointment.id == appointment_id:
            return case, appointment
    raise Problem(409, "appointment_replaced", "another appointment has taken its place: read the case again")


def cause_of(case: KnownCase) -> Cause:
    """What people do starts a trace of its own, linked to the one that made the appointment."""
    links = [case.live_made_in] if case.live_made_in else [case.cause.context]
    return Cause.first(tracing.current(), *links)
