"""How pages are reached: a form must be ours, a private page needs a session, and what goes wrong is said on a page."""

from collections.abc import Callable

from fastapi import APIRouter, Request
from fastapi.responses import Response

from services.scheduling.access.assists import Assists
from services.scheduling.access.logins import Logins
from services.scheduling.domain.logins import ASSIST_IDLE
from services.scheduling.web.pages import Pages
from services.scheduling.web.visits import PROOF, SESSION, Forms, Handler, Visit, drop_cookie
from shared.db import DatabaseUnavailable
from shared.service import Service
from shared.web.problems import RETRY_AFTER_SECONDS, Problem

FORM_BYTES = 8 * 1024
MOST_FIELDS = 20
START, OVER = "/assist", "/assist/over"
"""Where a worker begins, and where a browser goes by itself when a worker left a page open for too long, and after the end."""


class Routes:
    """Registers the pages of one language. `private` are those that need a session: logging in may lead back to them."""

    def __init__(
        self,
        portal: APIRouter,
        service: Service,
        pages: Pages,
        *,
        logins: Logins,
        assists: Assists,
        forms: Forms,
        language: str,
    ) -> None:
        self._portal, self._service, self._pages = portal, service, pages
        self._logins, self._assists, self._forms, self._language = logins, assists, forms, language
        self.private: set[str] = set()

    def get(self, path: str, *, private: bool = False) -> Callable[[Handler], Handler]:
        """A page. It changes nothing: browsers and scanners of e-mail open links by themselves."""

        def register(handler: Handler) -> Handler:
            if private:
                self.private.add(path)

            @self._portal.get(f"/{self._language}{path}")
            async def page(request: Request) -> Response:
                visit = Visit.of(request, self._pages, self._forms, language=self._language, path=path)
                return await self._answer(visit, handler, private=private)

            return handler

        return register

    def post(self, path: str, *, shown_at: str | None = None, private: bool = False) -> Callable[[Handler], Handler]:
        """A form's action. `shown_at` is the page that its form stands on, if that has another address."""

        def register(handler: Handler) -> Handler:
            @self._portal.post(f"/{self._language}{path}", max_body_size=FORM_BYTES)
            async def action(request: Request) -> Response:
                place = path if shown_at is None else shown_at
                visit = Visit.of(request, self._pages, self._forms, language=self._language, path=place)
                visit.fields = await _fields(request)
                if visit.is_new:
                    return visit.remember(visit.page("no-cookies.html", status=403))
                if not self._forms.is_ours(visit.browser, visit.fields.get(PROOF, "")):
                    return visit.page("old-form.html", status=403, again=place)
                return await self._answer(visit, handler, private=private)

            return handler

        return register

    async def _answer(self, visit: Visit, handler: Handler, *, private: bool) -> Response:
        try:
            await self._recognise(visit, private=private)
            if private and visit.case_ref is None:
                return visit.remember(self._to_log_in(visit))
            answer = visit.remember(await handler(visit))
            if visit.assisting:
                answer.headers["Refresh"] = f"{int(ASSIST_IDLE.total_seconds()) + 5}; url=/{self._language}{OVER}"
            return answer
        except Problem as problem:
            return visit.page("trouble.html", status=problem.status)
        except DatabaseUnavailable:
            trouble = visit.page("trouble.html", status=503)
            trouble.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
            return trouble

    async def _recognise(self, visit: Visit, *, private: bool) -> None:
        """Whose browser it is. A worker's session comes before a household's, which the same browser may have had."""
        session, assist, now = visit.session, visit.assist_token, self._service.clock.now()
        if assist:
            page = f"{visit.request.method} {visit.request.url.path}" if private else None
            visit.assisting = await self._service.database.run(
                now, lambda uow: self._assists.see(uow, assist, page=page)
            )
            visit.case_ref = visit.assisting.open_case if visit.assisting else None
        elif session:
            visit.case_ref = await self._service.database.run(now, lambda uow: self._logins.case_of(uow, session))

    def _to_log_in(self, visit: Visit) -> Response:
        """To the page for the reference, from which it goes back to this one; a worker to where consent is recorded, or to the
        end of a session that is over."""
        if visit.assist_token:
            return visit.go(START if visit.assisting else OVER)
        answer = visit.go(f"/case?back={visit.path.lstrip('/')}")
        if visit.session:
            drop_cookie(answer, SESSION)
        return answer


async def _fields(request: Request) -> dict[str, str]:
    """The fields of a form; files are none, and of a field that comes twice the last one counts."""
    form = await request.form(max_files=0, max_fields=MOST_FIELDS, max_part_size=FORM_BYTES)
    return {name: value for name, value in form.items() if isinstance(value, str) and "\x00" not in value}
