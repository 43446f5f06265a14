"""Scheduling over HTTP, for staff: read a case, accept, decline, ask for another offer."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends

from services.scheduling import commands
from services.scheduling.repository import cases
from shared.db import UnitOfWork
from shared.events import Appointment, AppointmentStatus
from shared.reference import canonical_case_ref
from shared.service import Service
from shared.settings import Role
from shared.web.problems import Problem
from shared.web.roles import requires

Staff = Annotated[Role, Depends(requires("ops", "scheduler", "officer", "assistant"))]


def router(service: Service) -> APIRouter:
    """The routes under /v1/cases."""
    api = APIRouter(prefix="/v1/cases", tags=["cases"])

    @api.get("/{case_ref}")
    async def read_case(case_ref: str, role: Staff) -> dict[str, Any]:
        return await service.database.run(service.clock.now(), lambda uow: case_view(uow, _ref(case_ref)))

    @api.post("/{case_ref}/appointment/accept")
    async def accept(case_ref: str, role: Staff) -> dict[str, Any]:
        async def work(uow: UnitOfWork) -> dict[str, Any]:
            await commands.accept(uow, _ref(case_ref), role)
            return await case_view(uow, _ref(case_ref))

        return await service.database.run(service.clock.now(), work)

    @api.post("/{case_ref}/appointment/decline")
    async def decline(case_ref: str, role: Staff) -> dict[str, Any]:
        async def work(uow: UnitOfWork) -> dict[str, Any]:
            await commands.decline(uow, _ref(case_ref), role)
            return await case_view(uow, _ref(case_ref))

        return await service.database.run(service.clock.now(), work)

    @api.post("/{case_ref}/appointment/offer-again")
    async def offer_again(case_ref: str, role: Staff) -> dict[str, Any]:
        async def work(uow: UnitOfWork) -> dict[str, Any]:
            await commands.offer_again(uow, _ref(case_ref))
            return await case_view(uow, _ref(case_ref))

        return await service.database.run(service.clock.now(), work)

    return api


def _ref(case_ref: str) -> str:
    """Raises: Problem 404: a reference that cannot exist is as unknown as one that does not."""
    canonical = canonical_case_ref(case_ref)
    if canonical is None:
        raise Problem(404, "case_unknown", "no case has this reference: check it, letter by letter")
    return canonical


async def case_view(uow: UnitOfWork, case_ref: str) -> dict[str, Any]:
    """The case as staff see it. Raises: Problem 404."""
    found = await cases.read(uow, [case_ref])
    if not found:
        raise Problem(404, "case_unknown", "no case has this reference: check it, letter by letter")
    case = found[0]
    return {
        "case_ref": case.case_ref,
        "system": case.system,
        "programme": case.snapshot.programme,
        "state": _state(case.live, case.waiting, case.snapshot.state),
        "version": case.version,
        "appointment": _appointment(case.live),
        "ended": _appointment(case.ended),
        "reason": case.waiting,
    }


def _state(live: Appointment | None, waiting: str | None, state: str) -> str:
    if live:
        return "offered" if live.status is AppointmentStatus.PENDING else live.status.value
    return "waiting" if waiting else state


def _appointment(appointment: Appointment | None) -> dict[str, Any] | None:
    """`wall_time` at the site with its `zone` is what counts; `instant` is derived from it."""
    if appointment is None:
        return None
    plain = appointment.model_dump(mode="json")
    return {**plain, "instant": plain["starts_at"]}
