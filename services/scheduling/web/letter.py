"""The letter of a booked household: everything it must know, on one sheet, with a square by which anyone can check it."""

import asyncio

from fastapi.responses import Response

from services.scheduling.domain.letters import Bookings
from services.scheduling.letters.signatures import SigningKeys
from services.scheduling.repository import letters
from services.scheduling.web.case import HOME
from services.scheduling.web.interview import Standing, state_of
from services.scheduling.web.letter_page import LetterPage, present_letter
from services.scheduling.web.letter_pdf import Words, letter_pdf
from services.scheduling.web.presented import rows
from services.scheduling.web.routes import Routes
from services.scheduling.web.standing import standing_of
from services.scheduling.web.visits import Visit
from shared.db import UnitOfWork
from shared.service import Service

PATH = f"{HOME}/letter"
AS_FILE = 'attachment; filename="letter.pdf"'
"""A neutral name: phones are shared."""


def add(routes: Routes, service: Service, keys: SigningKeys) -> None:
    """The page of the letter, and the same as a sheet; without a booked appointment there is none, and the case is shown instead."""

    async def look(visit: Visit) -> LetterPage | None:
        async def read(uow: UnitOfWork) -> tuple[Standing, Bookings]:
            return await standing_of(uow, visit.case), await letters.bookings(uow, visit.case)

        standing, bookings = await service.run(read)
        if state_of(standing.case) != "booked":
            return None
        return present_letter(standing, bookings, visit.catalogue, keys)

    @routes.get(PATH, private=True)
    async def letter(visit: Visit) -> Response:
        page = await look(visit)
        if page is None:
            return visit.go(HOME)
        return visit.page("letter.html", page=page, rows=rows(page.facts), address=_address(visit))

    @routes.get(f"{PATH}.pdf", private=True)
    async def pdf(visit: Visit) -> Response:
        if visit.assisting:
            return visit.go(PATH)  # a file would stay on the worker's computer
        page = await look(visit)
        if page is None:
            return visit.go(HOME)
        sheet = await asyncio.to_thread(letter_pdf, page, _words(visit), service.clock.now())
        return Response(sheet, media_type="application/pdf", headers={"Content-Disposition": AS_FILE})


def _address(visit: Visit) -> str:
    """Where the letter is checked, as people type it."""
    return f"{visit.request.url.netloc}/verify"


def _words(visit: Visit) -> Words:
    free = f"{visit.text('free.title')}. {visit.text('free.text')}"
    how = visit.text("letter.check.text", address=_address(visit))
    title, check, changed = (visit.text(key) for key in ("letter.title", "letter.check", "letter.changed"))
    return Words(visit.language, title, free, check, how, changed)
