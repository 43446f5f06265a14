"""Referrals of waiting cases to another country's programme, for schedulers."""

from collections.abc import Awaitable, Callable
from enum import StrEnum
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field

from services.scheduling.commands import referrals
from services.scheduling.commands.referrals import Consent
from services.scheduling.views.cases import case_view
from shared.db import UnitOfWork
from shared.service import Service
from shared.settings import Role
from shared.web.case_refs import known_ref
from shared.web.openapi import refusals
from shared.web.roles import CheckedFirst, requires

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
    api = APIRouter(prefix="/v1/cases", tags=["referrals"], responses=refusals(409), route_class=CheckedFirst)

    async def doing(case_ref: str, command: Callable[[UnitOfWork, str], Awaitable[None]]) -> dict[str, Any]:
        async def work(uow: UnitOfWork) -> dict[str, Any]:
            await command(uow, known_ref(case_ref))
            return await case_view(uow, known_ref(case_ref))

        return await service.run(work)

    @api.post("/{case_ref}/referral")
    async def propose(case_ref: str, proposal: Proposal, role: Scheduler) -> dict[str, Any]:
        consent = Consent(proposal.consent.given_by_household, proposal.consent.recorded)
        return await doing(
            case_ref, lambda uow, ref: referrals.propose(uow, ref, proposal.programme, consent, acted_by=role)
        )

    @api.post("/{case_ref}/referral/accept")
    async def accept(case_ref: str, role: Scheduler) -> dict[str, Any]:
        return await doing(case_ref, lambda uow, ref: referrals.accept(uow, ref, acted_by=role))

    @api.post("/{case_ref}/referral/decline")
    async def decline(case_ref: str, role: Scheduler) -> dict[str, Any]:
        return await doing(case_ref, lambda uow, ref: referrals.decline(uow, ref, acted_by=role))

    @api.post("/{case_ref}/referral/withdraw")
    async def withdraw(case_ref: str, role: Scheduler) -> dict[str, Any]:
        return await doing(case_ref, lambda uow, ref: referrals.withdraw(uow, ref, acted_by=role))

    return api
