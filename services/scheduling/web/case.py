"""Find your case: the reference, the code, out again. What a stranger sees is the same whether a case exists or not."""

from fastapi.responses import Response
from starlette.background import BackgroundTask

from services.scheduling.codes import CodePost
from services.scheduling.domain.logins import CODE_HOLDS, TRIES
from services.scheduling.logins import DIGITS, Logins, Opened
from services.scheduling.pins import PIN_DIGITS
from services.scheduling.web.routes import Routes
from services.scheduling.web.visits import SESSION, Visit, drop_cookie, set_cookie, wait_page
from shared.reference import canonical_case_ref, typed_digits
from shared.service import Service

HOME = "/my-interview"
LONGEST_TYPED = 60


def add(routes: Routes, service: Service, logins: Logins, post: CodePost) -> None:
    """The pages by which a household comes in and goes out."""

    def back_of(visit: Visit) -> str:
        """The page that was asked for before logging in, if it is one of ours."""
        back = f"/{visit.back}"
        return back if back in routes.private else HOME

    async def ask(visit: Visit, case_ref: str) -> Response:
        """Asks for a code, which is sent once the answer is out."""
        asked = await service.database.run(
            service.clock.now(),
            lambda uow: logins.ask(uow, case_ref, browser=visit.browser, address=visit.address),
        )
        if asked.code is None:
            now = service.clock.now()
            return wait_page(visit, asked.wait_until or now, now, again="/case/code")
        sending = BackgroundTask(post.send_soon, asked.case_ref, asked.code)
        return visit.go(f"/case/code?back={back_of(visit).lstrip('/')}", background=sending)

    @routes.get("/case")
    async def reference_page(visit: Visit) -> Response:
        if visit.case_ref:
            return visit.go(back_of(visit))
        return _reference_page(visit)

    @routes.post("/case")
    async def reference_typed(visit: Visit) -> Response:
        typed = visit.fields.get("reference", "").strip()[:LONGEST_TYPED]
        case_ref = canonical_case_ref(typed)
        if case_ref is None:
            return _reference_page(visit, typed=typed, error="case.error.form" if typed else "case.error.empty")
        return await ask(visit, case_ref)

    @routes.get("/case/code")
    async def code_page(visit: Visit) -> Response:
        return _code_page(visit)

    @routes.post("/case/code")
    async def code_typed(visit: Visit) -> Response:
        typed = typed_digits(visit.fields.get("code", ""))[:LONGEST_TYPED]
        if not (len(typed) in (DIGITS, PIN_DIGITS) and typed.isascii() and typed.isdigit()):
            return _code_page(visit, error="code.error.form" if typed else "code.error.empty")
        result = await service.database.run(
            service.clock.now(), lambda uow: logins.open(uow, typed, browser=visit.browser, until_now=visit.session)
        )
        if not isinstance(result, Opened):
            wrong = "code.error.wrong_pin" if len(typed) == PIN_DIGITS else "code.error.wrong"
            return _code_page(visit, error=wrong if result.tries_left else "code.error.over")
        answer = visit.go(back_of(visit))
        set_cookie(answer, SESSION, result.session)
        return answer

    @routes.post("/case/again", shown_at="/case/code")
    async def code_again(visit: Visit) -> Response:
        case_ref = await service.database.run(service.clock.now(), lambda uow: logins.asked_for(uow, visit.browser))
        return await ask(visit, case_ref) if case_ref else visit.go("/case")

    @routes.post("/log-out", shown_at=HOME)
    async def log_out(visit: Visit) -> Response:
        session = visit.session
        if session:
            await service.database.run(service.clock.now(), lambda uow: logins.close(uow, session))
        answer = visit.go("/logged-out")
        drop_cookie(answer, SESSION)
        return answer

    @routes.get("/logged-out")
    async def logged_out(visit: Visit) -> Response:
        return visit.page("logged-out.html")


def _reference_page(visit: Visit, *, typed: str = "", error: str | None = None) -> Response:
    """What was typed goes along into another language in a form: a reference never stands in an address."""
    kept = {"back": visit.back, "reference": typed} if typed else None
    return visit.page("case.html", status=422 if error else 200, back=visit.back, typed=typed, error=error, kept=kept)


def _code_page(visit: Visit, *, error: str | None = None) -> Response:
    minutes = str(int(CODE_HOLDS.total_seconds() // 60))
    return visit.page(
        "code.html", status=422 if error else 200, back=visit.back, error=error, minutes=minutes, tries=str(TRIES)
    )
