"""Assisted mode: a worker of a resource centre signs in, names a case, records the consent, and leaves no trace at the end.

Between consent and end the household's own pages are shown. One sign-in is for one household.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from services.scheduling.access.assists import ASSISTANT, Assists, GivenBy, GivenHow
from services.scheduling.access.logins import Logins
from services.scheduling.access.pins import MadePin, Pins
from services.scheduling.web.case import HOME, LONGEST_TYPED
from services.scheduling.web.my_interview import Desk
from services.scheduling.web.pages import Pages
from services.scheduling.web.pin_letter import opened, present_pin, sealed
from services.scheduling.web.presented import rows
from services.scheduling.web.routes import OVER, START, Routes
from services.scheduling.web.visits import ASSIST, BROWSER, SESSION, TYPED, Visit, drop_cookie, set_cookie
from shared.reference import canonical_case_ref, is_number
from shared.service import Service
from shared.web.problems import Problem
from shared.web.roles import role_of

CASE, CONSENT, PIN = f"{START}/case", f"{START}/consent", f"{START}/pin"
SHEET = "sheet"
"""The field in which the page with a PIN takes itself along into another language, sealed."""
NOTHING_STAYS = '"cache", "cookies", "storage"'
"""Clear-Site-Data: browsers that know it forget all of ours, the pages behind the back button too."""
WORKER = re.compile(r"[A-Za-z0-9-]{2,20}")


@dataclass(frozen=True)
class AssistPages:
    """The pages around those of the household."""

    service: Service
    assists: Assists
    logins: Logins
    pins: Pins
    desk: Desk

    async def start(self, visit: Visit) -> Response:
        return _next_step(visit) if visit.assisting else _sign_in_page(visit, worker=visit.fields.get("worker", ""))

    async def sign_in(self, visit: Visit) -> Response:
        worker, key = visit.fields.get("worker", "").strip(), visit.fields.get("key", "").strip()
        if not WORKER.fullmatch(worker):
            return _sign_in_page(visit, worker=worker, error="assist.error.worker")
        if role_of(key, self.service.settings.tokens) != ASSISTANT:
            return _sign_in_page(visit, worker=worker, error="assist.error.key")
        until_now = visit.session
        if until_now:
            await self.service.run(lambda uow: self.logins.close(uow, until_now))
        token = await self.service.run(lambda uow: self.assists.begin(uow, worker))
        answer = visit.go(CASE)
        drop_cookie(answer, SESSION)
        set_cookie(answer, ASSIST, token)
        return answer

    async def reference(self, visit: Visit) -> Response:
        if visit.assisting is None or visit.case_ref:
            return _next_step(visit)
        return _reference_page(visit, typed=visit.fields.get("reference", "")[:LONGEST_TYPED])

    async def reference_typed(self, visit: Visit) -> Response:
        token = visit.assist_token
        if visit.assisting is None or token is None or visit.case_ref:
            return _next_step(visit)
        typed = visit.fields.get("reference", "").strip()[:LONGEST_TYPED]
        case_ref = canonical_case_ref(typed)
        if case_ref is None:
            return _reference_page(visit, typed=typed, error="case.error.form" if typed else "case.error.empty")
        if await self.service.run(lambda uow: self.assists.name_case(uow, token, case_ref)):
            return visit.go(CONSENT)
        return _reference_page(visit, typed=typed, error="assist.error.unknown")

    async def consent(self, visit: Visit) -> Response:
        if visit.assisting is None or visit.assisting.case_ref is None or visit.case_ref:
            return _next_step(visit)
        return _consent_page(visit, visit.assisting.case_ref, error=visit.mistake is not None)

    async def agreed(self, visit: Visit) -> Response:
        token, case_ref = visit.assist_token, visit.fields.get("reference", "")
        if visit.assisting is None or token is None or visit.case_ref or visit.assisting.case_ref != case_ref:
            return _next_step(visit)
        by, how = visit.fields.get("by", ""), visit.fields.get("how", "")
        if by not in list(GivenBy) or how not in list(GivenHow):
            return _consent_page(visit, case_ref, error=True)
        await self.service.run(lambda uow: self.assists.agree(uow, token, case_ref, GivenBy(by), GivenHow(how)))
        return visit.go(HOME)

    async def pin_letter(self, visit: Visit) -> Response:
        """The sheet with a new PIN, once: it stands on no other page. Another language shows the same, as long as it is right;
        loading it again makes none, or what was printed would be worth nothing."""
        token, sheet = visit.assist_token, visit.fields.get(SHEET)
        if visit.assisting is None or token is None:
            return visit.go(HOME)
        try:
            made = await (self._pin_of(visit, sheet, token) if sheet else self._new_pin(visit))
        except Problem as problem:
            return await self.desk.refused(visit, problem)
        if made is None:
            return visit.go(HOME)
        letter = present_pin(made, visit.catalogue, visit.request.url.netloc)
        visit.path = PIN
        kept = {SHEET: sealed(made, self.service.sealer, token)}
        return visit.page("pin.html", letter=letter, rows=rows(letter.facts), kept=kept)

    async def _new_pin(self, visit: Visit) -> MadePin | None:
        """None when the form does not say how many there were. Raises: Problem 409 when there are more by now."""
        after = visit.fields.get("made", "")
        if not (is_number(after) and len(after) < 10):
            return None
        return await self.service.run(lambda uow: self.pins.make(uow, visit.case, made_by=ASSISTANT, after=int(after)))

    async def _pin_of(self, visit: Visit, sheet: str, token: str) -> MadePin | None:
        """That of the page which is shown; None if a newer one was made since, or the page is not of this session."""
        made = opened(sheet, self.service.sealer, visit.case, token)
        if made is None:
            return None
        is_newest: bool = await self.service.run(lambda uow: self.pins.fits(uow, visit.case, made.pin))
        return made if is_newest else None

    async def finish(self, visit: Visit) -> Response:
        token = visit.assist_token
        if token:
            await self.service.run(lambda uow: self.assists.finish(uow, token))
        return _forgetting(visit.go(OVER))

    async def over(self, visit: Visit) -> Response:
        """After the end, or when time ran out on the page that was left open; while the session lasts it goes on."""
        if visit.assisting:
            return _next_step(visit)
        page = visit.page("assist-over.html")
        return _forgetting(page) if visit.assist_token else page


def add(routes: Routes, service: Service, assists: Assists, logins: Logins, pins: Pins, desk: Desk) -> None:
    """The addresses of these pages."""
    pages = AssistPages(service, assists, logins, pins, desk)
    routes.get(START)(pages.start)
    routes.post(START)(pages.sign_in)
    routes.get(CASE)(pages.reference)
    routes.post(CASE)(pages.reference_typed)
    routes.get(CONSENT)(pages.consent)
    routes.post(CONSENT)(pages.agreed)
    routes.post(PIN, shown_at=HOME, private=True)(pages.pin_letter)
    routes.post(f"{START}/finish", shown_at=HOME)(pages.finish)
    routes.get(OVER)(pages.over)


def add_start(portal: APIRouter, pages: Pages) -> None:
    """`/assist` in the browser's language."""

    @portal.get(START)
    def in_own_language(request: Request) -> RedirectResponse:
        return pages.redirect(request, START)


