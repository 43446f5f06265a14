"""What the portal asks intake for a household that is logged in: to show how it is reached, and to change that."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from services.intake.api.internal import CaseQuestion, OurService
from services.intake.mails import Mails
from services.intake.own_contacts import By, Mail, OwnContacts
from services.intake.repository.own_contacts import take_back
from shared import tracing
from shared.events.eligibility import SafeHours
from shared.service import Service
from shared.web.case_refs import case_unknown, known_ref
from shared.web.neighbour import NeighbourAway
from shared.web.openapi import refusals
from shared.web.roles import CheckedFirst


class OwnContactView(BaseModel):
    """How a household is reached, addresses masked. `proposal` is a new address whose code can still be typed."""

    model_config = ConfigDict(from_attributes=True)

    email: str | None
    locale: str
    safe_hours: str | None
    proposal: UUID | None
    proposed_email: str | None


class Change(CaseQuestion):
    """Something that a household changes, itself or through an assistant whom it allowed to."""

    acted_by: Literal["household", "assistant"] = "household"


class Saying(Change):
    """What the household says: the language it is written to in, and when; an empty text says at any hour."""

    locale: Annotated[str | None, Field(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$")] = None
    safe_hours: SafeHours | Literal[""] | None = None


class Proposing(CaseQuestion):
    """A new e-mail address, as it was typed."""

    email: Annotated[SecretStr, Field(max_length=320)]


class Confirming(Change):
    """The code that came to a proposed address."""

    proposal: UUID
    code: Annotated[SecretStr, Field(max_length=20)]


class Said(BaseModel):
    """False for a case that nobody knows."""

    known: bool


class Proposed(BaseModel):
    """`proposed`: its code is on its way. `cannot_send`: not now. Otherwise nothing was sent."""

    outcome: Literal["proposed", "invalid", "too_often", "unknown", "refused", "cannot_send"]


class Confirmed(BaseModel):
    """`changed`: it is the household's address. `wrong`: type it again. `over`: ask for another code."""

    outcome: Literal["changed", "wrong", "over"]


def router(service: Service, own: OwnContacts, mails: Mails) -> APIRouter:
    """The routes under /internal/own-contact."""
    api = APIRouter(
        prefix="/internal/own-contact", tags=["internal"], responses=refusals(404, 413), route_class=CheckedFirst
    )

    @api.post("")
    async def show(question: CaseQuestion, role: OurService, response: Response) -> OwnContactView:
        response.headers["Cache-Control"] = "no-store"
        ref, trace = _ref(question), _trace(question)
        shown = await service.run(lambda uow: own.show(uow, ref, trace))
        if shown is None:
            raise case_unknown()
        return OwnContactView.model_validate(shown)

    @api.post("/say")
    async def say(saying: Saying, role: OurService) -> Said:
        ref, by = _ref(saying), By(saying.acted_by, _trace(saying))
        said = saying.model_dump(include={"locale", "safe_hours"}, exclude_none=True)
        known = await service.run(lambda uow: own.say(uow, ref, said, by))
        return Said(known=known)

    @api.post("/propose")
    async def propose(proposing: Proposing, role: OurService) -> Proposed:
        ref, trace, typed = _ref(proposing), _trace(proposing), proposing.email.get_secret_value()
        made = await service.run(lambda uow: own.propose(uow, ref, typed, trace))
        return Proposed(outcome=await _sent(ref, made) if isinstance(made, Mail) else made)

    @api.post("/confirm")
    async def confirm(confirming: Confirming, role: OurService) -> Confirmed:
        ref, code = _ref(confirming), confirming.code.get_secret_value()
        by = By(confirming.acted_by, _trace(confirming))
        outcome = await service.run(lambda uow: own.confirm(uow, ref, confirming.proposal, code, by))
        return Confirmed(outcome=outcome)

    async def _sent(ref: str, mail: Mail) -> Literal["proposed", "refused", "cannot_send"]:
        """Sends what was committed; one that cannot be sent is taken back."""
        try:
            if await mails.send_code(ref, mail):
                return "proposed"
            outcome: Literal["refused", "cannot_send"] = "refused"
        except NeighbourAway:
            outcome = "cannot_send"
        await service.run(lambda uow: take_back(uow, mail.proposal))
        return outcome

    return api


def _ref(question: CaseQuestion) -> str:
    if known_ref(question.case_ref) != question.case_ref:
        raise case_unknown()
    return question.case_ref


def _trace(question: CaseQuestion) -> str | None:
    return question.traceparent if tracing.from_traceparent(question.traceparent) else None
