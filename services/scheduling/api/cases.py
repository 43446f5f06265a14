"""Cases: read one, answer its offer, choose, move, cancel, ask why."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response
from pydantic import BaseModel

from services.scheduling import commands, views
from services.scheduling.api.choosing import Choice
from services.scheduling.api.named import Naming
from services.scheduling.choices import Span, places_of
from services.scheduling.commands.requests import Command, Request, once
from shared.db import UnitOfWork
from shared.service import Service
from shared.settings import STAFF, Role
from shared.web.case_refs import known_ref
from shared.web.dates import Instant
from shared.web.openapi import refusals
from shared.web.roles import CheckedFirst, requires
from shared.web.versions import etag

Staff = Annotated[Role, Depends(requires(*STAFF))]
LOOK_AHEAD = timedelta(days=14)
"""How far places are shown when nobody asks for other days."""
OLD = refusals(412)


class Answer(BaseModel):
    """Which appointment is answered: a late click must not hit an offer that its sender never saw."""

    appointment_id: UUID | None = None


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
        return await service.database.run(service.clock.now(), lambda uow: read(uow, known_ref(case_ref)))

    async def doing(request: Request, response: Response, command: Command) -> dict[str, Any]:
        """Does it and gives the case as it is then, in one unit of work."""
        answer = await once(service.database, service.clock.now(), request, command)
        response.headers["ETag"] = etag(answer["version"])
        return answer

    @api.get("/{case_ref}")
    async def read_case(case_ref: str, role: Staff, response: Response) -> dict[str, Any]:
        case: dict[str, Any] = await reading(case_ref, views.case_view)
        response.headers["ETag"] = etag(case["version"])
        return case

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

    @api.post("/{case_ref}/appointment", responses=OLD)
    async def choose(case_ref: str, choice: Choice, role: Staff, named: Naming, response: Response) -> dict[str, Any]:
        request = Request(known_ref(case_ref), role, f"choose {choice.slot_id}", named)
        return await doing(request, response, lambda uow, ref: commands.choose(uow, ref, choice.slot_id, role))

    @api.post("/{case_ref}/appointment/accept", responses=OLD)
    async def accept(
        case_ref: str, role: Staff, named: Naming, response: Response, answer: Answer | None = None
    ) -> dict[str, Any]:
        seen = answer.appointment_id if answer else None
        request = Request(known_ref(case_ref), role, f"accept {seen}", named)
        return await doing(request, response, lambda uow, ref: commands.accept(uow, ref, role, seen))

    @api.post("/{case_ref}/appointment/extend", responses=OLD)
    async def extend(
        case_ref: str, role: Staff, named: Naming, response: Response, answer: Answer | None = None
    ) -> dict[str, Any]:
        seen = answer.appointment_id if answer else None
        request = Request(known_ref(case_ref), role, f"extend {seen}", named)
        return await doing(request, response, lambda uow, ref: commands.extend(uow, ref, role, seen))

    @api.post("/{case_ref}/appointment/decline", responses=OLD)
    async def decline(
        case_ref: str, role: Staff, named: Naming, response: Response, answer: Answer | None = None
    ) -> dict[str, Any]:
        seen = answer.appointment_id if answer else None
        request = Request(known_ref(case_ref), role, f"decline {seen}", named)
        return await doing(request, response, lambda uow, ref: commands.decline(uow, ref, role, seen))

    @api.post("/{case_ref}/appointment/move", responses=OLD)
    async def move(case_ref: str, choice: Choice, role: Staff, named: Naming, response: Response) -> dict[str, Any]:
        request = Request(known_ref(case_ref), role, f"move {choice.slot_id}", named)
        return await doing(request, response, lambda uow, ref: commands.move(uow, ref, choice.slot_id, role))

    @api.post("/{case_ref}/appointment/cancel", responses=OLD)
    async def cancel(
        case_ref: str, why_: Cancellation, role: Staff, named: Naming, response: Response
    ) -> dict[str, Any]:
        request = Request(known_ref(case_ref), role, f"cancel {why_.reason}", named)
        return await doing(request, response, lambda uow, ref: commands.cancel(uow, ref, why_.reason, role))

    @api.post("/{case_ref}/appointment/offer-again", responses=OLD)
    async def offer_again(case_ref: str, role: Staff, named: Naming, response: Response) -> dict[str, Any]:
        request = Request(known_ref(case_ref), role, "offer-again", named)
        return await doing(request, response, commands.offer_again)

    return api


def _span(now: datetime, begins: datetime | None, ends: datetime | None, site: str | None) -> Span:
    begins_at = max(begins or now, now)
    return Span(begins_at, ends or begins_at + LOOK_AHEAD, site)
