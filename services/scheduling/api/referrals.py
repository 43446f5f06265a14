"""Referrals of waiting cases to another country's programme, for schedulers."""

from collections.abc import Awaitable, Callable
from enum import StrEnum
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, Field

from services.scheduling.api.named import Seen
from services.scheduling.commands import referrals
from services.scheduling.commands.locked import check_seen
from services.scheduling.commands.referrals import Consent
from services.scheduling.views.cases import case_view
from shared.db import UnitOfWork
from shared.service import Service
from shared.settings import Role
from shared.web.case_refs import known_ref
from shared.web.openapi import refusals
from shared.web.roles import CheckedFirst, requires
from shared.web.versions import etag

Scheduler = Annotated[Role, Depends(requires("scheduler"))]


class Recorded(StrEnum):
    """How the household said that it agrees."""

    IN_PERSON = "in-person"
    PHONE = "phone"
    LETTER = "letter"
    ONLINE = "online"
    RESOURCE_CENTRE = "resource-centre"


class GivenConsent(BaseModel):
    given_by_household: bool
    recorded: Recorded


class Proposal(BaseModel):
    """Which programme of another country is to take the household, and its consent."""

    programme: Annotated[str, Field(pattern=r"^[A-Z0-9-]{1,40}$")]
    consent: GivenConsent


def router(service: Service) -> APIRouter:
    """The routes of referrals under /v1/cases. Each answers with the case as it is then."""
    api = APIRouter(prefix="/v1/cases", tags=["referrals"], responses=refusals(409, 412), route_class=CheckedFirst)

    async def doing(
        case_ref: str, seen: int | None, response: Response, command: Callable[[UnitOfWork, str], Awaitable[None]]
    ) -> dict[str, Any]:
        async def work(uow: UnitOfWork) -> dict[str, Any]:
            await check_seen(uow, known_ref(case_ref), seen)
            await command(uow, known_ref(case_ref))
            return await case_view(uow, known_ref(case_ref))

        case = await service.run(work)
        response.headers["ETag"] = etag(case["version"])
        return case

    @api.post("/{case_ref}/referral")
    async def propose(
        case_ref: str, proposal: Proposal, role: Scheduler, seen: Seen, response: Response
    ) -> dict[str, Any]:
        consent = Consent(proposal.consent.given_by_household, proposal.consent.recorded)
        command = partial(referrals.propose, programme=proposal.programme, consent=consent, acted_by=role)
        return await doing(case_ref, seen, response, command)

    @api.post("/{case_ref}/referral/accept")
    async def accept(case_ref: str, role: Scheduler, seen: Seen, response: Response) -> dict[str, Any]:
        return await doing(case_ref, seen, response, partial(referrals.accept, acted_by=role))

    @api.post("/{case_ref}/referral/decline")
    async def decline(case_ref: str, role: Scheduler, seen: Seen, response: Response) -> dict[str, Any]:
        return await doing(case_ref, seen, response, partial(referrals.decline, acted_by=role))

    @api.post("/{case_ref}/referral/withdraw")
    async def withdraw(case_ref: str, role: Scheduler, seen: Seen, response: Response) -> dict[str, Any]:
        return await doing(case_ref, seen, response, partial(referrals.withdraw, acted_by=role))

    return api
