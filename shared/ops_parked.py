"""What operations decide about events that failed: try one again, or enough of it."""

from typing import TYPE_CHECKING, Annotated, Any

import structlog
from fastapi import APIRouter, Depends, Path
from pydantic import BaseModel, Field

from shared.kafka import parked
from shared.web import openapi
from shared.web.problems import Problem
from shared.web.roles import CheckedFirst, requires

if TYPE_CHECKING:
    from shared.service import Service

log = structlog.get_logger()

MOST_LISTED = 200

Id = Annotated[int, Path(ge=1, le=2**63 - 1)]


class Discarding(BaseModel):
    """Why an event is not needed; it stays in the row, so it names nobody."""

    reason: Annotated[str, Field(min_length=3, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]


def router(service: "Service") -> APIRouter:
    """The routes under `/ops/parked`, the same in every service."""
    api = APIRouter(
        prefix="/ops/parked", tags=["operations"], dependencies=[Depends(requires("ops"))], route_class=CheckedFirst
    )

    @api.get("")
    async def listed() -> list[dict[str, Any]]:
        """Parked and dead events, the oldest first. `key` is null for bytes that nobody can read."""
        return await service.run(lambda uow: parked.open_events(uow, MOST_LISTED), reads=True)

    @api.post("/{id}/try", responses=openapi.refusals(409))
    async def tried(id: Id) -> dict[str, str]:
        """It is tried within a second or two, a dead one once more."""
        if not await service.run(lambda uow: parked.try_now(uow, id)):
            raise Problem(
                409,
                "nothing_to_try",
                "it is not open any more, or nobody can read it: have its topic said again, then discard it",
            )
        log.warning("event.tried_by_hand", id=id)
        return {"state": "parked"}

    @api.post("/{id}/discard", responses=openapi.refusals(409))
    async def discarded(id: Id, body: Discarding) -> dict[str, str]:
        """It is never tried again and not counted any more; the row stays for 30 days with the reason."""
        if not await service.run(lambda uow: parked.discard(uow, id, body.reason)):
            raise Problem(409, "not_open", "no event of this id is parked or dead: see the list")
        log.warning("event.discarded", id=id)
        return {"state": "discarded"}

    return api
