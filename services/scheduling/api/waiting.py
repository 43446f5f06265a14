"""Households for whom there is no place, for who must find one: by the clock, and who sees to it."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict

from services.scheduling.api.named import Seen
from services.scheduling.commands import unmet as commands
from services.scheduling.commands.locked import check_seen
from services.scheduling.repository import unmet
from services.scheduling.views.cases import clock_view
from shared.db import UnitOfWork
from shared.events import System
from shared.service import Service
from shared.settings import Role
from shared.web.case_refs import known_ref
from shared.web.dates import Day
from shared.web.openapi import refusals
from shared.web.roles import CheckedFirst, requires

Keepers = Annotated[Role, Depends(requires("scheduler", "ops"))]
Code = Annotated[str | None, Query(pattern=r"^[A-Za-z0-9-]{1,40}$")]
MOST = 500


class Acknowledgement(BaseModel):
    """What is done about it."""

    model_config = ConfigDict(extra="forbid")

    plan: commands.Plan


def router(service: Service) -> APIRouter:
    """`GET /v1/waiting` and `POST /v1/cases/{ref}/acknowledge`."""
    api = APIRouter(prefix="/v1", tags=["waiting"], route_class=CheckedFirst)

    @api.get("/waiting")
    async def waiting(
        role: Keepers, system: System | None = None, programme: Code = None, due_before: Day | None = None
    ) -> dict[str, Any]:
        """Cases without a place, those first whose time ends first: at most 500; `count` says how many there are."""

        async def read(uow: UnitOfWork) -> dict[str, Any]:
            rows = await unmet.by_clock(uow, system, programme, due_before, MOST)
            return {"count": rows[0].matching if rows else 0, "cases": [clock_view(row) for row in rows]}

        return await service.run(read)

    @api.post("/cases/{case_ref}/acknowledge", responses=refusals(409, 412))
    async def acknowledge(case_ref: str, body: Acknowledgement, role: Keepers, seen: Seen) -> dict[str, Any]:
        """Someone of the authority sees to it from now on."""

        async def work(uow: UnitOfWork) -> dict[str, Any]:
            await check_seen(uow, known_ref(case_ref), seen)
            await commands.acknowledge(uow, known_ref(case_ref), body.plan, role)
            return clock_view(await unmet.clock_of(uow, known_ref(case_ref)))

        return await service.run(work)

    return api
