"""Appointments on their day, for staff at the site."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, Field

from services.scheduling import commands
from services.scheduling.api.named import Seen
from services.scheduling.commands.locked import locked_with
from services.scheduling.neighbours.people import Household, Names, note_look
from services.scheduling.repository import appointments
from services.scheduling.views.cases import case_view
from services.scheduling.views.changes import check_appointment_version
from shared.db import UnitOfWork
from shared.service import Service
from shared.settings import Role
from shared.web.openapi import refusals
from shared.web.roles import CheckedFirst, requires
from shared.web.versions import etag

AtTheSite = Annotated[Role, Depends(requires("officer", "scheduler", "ops"))]
AtTheDoor = Annotated[Role, Depends(requires("officer"))]
OLD = refusals(412)


class Attendance(BaseModel):
    """How many of the household are there."""

    present: Annotated[int, Field(ge=0, le=100)]


def router(service: Service, names: Names) -> APIRouter:
    """The routes under /v1/appointments. Each POST answers with the case as it is then; ETag and If-Match are the version
    of the appointment, which the day's list says, too."""
    api = APIRouter(prefix="/v1/appointments", tags=["appointments"], responses=refusals(409), route_class=CheckedFirst)

    async def doing(
        id: UUID, seen: int | None, response: Response, command: Callable[[UnitOfWork], Awaitable[None]]
    ) -> dict[str, Any]:
        async def work(uow: UnitOfWork) -> dict[str, Any]:
            if seen is not None:
                _, appointment = await locked_with(uow, id)
                await check_appointment_version(uow, appointment, seen)
            await command(uow)
            return await case_view(uow, await appointments.case_of(uow, id) or "")

        case = await service.run(work)
        for appointment in (case["appointment"], case["ended"]):
            if appointment and appointment["id"] == str(id):
                response.headers["ETag"] = etag(appointment["version"])
        return case

    @api.post("/{id}/arrive", responses=OLD)
    async def arrive(id: UUID, role: AtTheSite, seen: Seen, response: Response) -> dict[str, Any]:
        return await doing(id, seen, response, lambda uow: commands.arrive(uow, id, role))

    @api.post("/{id}/not-here", responses=OLD)
    async def not_here(id: UUID, role: AtTheSite, seen: Seen, response: Response) -> dict[str, Any]:
        return await doing(id, seen, response, lambda uow: commands.not_here(uow, id, role))

    @api.post("/{id}/check-in", responses=OLD)
    async def check_in(
        id: UUID, attendance: Attendance, role: AtTheSite, seen: Seen, response: Response
    ) -> dict[str, Any]:
        return await doing(id, seen, response, lambda uow: commands.check_in(uow, id, role, present=attendance.present))

    @api.post("/{id}/miss", responses=OLD)
    async def miss(id: UUID, role: AtTheSite, seen: Seen, response: Response) -> dict[str, Any]:
        return await doing(id, seen, response, lambda uow: commands.miss(uow, id, role))

    @api.post("/{id}/excuse", responses=OLD)
    async def excuse(id: UUID, role: AtTheSite, seen: Seen, response: Response) -> dict[str, Any]:
        return await doing(id, seen, response, lambda uow: commands.excuse(uow, id, role))

    @api.post("/{id}/fulfil", responses=OLD)
    async def fulfil(id: UUID, role: AtTheSite, seen: Seen, response: Response) -> dict[str, Any]:
        return await doing(id, seen, response, lambda uow: commands.fulfil(uow, id, role))

    @api.post("/{id}/not-heard", responses=OLD)
    async def not_heard(id: UUID, role: AtTheSite, seen: Seen, response: Response) -> dict[str, Any]:
        """It was recorded by mistake that the interview began."""
        return await doing(id, seen, response, lambda uow: commands.not_heard(uow, id, role))

    @api.get("/{id}/people")
    async def people(id: UUID, role: AtTheDoor, response: Response) -> Household:
        """Those who must come, by name: for an officer, on the day, while they can be checked in. Each look is recorded."""
        case_ref = await service.run(lambda uow: note_look(uow, id, shown_to=role))
        response.headers["Cache-Control"] = "no-store"
        return await names.of(case_ref, shown_to=role)

    return api
