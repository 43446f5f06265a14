"""Households that come no further without people, for who sees to them."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends

from services.scheduling.domain.stalled import Stalled
from services.scheduling.repository import stalled as repository
from shared.db import UnitOfWork
from shared.events import System
from shared.service import Service
from shared.settings import Role
from shared.web.roles import CheckedFirst, requires

Keepers = Annotated[Role, Depends(requires("scheduler", "ops"))]
MOST = 500


def router(service: Service) -> APIRouter:
    """`GET /v1/stalled`."""
    api = APIRouter(prefix="/v1", tags=["waiting"], route_class=CheckedFirst)

    @api.get("/stalled")
    async def stalled(role: Keepers, system: System | None = None, why: Stalled | None = None) -> dict[str, Any]:
        """Cases that come no further without people, those first whose time ends first: at most 500; `count` says how many."""

        async def read(uow: UnitOfWork) -> dict[str, Any]:
            rows = await repository.stalled(uow, system, why, MOST)
            return {"count": rows[0].matching if rows else 0, "cases": [_view(row) for row in rows]}

        return await service.run(read)

    return api


def _view(row: Any) -> dict[str, Any]:
    """`appointment`: the one that ran out, was missed, or of which nothing was recorded; None when there was none."""
    return {
        "case_ref": row.case_ref,
        "system": row.system,
        "programme": row.programme,
        "why": row.why,
        "urgency": row.urgency,
        "registered_at": row.registered_at.isoformat(),
        "valid_until": row.valid_until.isoformat(),
        "reachable": row.reachable,
        "appointment": _appointment(row) if row.id else None,
    }


def _appointment(row: Any) -> dict[str, Any]:
    return {
        "id": str(row.id),
        "site": row.site,
        "status": row.status,
        "wall_time": row.wall_time.strftime("%Y-%m-%dT%H:%M"),
        "zone": row.zone,
    }
