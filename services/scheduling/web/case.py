"""Find your case: the reference, the code, out again. What a stranger sees is the same whether a case exists or not."""

from collections.abc import Collection
from dataclasses import dataclass

from fastapi.responses import Response
from starlette.background import BackgroundTask

from services.scheduling.access.codes import CodePost
from services.scheduling.access.logins import DIGITS, Logins, Opened
from services.scheduling.access.pins import PIN_DIGITS
from services.scheduling.domain.logins import CODE_HOLDS, TRIES
from services.scheduling.web.routes import Routes
from services.scheduling.web.visits import SESSION, TYPED, Visit, drop_cookie, set_cookie, wait_page
from shared.reference import canonical_case_ref, is_number, typed_digits
from shared.service import Service

HOME = "/my-interview"
LONGEST_TYPED = 60


@dataclass(frozen=True)
class CasePages:
    """The pages by which a household comes in and goes out. `private` are those that it may go back to once it is in."""

    service: Service
    logins: Logins
    post: CodePost
    private: Collection[str]

    def _back_of(self, visit: Visit) -> str:
        """The page that was asked for before logging in, if it is one of ours."""
        back = f"/{visit.back}"
        return back if back in self.private else HOME

    async def _ask(self, visit: Visit, case_ref: str) -> Response:
        """Asks for a code, which is sent once the answer is out."""
        asked = await self.service.run(
            lambda uow: self.logins.ask(uow, case_ref, browser=visit.browser, address=visit.address),
        )
        code_page = f"/case/code?back={self._back_of(visit).lstrip('/')}"
        if asked.code is None:
            now = self.service.clock.now()
            return wait_page(visit, asked.wait_until or now, now, again=code_page)
        sending = BackgroundTask(self.post.send_soon, asked.case_ref, asked.code)
        return visit.go(code_page, background=sending)

    async def reference(self, visit: Visit) -> Response:
        if visit.case_ref:
            return visit.go(self._back_of(visit))
        return _reference_page(visit, typed=visit.fields.get("reference", "")[:LONGEST_TYPED])

    async def reference_typed(self, visit: Visit) -> Response:
        typed = visit.fields.get("reference", "").strip()[:LONGEST_TYPED]
        case_ref = canonical_case_ref(typed)
        if case_ref is None:
            return _reference_page(visit, typed=typed, error="case.error.form" if typed else "case.error.empty")
        return await self._ask(visit, case_ref)

    async def code(self, visit: Visit) -> Response:
        return _code_page(visit)

    async def code_typed(self, visit: Visit) -> Response:
        typed = typed_digits(visit.fields.get("code", ""))[:LONGEST_TYPED]
        if not (len(typed) in (DIGITS, PIN_DIGITS) and is_number(typed)):
            return _code_page(visit, error="code.error.form" if typed else "code.error.empty")
        result = await self.service.run(
            lambda uow: self.logins.open(
                uow, typed, browser=visit.browser, address=visit.address, until_now=visit.session
            ),
        )
        if not isinstance(result, Opened):
            wrong = "code.error.wrong_pin" if len(typed) == PIN_DIGITS else "code.error.wrong"
            return _code_page(visit, error=wrong if result.tries_left else "code.error.over")
        answer = visit.go(self._back_of(visit))
        set_cookie(answer, SESSION, result.session)
        return answer

    async def code_again(self, visit: Visit) -> Response:
        case_ref = await self.service.run(lambda uow: self.logins.asked_for(uow, visit.browser))
        return await self._ask(visit, case_ref) if case_ref else visit.go("/case")

    async def log_out(self, visit: Visit) -> Response:
        session = visit.session
        if session:
            await self.service.run(lambda uow: self.logins.close(uow, session))
        answer = visit.go("/logged-out")
        for cookie in (SESSION, TYPED):
            drop_cookie(answer, cookie)
        return answer

    async def logged_out(self, visit: Visit) -> Response:
        return visit.page("logged-out.html")


def add(routes: Routes, service: Service, logins: Logins, post: CodePost) -> None:
    """The addresses of these pages."""
    pages = CasePages(service, logins, post, routes.private)
    routes.get("/case")(pages.reference)
    routes.post("/case")(pages.reference_typed)
    routes.get("/case/code")(pages.code)
    routes.post("/case/code")(pages.code_typed)
    routes.post("/case/again", shown_at="/case/code")(pages.code_again)
    routes.post("/log-out", shown_at=HOME)(pages.log_out)
    routes.get("/logged-out")(pages.logged_out)


def _reference_page(visit: Visit, *, typed: str = "", error: str | None = None) -> Response:
    return visit.page(
        "case.html",
        status=422 if error else 200,
        back=visit.back,
        typed=typed,
        error=error,
        was_logged_out=TYPED in visit.request.cookies,
    )


def _code_page(visit: Visit, *, error: str | None = None) -> Response:
    """A code that was sent and is wrong does not stand there again."""
    minutes = str(int(CODE_HOLDS.total_seconds() // 60))
    typed = visit.fields.get("code", "")[:LONGEST_TYPED] if visit.is_switch else ""
    return visit.page(
        "code.html",
        status=422 if error else 200,
        back=visit.back,
        error=error,
        minutes=minutes,
        tries=str(TRIES),
        typed=typed,
    )
