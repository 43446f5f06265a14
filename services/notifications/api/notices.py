"""What operations ask notifications about one case."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict

from services.notifications.repository.views import notices_of_case
from shared.events import NoticeKind
from shared.service import Service
from shared.web.case_refs import known_ref
from shared.web.openapi import refusals
from shared.web.roles import requires


class NoticeView(BaseModel):
    """A notice and what became of it. `reason` says why it waits, was withdrawn or did not arrive."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    kind: NoticeKind
    appointment_id: UUID | None
    state: str
    reason: str | None
    attempts: int
    next_try_at: datetime
    channel: str | None
    language: str | None
    provider_reference: str | None
    created_at: datetime
    closed_at: datetime | None


def router(service: Service) -> APIRouter:
    api = APIRouter(prefix="/v1", tags=["notices"])

    @api.get("/notices", responses=refusals(404), dependencies=[Depends(requires("ops"))])
    async def notices(case_ref: Annotated[str, Query(max_length=40)]) -> list[NoticeView]:
        """Every notice of the case, oldest first; an empty list for a case that was never told anything."""
        known = known_ref(case_ref)
        async with service.database.begin(service.clock.now()) as uow:
            return [NoticeView.model_validate(each) for each in await notices_of_case(uow, known)]

    return api
