"""Cases: read one, answer its offer, choose, move, cancel, ask why."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field

from services.scheduling import commands, views
from services.scheduling.choices import Span, places_of
from services.scheduling.commands.choosing import Choosing, choose_together
from shared import tracing
from shared.db import DatabaseUnavailable, UnitOfWork
from shared.gathered import Gathered
from shared.reference import canonical_case_ref
from shared.service import Service
from shared.settings import Role
from shared.web.dates import Instant
from shared.web.openapi import refusals
from shared.web.problems import Problem
from shared.web.roles import CheckedFirst, requires

Staff = Annotated[Role, Depends(requires("ops", "scheduler", "officer", "assistant"))]
Command = Callable[[UnitOfWork, str], Awaitable[None]]
LOOK_AHEAD = timedelta(days=14)
"""How far places are shown when nobody asks for other days."""


class Answer(BaseModel):
    """Which appointment is answered: a late click must not hit an offer that its sender never saw."""

    appointment_id: UUID | None = None


class Choice(BaseModel):
    """The place that begins with this slot, as `slots` shows it."""

    slot_id: Annotated[int, Field(ge=1, le=2**53 - 1)]


class Cancellation(BaseModel):
    """Why an appointment ends."""

    reason: Literal[
        "applicant-request",
        "applicant-unable",
        "household-changed",
        "interpreter-unavailable",
        "officer-unavailable",
        "site-closed",
        "site-capacity",
        "safety",
        "error",
    ]


def router(service: Service) -> APIRouter:
    """The routes under /v1/cases."""
    api = APIRouter(prefix="/v1/cases", tags=["cases"], responses=refusals(409), route_class=CheckedFirst)

    async def reading(case_ref: str, read: Callable[[UnitOfWork, str], Awaitable[Any]]) -> Any:
        return await service.database.run(service.clock.now(), lambda uow: read(uow, canonical(case_ref)))

    async def doing(case_ref: str, command: Command) -> dict[str, Any]:
        """Does it and gives the case as it is then, in one unit of work."""

        async def work(uow: UnitOfWork) -> dict[str, Any]:
            await command(uow, canonical(case_ref))
            return await views.case_view(uow, canonical(case_ref))

        return await service.database.run(service.clock.now(), work)

    async def choose_all(asked: Sequence[Choosing]) -> list[dict[str, Any] | Exception]:
        """In one transaction; what it leaves is done after it, one by one."""
        answers = await service.database.run(service.clock.now(), lambda uow: choose_together(uow, asked))
        return [answer or await choose_alone(each) for each, answer in zip(asked, answers, strict=True)]

    async def choose_alone(each: Choosing) -> dict[str, Any] | Exception:
        try:
            return await doing(each.case_ref, lambda uow, ref: commands.choose(uow, ref, each.slot_id, each.acted_by))
        except (Problem, DatabaseUnavailable) as refusal:
            return refusal

    choosing = Gathered(choose_all)

    @api.get("/{case_ref}")
    async def read_case(case_ref: str, role: Staff) -> dict[str, Any]:
        return dict(await reading(case_ref, views.case_view))

    @api.get("/{case_ref}/why")
    async def why(case_ref: str, role: Staff) -> dict[str, Any]:
        return dict(await reading(case_ref, views.why))

    @api.get("/{case_ref}/slots")
    async def slots(
        case_ref: str,
        role: Staff,
        site: str | None = None,
        begins: Annotated[Instant | None, Query(alias="from")] = None,
        ends: Annotated[Instant | None, Query(alias="to")] = None,
    ) -> list[dict[str, Any]]:
        span = _span(service.clock.now(), begins, ends, site)

        async def read(uow: UnitOfWork, ref: str) -> list[dict[str, Any]]:
            return await views.place_view(uow, await places_of(uow, await views.known(uow, ref), span))

        return list(await reading(case_ref, read))

    @api.post("/{case_ref}/appointment")
    async def choose(case_ref: str, choice: Choice, role: Staff) -> dict[str, Any]:
        return await choosing(Choosing(canonical(case_ref), choice.slot_id, role, tracing.current()))

    @api.post("/{case_ref}/appointment/accept")
    async def accept(case_ref: str, role: Staff, answer: Answer | None = None) -> dict[str, Any]:
        seen = answer.appointment_id if answer else None
        return await doing(case_ref, lambda uow, ref: commands.accept(uow, ref, role, seen))

    @api.post("/{case_ref}/appointment/decline")
    async def decline(case_ref: str, role: Staff, answer: Answer | None = None) -> dict[str, Any]:
        seen = answer.appointment_id if answer else None
        return await doing(case_ref, lambda uow, ref: commands.decline(uow, ref, role, seen))

    @api.post("/{case_ref}/appointment/move")
    async def move(case_ref: str, choice: Choice, role: Staff) -> dict[str, Any]:
        return await doing(case_ref, lambda uow, ref: commands.move(uow, ref, choice.slot_id, role))

    @api.post("/{case_ref}/appointment/cancel")
    async def cancel(case_ref: str, why_: Cancellation, role: Staff) -> dict[str, Any]:
        return await doing(case_ref, lambda uow, ref: commands.cancel(uow, ref, why_.reason, role))

    @api.post("/{case_ref}/appointment/offer-again")
    async def offer_again(case_ref: str, role: Staff) -> dict[str, Any]:
        return await doing(case_ref, commands.offer_again)

    return api


def canonical(case_ref: str) -> str:
    """Raises: Problem 404: a reference that cannot exist is as unknown as one that does not."""
    known = canonical_case_ref(case_ref)
    if known is None:
        raise Problem(404, "case_unknown", "no case has this reference: check it, letter by letter")
    return known


def _span(now: datetime, begins: datetime | None, ends: datetime | None, site: str | None) -> Span:
    begins_at = max(begins or now, now)
    return Span(begins_at, ends or begins_at + LOOK_AHEAD, site)
