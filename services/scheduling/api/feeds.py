"""The calendar feed of a resource, for who has its token, and the token, for schedulers."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from fastapi.responses import Response

from services.scheduling.views import feeds
from shared.service import Service
from shared.settings import Role
from shared.web.roles import requires

Keepers = Annotated[Role, Depends(requires("scheduler", "ops"))]


class Calendar(Response):
    """RFC 5545."""

    media_type = "text/calendar"


def router(service: Service) -> APIRouter:
    """The routes of feeds under /v1/sites."""
    api = APIRouter(prefix="/v1/sites", tags=["calendars"])

    @api.post("/{site}/resources/{id}/calendar-token")
    async def make_token(site: str, id: UUID, role: Keepers) -> dict[str, Any]:
        return await service.run(lambda uow: feeds.make_token(uow, site, id, made_by=role))

    @api.get("/{site}/resources/{id}/calendar.ics", response_class=Calendar)
    async def calendar(site: str, id: UUID, token: Annotated[str, Query(max_length=100)]) -> Response:
        ics = await service.run(lambda uow: feeds.feed(uow, site, id, token))
        return Calendar(ics, headers={"Cache-Control": "private, max-age=300"})

    return api
