"""Cases: read one, answer its offer, choose, move, cancel, ask why."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response
from pydantic import BaseModel

from services.scheduling import commands
from services.scheduling.api.choosing import Choice
from services.scheduling.api.named import Naming, Serving
from services.scheduling.api.referrals import Recorded
from services.scheduling.commands.places import FOR_THEMSELVES, only_staff
from services.scheduling.commands.requests import Command, Named, Request, once
from services.scheduling.placing.choices import Span, places_of
from services.scheduling.views import cases as case_views
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
AT_SHORT_NOTICE = "Also what starts in less than three days: staff move a household there that agrees to come"


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


class Move(Choice):
    """Another place. `agreed`: how the household told staff that it comes, to a place at short notice."""

    agreed: Recorded | None = None


@dataclass(frozen=True, slots=True)
class Order:
    """Who asks for something to be done with which case, under which key."""

    service: Service
    case_ref: str
    role: Role
    named: Named
    response: Response

    async def carry_out(self, what: str, command: Command) -> dict[str, Any]:
        """Does it and gives the case as it is then, in one unit of work. `what` is kept with the key: it stays as it is
        written, or answers that are kept would stand for other requests."""
        asked = Request(known_ref(self.case_ref), self.role, what, self.named)
        answer = await once(self.service.database, self.service.clock.now(), asked, command)
        self.response.headers["ETag"] = etag(answer["version"])
        return answer


async def order(service: Serving, case_ref: str, role: Staff, named: Naming, response: Response) -> Order:
    return Order(service, case_ref, role, named, response)


Ordering = Annotated[Order, Depends(order)]


async def seen_offer(answer: Answer | None = None) -> UUID | None:
    """The appointment that is answered, if it is named."""
    return answer.appointment_id if answer else None


SeenOffer = Annotated[UUID | None, Depends(seen_offer)]

api = APIRouter(prefix="/v1/cases", tags=["cases"], responses=refusals(409), route_class=CheckedFirst)


@api.get("/{case_ref}")
async def read_case(case_ref: str, role: Staff, service: Serving, response: Response) -> dict[str, Any]:
    case: dict[str, Any] = await _read(service, case_ref, case_views.case_view)
    response.headers["ETag"] = etag(case["version"])
    return case


@api.get("/{case_ref}/why")
async def why(case_ref: str, role: Staff, service: Serving) -> dict[str, Any]:
    return dict(await _read(service, case_ref, case_views.why))


@api.get("/{case_ref}/slots")
async def slots(
    case_ref: str,
    role: Staff,
    service: Serving,
    site: str | None = None,
    begins: Annotated[Instant | None, Query(alias="from")] = None,
    ends: Annotated[Instant | None, Query(alias="to")] = None,
    at_short_notice: Annotated[bool, Query(description=AT_SHORT_NOTICE)] = False,
) -> list[dict[str, Any]]:
    if at_short_notice and role in FOR_THEMSELVES:
        raise only_staff()
    span = _span(service.clock.now(), begins, ends, site)

    async def read(uow: UnitOfWork, ref: str) -> list[dict[str, Any]]:
        case = await case_views.known(uow, ref)
        return await case_views.place_view(uow, await places_of(uow, case, span, at_short_notice=at_short_notice))

    return list(await _read(service, case_ref, read))


@api.post("/{case_ref}/appointment", responses=OLD)
async def choose(order: Ordering, choice: Choice) -> dict[str, Any]:
    slot_id = choice.slot_id
    return await order.carry_out(f"choose {slot_id}", partial(commands.choose, slot_id=slot_id, acted_by=order.role))


@api.post("/{case_ref}/appointment/accept", responses=OLD)
async def accept(order: Ordering, seen: SeenOffer) -> dict[str, Any]:
    return await order.carry_out(f"accept {seen}", partial(commands.accept, acted_by=order.role, seen=seen))


@api.post("/{case_ref}/appointment/extend", responses=OLD)
async def extend(order: Ordering, seen: SeenOffer) -> dict[str, Any]:
    return await order.carry_out(f"extend {seen}", partial(commands.extend, acted_by=order.role, seen=seen))


@api.post("/{case_ref}/appointment/decline", responses=OLD)
async def decline(order: Ordering, seen: SeenOffer) -> dict[str, Any]:
    return await order.carry_out(f"decline {seen}", partial(commands.decline, acted_by=order.role, seen=seen))


@api.post("/{case_ref}/appointment/move", responses=OLD)
async def move(order: Ordering, to: Move) -> dict[str, Any]:
    what = f"move {to.slot_id}" + (f" agreed {to.agreed}" if to.agreed else "")
    command = partial(commands.move, slot_id=to.slot_id, acted_by=order.role, agreed=to.agreed)
    return await order.carry_out(what, command)


@api.post("/{case_ref}/appointment/cancel", responses=OLD)
async def cancel(order: Ordering, why_: Cancellation) -> dict[str, Any]:
    reason = why_.reason
    return await order.carry_out(f"cancel {reason}", partial(commands.cancel, reason=reason, acted_by=order.role))


@api.post("/{case_ref}/appointment/offer-again", responses=OLD)
async def offer_again(order: Ordering) -> dict[str, Any]:
    by_household = order.role in FOR_THEMSELVES
    return await order.carry_out("offer-again", partial(commands.offer_again, by_household=by_household))


async def _read(service: Service, case_ref: str, read: Callable[[UnitOfWork, str], Awaitable[Any]]) -> Any:
    return await service.run(lambda uow: read(uow, known_ref(case_ref)))


def _span(now: datetime, begins: datetime | None, ends: datetime | None, site: str | None) -> Span:
    begins_at = max(begins or now, now)
    return Span(begins_at, ends or begins_at + LOOK_AHEAD, site)
