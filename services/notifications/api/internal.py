"""What other services of Puente ask of notifications: to send a code for which a person is waiting."""

from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from services.notifications.channels.email import TryAgainLater
from services.notifications.sending.codes import Address, CodeSender
from services.notifications.sending.contacts import IntakeAway
from shared import tracing
from shared.reference import canonical_case_ref
from shared.settings import Role
from shared.web.openapi import refusals
from shared.web.problems import Problem
from shared.web.roles import CheckedFirst, requires

QUESTION_BYTES = 4 * 1024

OurService = Annotated[Role, Depends(requires("service"))]


class CodeQuestion(BaseModel):
    """Whose code it is, and the trace of who waits for it. The code does not show when this is printed."""

    model_config = ConfigDict(extra="forbid")

    case_ref: Annotated[str, Field(max_length=40)]
    code: Annotated[SecretStr, Field(min_length=6, max_length=6)]
    traceparent: str | None = None


class AddressQuestion(BaseModel):
    """An address that is no contact yet, or not any more, and the language in which it is written to. It does not show
    when this is printed."""

    model_config = ConfigDict(extra="forbid")

    case_ref: Annotated[str, Field(max_length=40)]
    email: Annotated[SecretStr, Field(max_length=320)]
    locale: Annotated[str, Field(max_length=40)]
    traceparent: str | None = None


class AddressCodeQuestion(AddressQuestion):
    """The code by which the household confirms the address."""

    code: Annotated[SecretStr, Field(min_length=6, max_length=6)]


class CodeAnswer(BaseModel):
    """Whether it is on its way. If not, no address of the household takes it, and asking again changes nothing."""

    sent: bool


def router(sender: CodeSender) -> APIRouter:
    """The routes under /internal."""
    api = APIRouter(prefix="/internal", tags=["internal"], responses=refusals(413), route_class=CheckedFirst)

    @api.post("/codes", max_body_size=QUESTION_BYTES)
    async def codes(question: CodeQuestion, role: OurService) -> CodeAnswer:
        if question.case_ref != canonical_case_ref(question.case_ref):
            return CodeAnswer(sent=False)
        asked_in = tracing.from_traceparent(question.traceparent)
        try:
            return CodeAnswer(sent=await sender.send_code(question.case_ref, question.code, asked_in=asked_in))
        except (IntakeAway, TryAgainLater):
            raise Problem(503, "cannot_send_now", "intake or the mail server is away: ask again soon") from None

    @api.post("/contact-codes", max_body_size=QUESTION_BYTES)
    async def contact_codes(question: AddressCodeQuestion, role: OurService) -> CodeAnswer:
        return await to_address(question, question.code)

    @api.post("/contact-warnings", max_body_size=QUESTION_BYTES)
    async def contact_warnings(question: AddressQuestion, role: OurService) -> CodeAnswer:
        return await to_address(question, None)

    async def to_address(question: AddressQuestion, code: SecretStr | None) -> CodeAnswer:
        address = Address(question.case_ref, question.email, question.locale)
        asked_in = tracing.from_traceparent(question.traceparent)
        try:
            return CodeAnswer(sent=await sender.send_to(address, code, asked_in=asked_in))
        except TryAgainLater:
            raise Problem(503, "cannot_send_now", "the mail server is away: ask again soon") from None

    return api
