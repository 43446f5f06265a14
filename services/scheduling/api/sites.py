"""Sites, for staff: the list of a day."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends

from services.scheduling.views.cases import day_view
from shared.service import Service
from shared.settings import Role
from shared.web.dates import Day
from shared.web.roles import requires

AtTheSite = Annotated[Role, Depends(requires("officer", "scheduler", "ops"))]


def router(service: Service) -> APIRouter:
    """The routes under /v1/sites."""
    api = APIRouter(prefix="/v1/sites", tags=["sites"])

    @api.get("/{site}/day")
    async def day(site: str, date: Day, role: AtTheSite) -> list[dict[str, Any]]:
        return await service.run(lambda uow: day_view(uow, site, date))

    return api
