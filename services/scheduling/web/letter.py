"""The letter of a booked household: everything it must know, on one sheet, with a square by which anyone can check it."""

from dataclasses import dataclass

import segno
from fastapi.responses import Response
from markupsafe import Markup

from services.scheduling.domain.letters import Bookings, letter_of
from services.scheduling.letters import encode, readable
from services.scheduling.repository import letters
from services.scheduling.signatures import SigningKeys
from services.scheduling.web.case import HOME
from services.scheduling.web.interview import Standing, facts_of, state_of
from services.scheduling.web.presented import Fact, rows
from services.scheduling.web.routes import Routes
from services.scheduling.web.standing import standing_of
from services.scheduling.web.visits import Visit
from shared.db import UnitOfWork
from shared.languages import Catalogue
from shared.service import Service


@dataclass(frozen=True, slots=True)
class LetterPage:
    """What is printed: `square` is an image, `text` the same as text."""

    facts: tuple[Fact, ...]
    square: Markup
    text: str


def add(routes: Routes, service: Service, keys: SigningKeys) -> None:
    """The page of the letter; without a booked appointment there is none, and the case is shown instead."""

    @routes.get(f"{HOME}/letter", private=True)
    async def letter(visit: Visit) -> Response:
        async def read(uow: UnitOfWork) -> tuple[Standing, Bookings]:
            return await standing_of(uow, visit.case), await letters.bookings(uow, visit.case)

        standing, bookings = await service.database.run(service.clock.now(), read)
        if state_of(standing.case) != "booked":
            return visit.go(HOME)
        page = present_letter(standing, bookings, visit.catalogue, keys)
        address = f"{visit.request.url.netloc}/verify"
        return visit.page("letter.html", page=page, rows=rows(page.facts), address=address)


def present_letter(standing: Standing, bookings: Bookings, catalogue: Catalogue, keys: SigningKeys) -> LetterPage:
    """The letter of a booked case. The programme stays out of it: who finds the paper must not read it. Raises: ValueError."""
    live = standing.case.live
    if live is None:
        raise ValueError(f"case {standing.case.case_ref} has no appointment: it is booked first")
    text = encode(letter_of(standing.case.case_ref, live, catalogue.language, bookings), keys)
    facts = (
        Fact(catalogue.text("mine.reference"), standing.case.case_ref, matters_most=True),
        *(fact for fact in facts_of(standing, catalogue) if fact.label != catalogue.text("fact.programme")),
        Fact(catalogue.text("letter.bring"), catalogue.text("letter.bring.text")),
    )
    return LetterPage(facts, _square(text), readable(text))


def _square(text: str) -> Markup:
    """The QR code, of which a quarter may be lost, as an image in the page."""
    code = segno.make(text, error="q", boost_error=False, micro=False)
    return Markup(code.svg_inline(omitsize=True, svgclass=None, lineclass=None))  # noqa: S704 (made of nothing but numbers)
