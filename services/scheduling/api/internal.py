"""What other services of Puente ask: whom a change of a programme would concern."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends

from services.scheduling import views
from shared.service import Service
from shared.settings import Role
from shared.web.roles import requires


def router(service: Service) -> APIRouter:
    """The routes under /internal."""
    api = APIRouter(prefix="/internal", tags=["internal"])

    @api.get("/programmes/{programme}/effects")
    async def effects(programme: str, role: Annotated[Role, Depends(requires("service"))]) -> dict[str, Any]:
        return await service.database.run(service.clock.now(), lambda uow: views.effects_of_closing(uow, programme))

    return api
