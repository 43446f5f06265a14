"""How pages are reached: a form must be ours, a private page needs a session, and what goes wrong is said on a page."""

from collections.abc import Callable, Mapping

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from services.scheduling.access.assists import Assists
from services.scheduling.access.logins import Logins
from services.scheduling.domain.logins import ASSIST_IDLE
from services.scheduling.web.pages import Pages
from services.scheduling.web.typed import KEPT_FOR, Typed
from services.scheduling.web.visits import PROOF, SESSION, TYPED, Forms, Handler, Visit, drop_cookie, set_cookie
from shared.db import DatabaseUnavailable
from shared.service import Service
from shared.web.problems import RETRY_AFTER_SECONDS, Problem

ShownAt = str | Callable[[Mapping[str, str]], str] | None

FORM_BYTES = 8 * 1024
MOST_BYTES = 8 * FORM_BYTES
"""Of a form that is too long and is told so; what is longer than that nobody typed or pasted by mistake."""
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
        self._typed = Typed(service.sealer)
        self._shown: dict[str, Handler] = {}
        self.private: set[str] = set()

    def get(self, path: str, *, private: bool = False) -> Callable[[Handler], Handler]:
        """A page. It changes nothing: browsers and scanners of e-mail open links by themselves."""

        def register(handler: Handler) -> Handler:
            self._shown[path] = handler
            if private:
                self.private.add(path)

            @self._portal.get(f"/{self._language}{path}")
            async def page(request: Request) -> Response:
                visit = Visit.of(request, self._pages, self._forms, language=self._language, path=path)
                return await self._answer(visit, handler, private=private)

            return handler

        return register

    def post(self, path: str, *, shown_at: ShownAt = None, private: bool = False) -> Callable[[Handler], Handler]:
        """A form's action. `shown_at` is the page that its form stands on, if that has another address; what was sent may
        say which."""

        def register(handler: Handler) -> Handler:
            if isinstance(shown_at, str):
                self._portal.get(f"/{self._language}{path}")(self._to_form(shown_at))

            @self._portal.post(f"/{self._language}{path}", max_body_size=MOST_BYTES)
            async def action(request: Request) -> Response:
                is_long = int(request.headers.get("content-length", 0)) > FORM_BYTES
                fields = {} if is_long else await _fields(request)
                place = shown_at(fields) if callable(shown_at) else shown_at or path
                visit = Visit.of(request, self._pages, self._forms, language=self._language, path=place)
                visit.fields = fields
                if is_long:
                    return visit.page("too-long.html", status=413)
                is_ours = not visit.is_new and self._forms.is_ours(visit.browser, fields.get(PROOF, ""))
                if visit.is_switch:
                    # Nothing is done, so what cannot be trusted is left out, and the page is shown all the same.
                    shown = self._shown.get(place) if is_ours else None
                    return await self._answer(visit, shown, private=private) if shown else visit.go(visit.here)
                if visit.is_new:
                    # No cookie with it: a form that another site makes a browser send comes without ours, and would replace it.
                    return visit.page("no-cookies.html", status=403)
                if not is_ours:
                    return visit.page("old-form.html", status=403)
                return await self._answer(visit, handler, private=private)

            return handler

        return register

    def _to_form(self, place: str) -> Callable[[], RedirectResponse]:
        """For who opens the address of an action, which a browser keeps when its answer was a page: where its form stands."""
        return lambda: RedirectResponse(f"/{self._language}{place}", status_code=303)

    async def _answer(self, visit: Visit, handler: Handler, *, private: bool) -> Response:
        try:
            await self._recognise(visit, private=private)
            if private and visit.case_ref is None:
                return visit.remember(await self._to_log_in(visit))
            if private and visit.request.method == "POST" and not self._is_about(visit, visit.case):
                return visit.page("other-case.html", status=409)
            comes_back = private and self._brings_back(visit)
            answer = visit.remember(await handler(visit))
            if comes_back:
                drop_cookie(answer, TYPED)
            if visit.assisting:
                answer.headers["Refresh"] = f"{int(ASSIST_IDLE.total_seconds()) + 5}; url=/{self._language}{OVER}"
            return answer
        except Problem as problem:
            return _trouble(visit, problem.status)
        except DatabaseUnavailable:
            trouble = _trouble(visit, 503)
            trouble.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
            return trouble

    def _is_about(self, visit: Visit, case_ref: str) -> bool:
        """False for a form of another case, which was open in this browser before."""
        return self._forms.is_about(visit.browser, case_ref, visit.fields.get(PROOF, ""))

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

    def _brings_back(self, visit: Visit) -> bool:
        """Whether the page is to show what was typed into it before its session was over, which then stands in `fields`."""
        kept = visit.request.cookies.get(TYPED, "")
        if visit.request.method != "GET" or not kept or visit.assisting:
            return False
        visit.fields = self._typed.opened(kept, case_ref=visit.case, path=visit.path)
        return bool(visit.fields)

    async def _to_log_in(self, visit: Visit) -> Response:
        """To the page for the reference, from which it goes back to this one, with what was typed; a worker to where consent is
        recorded, or to the end of a session that is over."""
        if visit.assist_token:
            return visit.go(START if visit.assisting else OVER)
        answer = visit.go(f"/case?back={visit.path.lstrip('/')}")
        if session := visit.session:
            drop_cookie(answer, SESSION)
            case_ref = (
                await self._service.run(lambda uow: self._logins.case_was(uow, session)) if visit.fields else None
            )
            is_of_it = case_ref and self._is_about(visit, case_ref)
            if case_ref and is_of_it and (kept := self._typed.sealed(visit.fields, case_ref=case_ref, path=visit.path)):
                set_cookie(answer, TYPED, kept, lasts=KEPT_FOR)
        return answer


def _trouble(visit: Visit, status: int) -> Response:
    """Says that something of ours does not work. What was sent stands in a form, to be sent again; a key does not."""
    sent = {name: value for name, value in visit.fields.items() if name != PROOF}
    may_send = visit.request.method == "POST" and "key" not in sent
    action = visit.request.url.path.removeprefix(f"/{visit.language}")
    return visit.page("trouble.html", status=status, sent=sent if may_send else None, action=action)


async def _fields(request: Request) -> dict[str, str]:
    """The fields of a form; files are none, and of a field that comes twice the last one counts."""
    form = await request.form(max_files=0, max_fields=MOST_FIELDS, max_part_size=FORM_BYTES)
    return {name: value for name, value in form.items() if isinstance(value, str) and "\x00" not in value}
