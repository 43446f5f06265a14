"""The portal as a household meets it: a browser that follows forms, and the codes that come to its contact."""

import asyncio
import html
import re
from collections.abc import AsyncIterator, Collection, Iterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
from fastapi import FastAPI, HTTPException
from starlette.types import Receive, Scope, Send

from deploy.assets import BUILT as STYLE
from deploy.assets import build as build_style
from services.scheduling.app import build
from shared.clock import FixedClock
from shared.db import Database
from tests.builders import NOW
from tests.filled import filled
from tests.lent import give_back, lend
from tests.portal_intake import IntakeDouble
from tests.scheduling import Scheduling, settings

FORM = re.compile(r'<form method="post" action="([^"]+)"[^>]*>(.*?)</form>', re.DOTALL)
FIELD = re.compile(r"<(?:input|button)([^>]*)>")
LANGUAGES = ["es", "en", "fr", "ht", "pt"]
DRAFTS = ["ar"]
"""Offered by a portal that is told so."""


def texts(page: httpx.Response) -> str:
    """What people read."""
    shown = re.sub(r"<(script|template)\b.*?</\1>", " ", page.text, flags=re.DOTALL)
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", shown)))


def headings(page: httpx.Response) -> list[str]:
    """The first-level headings, of which a page has one."""
    return [texts_of(each) for each in re.findall(r"<h1[^>]*>(.*?)</h1>", page.text, re.DOTALL)]


def texts_of(fragment: str) -> str:
    return html.unescape(" ".join(re.sub(r"<[^>]+>", " ", fragment).split()))


def forms(page: httpx.Response) -> dict[str, dict[str, str]]:
    """The hidden fields of each form, by its action."""
    return {action: dict(_hidden(inside)) for action, inside in FORM.findall(page.text)}


def _hidden(inside: str) -> Iterator[tuple[str, str]]:
    for attributes in FIELD.findall(inside):
        found = dict(re.findall(r'(\w+)="([^"]*)"', attributes))
        if found.get("type") == "hidden":
            yield found["name"], html.unescape(found["value"])


class NotificationsDouble:
    """A notifications that keeps what it is asked to send; away, it fails the first times."""

    def __init__(self) -> None:
        self.begin_anew()
        self.app = FastAPI()

        @self.app.post("/internal/codes")
        async def codes(question: dict[str, Any]) -> dict[str, bool]:
            if self.failures:
                self.failures -= 1
                raise HTTPException(503)
            self.asked.append(question)
            return {"sent": True}

    def begin_anew(self) -> None:
        """Nobody asked for anything yet."""
        self.asked: list[dict[str, Any]] = []
        self.failures = 0

    def count(self, case_ref: str) -> int:
        """How many codes were sent for a case."""
        return sum(each["case_ref"] == case_ref for each in self.asked)

    async def code_for(self, case_ref: str, number: int = 1) -> str:
        """The newest code sent for a case once there are so many."""
        for _ in range(200):
            found = [each["code"] for each in self.asked if each["case_ref"] == case_ref]
            if len(found) >= number:
                return str(found[-1])
            await asyncio.sleep(0.02)
        raise AssertionError(f"{len(found)} codes, not {number}")


