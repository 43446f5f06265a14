"""What other services of Puente ask: whom a change of a programme would concern, and that who has a case open is logged out."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel

from services.scheduling.access import logins
from services.scheduling.views.cases import effects_of_closing
from shared.reference import canonical_case_ref
from shared.service import Service
from shared.settings import Role
from shared.web.openapi import refusals
from shared.web.roles import CheckedFirst, requires

QUESTION_BYTES = 4 * 1024


class CaseQuestion(BaseModel):
    """A case, and the trace of what is asked about it."""

    case_ref: str
    traceparent: str | None = None


class SessionsAnswer(BaseModel):
    """No session and no code of the case holds any more."""

    ended: bool


def router(service: Service) -> APIRouter:
    """The routes under /internal."""
    api = APIRouter(prefix="/internal", tags=["internal"], responses=refusals(413), route_class=CheckedFirst)

    @api.get("/programmes/{programme}/effects")
    async def effects(programme: str, role: Annotated[Role, Depends(requires("service"))]) -> dict[str, Any]:
        return await service.run(lambda uow: effects_of_closing(uow, programme))

    @api.post("/sessions/end", max_body_size=QUESTION_BYTES)
    async def end_sessions(
        question: CaseQuestion, role: Annotated[Role, Depends(requires("service"))]
    ) -> SessionsAnswer:
        known = canonical_case_ref(question.case_ref)
        if known is not None:
            await service.run(lambda uow: logins.close_all(uow, known))
        return SessionsAnswer(ended=True)

    return api
