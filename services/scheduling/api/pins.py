"""PINs for households that no code can reach: shown once to who makes them, as text or on a sheet to print."""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel

from services.scheduling.access.pins import MadePin, Pins
from services.scheduling.web.pin_letter import pin_pdf, present_pin
from shared.languages import Catalogue, choose_catalogue
from shared.service import Service
from shared.settings import Role
from shared.web.case_refs import known_ref
from shared.web.roles import CheckedFirst, requires

Makers = Annotated[Role, Depends(requires("assistant", "officer", "ops"))]
AS_FILE = 'attachment; filename="letter.pdf"'


class NewPin(BaseModel):
    """The case's PIN from now on, which nobody can read again; the one before opens nothing any more."""

    case_ref: str
    pin: str
    holds_until: datetime


class Sheet(Response):
    """A page to print."""

    media_type = "application/pdf"


def router(service: Service, pins: Pins, catalogues: Mapping[str, Catalogue]) -> APIRouter:
    """The routes of PINs under /v1/cases. They take no Idempotency-Key: an answer that is kept would keep the PIN."""
    api = APIRouter(prefix="/v1/cases", tags=["pins"], route_class=CheckedFirst)

    async def made(case_ref: str, role: Role) -> MadePin:
        known = known_ref(case_ref)
        return await service.run(lambda uow: pins.make(uow, known, made_by=role))

    @api.post("/{case_ref}/pin")
    async def make(case_ref: str, role: Makers, response: Response) -> NewPin:
        """A new PIN, to be written down or printed at once. Log-ins by the PIN before it end."""
        pin = await made(case_ref, role)
        response.headers["Cache-Control"] = "no-store"
        return NewPin(case_ref=pin.case_ref, pin=pin.in_groups, holds_until=pin.holds_until)

    @api.post("/{case_ref}/pin/letter", response_class=Sheet)
    async def letter(case_ref: str, role: Makers, request: Request) -> Response:
        """A new PIN on a sheet in the household's language, with what to do with it."""
        pin = await made(case_ref, role)
        catalogue = choose_catalogue(pin.locale, catalogues)
        sheet = await asyncio.to_thread(pin_pdf, present_pin(pin, catalogue, request.url.netloc), service.clock.now())
        return Sheet(sheet, headers={"Content-Disposition": AS_FILE, "Cache-Control": "no-store"})

    return api