class Browser:
    """One browser with its cookies. `page` is what it shows."""

    def __init__(self, app: FastAPI, address: str = "203.0.113.7", **headers: str) -> None:
        transport = httpx.ASGITransport(app, client=(address, 1), raise_app_exceptions=False)
        self.client = httpx.AsyncClient(transport=transport, base_url="https://portal.example", headers=headers)
        self.page: httpx.Response

    async def open(self, path: str) -> httpx.Response:
        self.page = await self.client.get(path, follow_redirects=True)
        return self.page

    async def submit(self, action: str, **fields: str) -> httpx.Response:
        """Sends the form with this action as the page has it, with what is typed, and follows to the next page."""
        known = forms(self.page)
        assert action in known, f"no form for {action}, only {sorted(known)}"
        self.page = await self.client.post(action, data={**known[action], **fields}, follow_redirects=True)
        return self.page

    async def switch(self, language: str, **typed: str) -> httpx.Response:
        """Presses another language in the menu of a page with a form, with what stands in it and what is `typed` into it; or
        of one that takes along what was sent."""
        [menu] = re.findall(r'<form method="post">(.*?)</form>', self.page.text, re.DOTALL)
        [pressed] = re.findall(rf'<button[^>]* formaction="/{language}/[^>]*>', menu)
        has = dict(re.findall(r'(\S+)="([^"]*)"', pressed))
        [form] = re.findall(r'<form [^>]*id="asks".*?</form>', self.page.text, re.DOTALL) if "form" in has else [menu]
        sent = {**filled(form), **typed, **({has["name"]: has["value"]} if "name" in has else {})}
        self.page = await self.client.post(html.unescape(has["formaction"]), data=sent, follow_redirects=True)
        return self.page

    @property
    def place(self) -> str:
        """The address that it shows."""
        return self.page.url.raw_path.decode()

    async def close(self) -> None:
        await self.client.aclose()


async def asked_for_code(browser: Browser, reference: str, language: str = "en") -> httpx.Response:
    """The page after the reference was typed."""
    await browser.open(f"/{language}/case")
    return await browser.submit(f"/{language}/case", reference=reference)


class Portal:
    """The portal on a database, with a clock that stands still."""

    def __init__(
        self, scheduling: Scheduling, app: FastAPI, notifications: NotificationsDouble, intake: IntakeDouble
    ) -> None:
        self.scheduling, self.app, self.notifications, self.intake = scheduling, app, notifications, intake
        self.clock: FixedClock = scheduling.clock
        self._browsers: list[Browser] = []

    def browser(self, address: str = "203.0.113.7", **headers: str) -> Browser:
        made = Browser(self.app, address, **headers)
        self._browsers.append(made)
        return made

    async def logged_in(self, case_ref: str, language: str = "en", at: str = "/my-interview") -> Browser:
        """A browser that came in with a code, at this page."""
        browser, before = self.browser(), self.notifications.count(case_ref)
        await browser.open(f"/{language}{at}")
        await browser.submit(f"/{language}/case", reference=case_ref)
        code = await self.notifications.code_for(case_ref, before + 1)
        await browser.submit(f"/{language}/case/code", code=code)
        return browser

    @asynccontextmanager
    async def without_database(self) -> AsyncIterator[None]:
        """While it lasts nothing can be read or written."""
        database: Database = self.app.state.service.database
        engine, database.engine = database.engine, Database("postgresql://nobody@127.0.0.1:1/none").engine
        yield
        database.engine = engine

    async def close(self) -> None:
        for browser in self._browsers:
            await browser.close()


class Neighbours:
    """ASGI: intake and notifications at one address, made and served once for all portals, of which each finds them new."""

    def __init__(self) -> None:
        self.address = ""
        self.notifications, self.intake = NotificationsDouble(), IntakeDouble()

    def renew(self) -> None:
        self.notifications.begin_anew()
        self.intake.begin_anew()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        asked = self.notifications if scope["path"] == "/internal/codes" else self.intake
        await asked.app(scope, receive, send)


@asynccontextmanager
async def open_portal(
    scheduling: Scheduling, neighbours: Neighbours, drafts: Collection[str] = ()
) -> AsyncIterator[Portal]:
    if not STYLE.exists():
        await asyncio.to_thread(build_style)
    neighbours.renew()
    scheduling.clock.instant, at = NOW, neighbours.address
    told = settings(scheduling.database.url, intake_url=at, notifications_url=at, drafts=drafts)
    app = lend(build, told, scheduling.database, scheduling.clock)
    portal = Portal(scheduling, app, neighbours.notifications, neighbours.intake)
    yield portal
    await portal.close()
    give_back(build, app)
