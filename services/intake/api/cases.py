"""Cases for operations."""

from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel

from services.intake.own_contacts import OwnContacts
from services.intake.repository.cases import find_case
from services.intake.sessions import Sessions
from services.intake.tables import CaseRow
from shared.service import Service
from shared.settings import Role
from shared.web.case_refs import case_unknown, known_ref
from shared.web.openapi import refusals
from shared.web.problems import Problem
from shared.web.roles import requires


class CaseView(BaseModel):
    """A case as operations see it; `party` counts those who attend, `registered_at` is in UTC.

    `referred_from` and `referred_to` are the household's other cases, and are left out when there are none.
    """

    case_ref: str
    system: str
    programme: str
    state: str
    revision: int
    party: int
    urgency: str
    registered_at: str
    valid_until: str
    warnings: list[str]
    referred_from: str | None = None
    referred_to: str | None = None

    @classmethod
    def of(cls, case: CaseRow) -> "CaseView":
        said = case.snapshot
        return cls(
            case_ref=case.case_ref,
            system=case.system,
            programme=case.programme,
            state=case.state,
            revision=case.revision,
            party=said["party"]["attendees"],
            urgency=said["urgency"],
            registered_at=f"{said['registered_at'][:19]}Z",
            valid_until=said["valid_until"],
            warnings=case.warnings,
            referred_from=case.referred_from,
            referred_to=case.referred_to,
        )


def router(service: Service, own: OwnContacts, sessions: Sessions) -> APIRouter:
    """Cases for operations."""
    api = APIRouter(tags=["cases"])

    @api.get("/v1/cases/{case_ref}", dependencies=[Depends(requires("ops"))], response_model_exclude_none=True)
    async def read_case(case_ref: str) -> CaseView:
        known = known_ref(case_ref)
        case = await service.run(lambda uow: find_case(uow, known))
        if case is None:
            raise case_unknown()
        return CaseView.of(case)

    @api.post("/v1/cases/{case_ref}/own-contact/reset", responses=refusals(409, 503))
    async def reset(case_ref: str, role: Annotated[Role, Depends(requires("ops"))]) -> dict[str, bool]:
        """Forgets how the household said that it is reached, when it has lost its address or was robbed of it, and ends the
        case's sessions on the portal, each time that it is asked: after a 503 ask again."""
        known = known_ref(case_ref)
        if not await service.run(lambda uow: find_case(uow, known)):
            raise case_unknown()
        was_there = await service.run(lambda uow: own.reset(uow, known, acted_by=role))
        await sessions.end(known)
        if not was_there:
            raise Problem(409, "nothing_own", "the household said nothing itself: its country's contact counts already")
        return {"reset": True}

    return api
