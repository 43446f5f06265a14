"""One request of one browser: who it is, what it sent, and the answer with its cookies."""

import hmac
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from services.scheduling.access.assists import ASSISTANT, Assisting
from services.scheduling.access.logins import new_token
from services.scheduling.commands import HOUSEHOLD
from services.scheduling.domain.logins import ASSIST_IDLE
from services.scheduling.web.pages import Pages
from services.scheduling.web.presented import minutes_until
from shared.crypto import KeyedHash
from shared.dates import long_date
from shared.languages import Catalogue

BROWSER = "__Host-browser"
"""The cookie that knows a browser again: its code and its forms belong to it."""
SESSION = "__Host-session"
"""The cookie that opens a case."""
ASSIST = "__Host-assist"
"""The cookie of a worker who helps a household."""
TYPED = "__Host-typed"
"""The cookie with what was typed into a form whose session was over."""
PROOF = "proof"
"""The field by which a form shows that it is ours, given to this browser."""
PROOF_LETTERS = 32
"""Of each half of a proof: 128 bits."""
SWITCH = "in-language"
"""The field of a button that shows a page with what was typed, and does nothing: in another language, or again. It holds the
id of what the page says is wrong, if anything is."""
KEPT = ("back", "day", "from", "near", "site", "slot")
"""What an address may say beside the page: never who looks at it."""
LONGEST_COOKIE = 100
LONGEST_KEPT = 2_000
"""Of a field that a page takes along; no letter is longer."""


class Forms:
    """Tells our forms from those that another site makes a browser send, and those of one case from those of another."""

    def __init__(self, data_key: str) -> None:
        self._proofs = KeyedHash(data_key, "form proof")

    def proof_for(self, browser: str, case_ref: str | None) -> str:
        """What every form carries that this browser gets while this case is open in it, or none."""
        return f"{self._proof(browser)}-{self._proof(browser, case_ref or '')}"

    def is_ours(self, browser: str, proof: str) -> bool:
        return _is(self._proof(browser), proof.partition("-")[0])

    def is_about(self, browser: str, case_ref: str, proof: str) -> bool:
        """True for a form that was given out while this case was open."""
        return _is(self._proof(browser, case_ref), proof.partition("-")[2])

    def _proof(self, *of: str) -> str:
        return self._proofs.of(*of).hex()[:PROOF_LETTERS]


def _is(right: str, proof: str) -> bool:
    return hmac.compare_digest(right.encode(), proof.encode())


@dataclass
class Visit:
    """A request to a page in one language. `case_ref` is the case that the browser's session opens, if any.

    `assisting`: it is a worker's session, who helps the household of that case, or will once it agrees.
    """

    request: Request
    pages: Pages
    forms: Forms
    language: str
    path: str
    browser: str
    is_new: bool
    session: str | None
    assist_token: str | None = None
    case_ref: str | None = None
    assisting: Assisting | None = None
    fields: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, request: Request, pages: Pages, forms: Forms, *, language: str, path: str) -> "Visit":
        """`path` is the page's address after the language."""
        browser, session = _cookie(request, BROWSER), _cookie(request, SESSION)
        assist = _cookie(request, ASSIST)
        return cls(request, pages, forms, language, path, browser or new_token(), browser is None, session, assist)

    @property
    def case(self) -> str:
        """The case of a page that nobody sees without a session. Raises: LookupError."""
        if self.case_ref is None:
            raise LookupError("this page has no session: register it as private")
        return self.case_ref

    @property
    def acted_by(self) -> str:
        """Who does what is done on this page."""
        return ASSISTANT if self.assisting else HOUSEHOLD

    @property
    def address(self) -> str:
        """The network address that the request came from."""
        return self.request.client.host if self.request.client else ""

    @property
    def back(self) -> str:
        """The page that was asked for before logging in; the caller checks that it is one."""
        return self.fields.get("back") or self.request.query_params.get("back", "")

    @property
    def catalogue(self) -> Catalogue:
        return self.pages.catalogues[self.language]

    def text(self, key: str, **values: str) -> str:
        return self.catalogue.text(key, **values)

    def long_date(self, day: date) -> str:
        return long_date(day, self.language)

    @property
    def here(self) -> str:
        """The page's address after the language, with the day or the time that it is about, as the other languages have it."""
        asked = {**self.request.query_params, "back": self.back}
        kept = {name: asked[name] for name in KEPT if asked.get(name)}
        return f"{self.path}?{urlencode(kept)}" if kept else self.path

    def sent(self, *names: str, longest: int = LONGEST_KEPT) -> dict[str, str]:
        """What came in these fields, for a page to take along into another language in a form: it never stands in an address."""
        return {name: self.fields[name][:longest] for name in names if self.fields.get(name)}

    @property
    def is_switch(self) -> bool:
        """Whether the page is only to be shown, with what was typed: nothing of it is done."""
        return SWITCH in self.fields

    @property
    def mistake(self) -> str | None:
        """What the page said in the other language that is wrong with what was typed."""
        said = self.fields.get(SWITCH, "")
        return said if ".error" in said and self.catalogue.has(said) else None

    def id_in(self, name: str) -> UUID | None:
        """The id in a field of the form; None when there is none in it."""
        try:
            return UUID(self.fields.get(name, ""))
        except ValueError:
            return None

    def page(self, template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
        """The page, with what its forms need. Those of a page that answers a form are about the same case as that one."""
        proof = self.fields.get(PROOF) or self.forms.proof_for(self.browser, self.case_ref)
        said = {"is_logged_in": self.case_ref is not None or self.assisting, "assisting": self.assisting}
        minutes = str(int(ASSIST_IDLE.total_seconds() // 60))
        values["error"] = values.get("error") or self.mistake
        return self.pages.render(
            template, self.language, self.here, status=status, proof=proof, idle_minutes=minutes, **said, **values
        )

    def go(self, path: str, **options: Any) -> RedirectResponse:
        """To another page in the same language, by GET."""
        return RedirectResponse(f"/{self.language}{path}", status_code=303, **options)

    def remember(self, answer: Response) -> Response:
        """The answer, with the cookie of a browser that had none."""
        if self.is_new:
            set_cookie(answer, BROWSER, self.browser)
        return answer


Handler = Callable[[Visit], Awaitable[Response]]


def wait_page(visit: Visit, until: datetime, now: datetime, *, reason: str = "wait.text", again: str) -> Response:
    """Says how long to wait, and why; what was sent stands on the page before again. `again`: the page to go on with."""
    minutes = minutes_until(until, now)
    wait = visit.text("wait.one") if minutes == 1 else visit.text("wait.many", minutes=str(minutes))
    sent = visit.sent("reference", "year", "letter", "site")
    kept = {**sent, **visit.sent("back")} if sent else None
    answer = visit.page("wait.html", status=429, wait=wait, reason=reason, again=again, kept=kept)
    answer.headers["Retry-After"] = str(max(1, round((until - now).total_seconds())))
    return answer


def set_cookie(answer: Response, name: str, value: str, *, lasts: timedelta | None = None) -> None:
    """A cookie that no script reads, no other site sends with a form, and that is gone with the browser or before."""
    seconds = int(lasts.total_seconds()) if lasts else None
    answer.set_cookie(name, value, max_age=seconds, path="/", secure=True, httponly=True, samesite="lax")


def drop_cookie(answer: Response, name: str) -> None:
    answer.delete_cookie(name, path="/", secure=True, httponly=True, samesite="lax")


def _cookie(request: Request, name: str) -> str | None:
    value = request.cookies.get(name)
    return value if value and value.isascii() and len(value) <= LONGEST_COOKIE else None
