"""Requests to the staff of a site to arrange what its place lacks for a household that has its date there."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends

from services.scheduling.api.calendar_bodies import Body
from services.scheduling.commands.own_needs import Answer, answer
from services.scheduling.repository import own_needs
from services.scheduling.views.calendars import known_site
from shared.db import UnitOfWork
from shared.service import Service
from shared.settings import Role
from shared.web.openapi import refusals
from shared.web.roles import CheckedFirst, requires

AtTheSite = Annotated[Role, Depends(requires("officer", "scheduler", "ops"))]
WhoArranges = Annotated[Role, Depends(requires("officer", "scheduler"))]
MOST = 500


class Answered(Body):
    """What the staff say: `arranged`, or `not-possible`."""

    answer: Answer


def router(service: Service) -> APIRouter:
    """`GET /v1/sites/{site}/requests` and `POST /v1/requests/{id}/answer`."""
    api = APIRouter(prefix="/v1", tags=["adjustments"], route_class=CheckedFirst)

    @api.get("/sites/{site}/requests")
    async def requests(site: str, role: AtTheSite) -> list[dict[str, Any]]:
        """Open requests, those first that are to be answered first: at most 500. Once one is answered its household is told
        so, and reads the answer on its page."""

        async def read(uow: UnitOfWork) -> list[dict[str, Any]]:
            await known_site(uow, site)
            return [request_view(row, uow) for row in await own_needs.open_at(uow, site, MOST)]

        return await service.run(read)

    @api.post("/requests/{id}/answer", responses=refusals(409))
    async def answered(id: UUID, body: Answered, role: WhoArranges) -> dict[str, Any]:
        """The staff can arrange it, or cannot. The household keeps its date either way, until it takes another one."""

        async def work(uow: UnitOfWork) -> dict[str, Any]:
            await answer(uow, id, body.answer, role)
            return request_view(await own_needs.request_of(uow, id), uow)

        return await service.run(work)

    return api


def request_view(row: Any, uow: UnitOfWork) -> dict[str, Any]:
    """A request as staff read it. No names. The owner are the schedulers of the site's country until it is answered."""
    return {
        "id": str(row.id),
        "case_ref": row.case_ref,
        "appointment_id": str(row.appointment_id),
        "site": row.site,
        "wall_time": row.wall_time.strftime("%Y-%m-%dT%H:%M"),
        "zone": row.zone,
        "programme": row.programme,
        "needs": list(row.needs),
        "asked_at": row.asked_at.isoformat(),
        "asked_by": row.asked_by,
        "due_at": row.due_at.isoformat(),
        "is_overdue": row.is_open and row.due_at < uow.now,
        "is_open": row.is_open,
        "owner": {"system": row.system, "role": "scheduler"},
        "answer": row.answer,
        "answered_at": row.answered_at.isoformat() if row.answered_at else None,
        "answered_by": row.answered_by,
    }
