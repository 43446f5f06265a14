"""How a household is reached, asked of intake for its own pages. Addresses come masked; what is typed passes through."""

from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field, SecretStr

from shared.web.neighbour import Answer, Neighbour, NeighbourAway


class IntakeAway(RuntimeError):
    """Intake, which alone knows how households are reached, does not answer: nothing was changed that it does not say."""


class OwnContact(BaseModel):
    """How a household is reached. `proposal` is a new address whose code can still be typed."""

    email: str | None = Field(default=None, repr=False)
    locale: str
    safe_hours: str | None = Field(default=None, repr=False)
    proposal: UUID | None = None
    proposed_email: str | None = Field(default=None, repr=False)


class _Said(BaseModel):
    known: bool


class _Outcome(BaseModel):
    outcome: str


class Contacts:
    """Intake over HTTP, in the trace of the page. Everything raises IntakeAway."""

    def __init__(self, intake_url: str, token: SecretStr) -> None:
        self._intake = Neighbour("intake", intake_url, token)

    async def of(self, case_ref: str) -> OwnContact:
        """How the household is reached now."""
        return await self._ask("", case_ref, OwnContact)

    async def say(self, case_ref: str, acted_by: str, **said: str) -> None:
        """Sets `locale` or `safe_hours`; an empty text says any hour."""
        if not (await self._ask("/say", case_ref, _Said, acted_by=acted_by, **said)).known:
            raise IntakeAway("intake does not know the case yet: ask again in a few seconds")

    async def propose(self, case_ref: str, email: str) -> str:
        """`proposed` when a code is on its way there, or why not."""
        return (await self._ask("/propose", case_ref, _Outcome, email=email)).outcome

    async def confirm(self, case_ref: str, acted_by: str, *, proposal: UUID, code: str) -> str:
        """`changed`, `wrong` or `over`."""
        typed = {"proposal": str(proposal), "code": code, "acted_by": acted_by}
        return (await self._ask("/confirm", case_ref, _Outcome, **typed)).outcome

    async def _ask(self, path: str, case_ref: str, kind: type[Answer], **more: Any) -> Answer:
        whole = f"/internal/own-contact{path}"
        try:
            return await self._intake.ask_about(case_ref, whole, kind, name="ask for own contact", **more)
        except NeighbourAway:
            raise IntakeAway("intake does not answer: ask again in a few seconds") from None
