"""Households that stand by: they agreed to be called when a place at a site is freed at short notice."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from pydantic import Field

from services.scheduling.api.calendar_bodies import Body
from services.scheduling.api.named import Seen
from services.scheduling.commands import standby
from services.scheduling.commands.locked import check_seen
from services.scheduling.views.cases import standby_of, standby_view
from shared.db import UnitOfWork
from shared.service import Service
from shared.settings import STAFF, Role
from shared.web.case_refs import known_ref
from shared.web.dates import Day
from shared.web.openapi import refusals
from shared.web.roles import CheckedFirst, requires

Staff = Annotated[Role, Depends(requires(*STAFF))]
AtTheSite = Annotated[Role, Depends(requires("officer", "scheduler", "ops"))]
SITE = r"^[A-Z0-9-]{1,20}$"


class StandBy(Body):
    """For which site, and on which day of the site."""

    site: Annotated[str, Field(pattern=SITE)]
    day: Day


def router(service: Service) -> APIRouter:
    """`/v1/cases/{ref}/standby` and `GET /v1/sites/{site}/standby`."""
    api = APIRouter(prefix="/v1", tags=["standby"], route_class=CheckedFirst)

    async def doing(
        case_ref: str, seen: int | None, command: Callable[[UnitOfWork, str], Awaitable[None]]
    ) -> dict[str, Any]:
        async def work(uow: UnitOfWork) -> dict[str, Any]:
            await check_seen(uow, known_ref(case_ref), seen)
            await command(uow, known_ref(case_ref))
            return await standby_of(uow, known_ref(case_ref))

        return await service.run(work)

    @api.post("/cases/{case_ref}/standby", responses=refusals(409, 412))
    async def stand_by(case_ref: str, body: StandBy, role: Staff, seen: Seen) -> dict[str, Any]:
        """The household agreed: a place that is freed there at short notice is offered to it, or staff call it."""
        command = partial(standby.stand_by, site=body.site, day=body.day, acted_by=role)
        return await doing(case_ref, seen, command)

    @api.delete("/cases/{case_ref}/standby", responses=refusals(412))
    async def stand_down(
        case_ref: str, site: Annotated[str, Query(pattern=SITE)], day: Day, role: Staff, seen: Seen
    ) -> dict[str, Any]:
        """It does not agree any more."""
        return await doing(case_ref, seen, lambda uow, ref: standby.stand_down(uow, ref, site, day))

    @api.get("/sites/{site}/standby")
    async def standing_by(site: str, date: Day, role: AtTheSite) -> list[dict[str, Any]]:
        """Who stands by that day, those first who are served first; who has a later `appointment` is called by staff."""
        return await service.run(lambda uow: standby_view(uow, site, date))

    return api