def _next_step(visit: Visit) -> Response:
    """To where the worker goes on."""
    if visit.assisting is None:
        return visit.go(START)
    if visit.case_ref:
        return visit.go(HOME)
    return visit.go(CONSENT if visit.assisting.case_ref else CASE)


def _forgetting(answer: Response) -> Response:
    """The answer, after which the browser has nothing of ours."""
    for cookie in (ASSIST, SESSION, BROWSER, TYPED):
        drop_cookie(answer, cookie)
    answer.headers["Clear-Site-Data"] = NOTHING_STAYS
    return answer


def _sign_in_page(visit: Visit, *, worker: str = "", error: str | None = None) -> Response:
    field = "key" if (error or visit.mistake) == "assist.error.key" else "worker"
    return visit.page(
        "assist.html", status=422 if error else 200, worker=worker[:LONGEST_TYPED], error=error, field=field
    )


def _reference_page(visit: Visit, *, typed: str = "", error: str | None = None) -> Response:
    return visit.page("assist-case.html", status=422 if error else 200, typed=typed, error=error)


def _consent_page(visit: Visit, case_ref: str, *, error: bool = False) -> Response:
    by, how = _choices(visit, "by", GivenBy), _choices(visit, "how", GivenHow)
    missing = [
        name for name, items in (("by", by), ("how", how)) if error and not any(each["checked"] for each in items)
    ]
    return visit.page(
        "assist-consent.html",
        status=422 if error else 200,
        case_ref=case_ref,
        error=f"consent.{missing[0]}.error" if missing else None,
        missing=missing,
        by=by,
        how=how,
    )


def _choices(visit: Visit, name: str, values: type[StrEnum]) -> list[dict[str, Any]]:
    """What can be chosen, with what was chosen already."""
    chosen = visit.fields.get(name)
    return [
        {"value": value, "text": visit.text(f"consent.{name}.{value}"), "checked": value == chosen} for value in values
    ]
