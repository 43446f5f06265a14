"""What operations ask notifications about one case."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict

from services.notifications.repository.views import notices_of_case
from shared.events import NoticeKind
from shared.reference import canonical_case_ref
from shared.service import Service
from shared.web.openapi import refusals
from shared.web.problems import Problem
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
        known = canonical_case_ref(case_ref)
        if known is None:
            raise Problem(404, "case_unknown", "no case has this reference: check it, letter by letter")
        async with service.database.begin(service.clock.now()) as uow:
            return [NoticeView.model_validate(each) for each in await notices_of_case(uow, known)]

    return api
