"""Does this household have an interview? Whoever stands before it asks by reference and year of birth, and reads yes or no.

Never more than that, and for what is not known the same as for what does not fit: the same page, status and time.
"""

import asyncio
from datetime import datetime

from fastapi.responses import Response

from services.scheduling.access.checks import Checks
from services.scheduling.neighbours.births import Births
from services.scheduling.repository import letters
from services.scheduling.web.routes import Routes
from services.scheduling.web.visits import Visit, wait_page
from shared.db import UnitOfWork
from shared.reference import canonical_case_ref, is_number, typed_digits
from shared.service import Service
from shared.web.problems import Problem

LETTERS = "/verify"
"""Where a letter is checked, which is limited for itself."""
PATH = f"{LETTERS}/case"
WRONG_YEAR = "asked.error.year"
LONGEST_TYPED = 60
TAKES_SECONDS = 0.5
"""How long every answer takes, so that its time does not tell whether there is such a case."""


def add(routes: Routes, service: Service, births: Births, checks: Checks) -> None:
    """The form and its answer. It is sent by POST: neither reference nor year stands in an address or a log."""

    @routes.get(PATH)
    async def ask(visit: Visit) -> Response:
        return _form(visit)

    @routes.post(PATH)
    async def answer(visit: Visit) -> Response:
        typed, year = (visit.fields.get(name, "").strip()[:LONGEST_TYPED] for name in ("reference", "year"))
        case_ref = canonical_case_ref(typed)
        if case_ref is None:
            return _form(visit, error="case.error.form" if typed else "case.error.empty")
        year = typed_digits(year)
        if not (len(year) == 4 and is_number(year)):
            return _form(visit, error=WRONG_YEAR)
        now = service.clock.now()

        async def read(uow: UnitOfWork) -> tuple[datetime, bool]:
            free_at = await checks.of_a_case(uow, case_ref, visit.address)
            return free_at, await letters.holds_now(uow, case_ref)

        async def no_guess() -> None:
            await service.run(lambda uow: checks.was_no_guess(uow, case_ref, visit.address))

        slow = asyncio.create_task(asyncio.sleep(TAKES_SECONDS))
        free_at, is_booked = await service.database.run(now, read)
        if free_at > now:
            return wait_page(visit, free_at, now, reason="wait.asked", again=LETTERS)
        try:
            is_right = await births.fits(case_ref, int(year)) and is_booked
        except Problem:
            await no_guess()
            raise
        if is_right:
            await no_guess()
        await slow
        return visit.page("asked.html", answer="yes" if is_right else "no")


def _form(visit: Visit, *, error: str | None = None) -> Response:
    """The form with what was typed, and what is wrong with a field of it."""
    field = "year" if (error or visit.mistake) == WRONG_YEAR else "reference"
    typed = visit.sent("reference", "year", longest=LONGEST_TYPED)
    return visit.page("asked.html", status=422 if error else 200, error=error, field=field, typed=typed)
