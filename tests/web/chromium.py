"""Debian's Chromium, as wide as a small phone, and what it saw of a page: its requests, its weight, its faults."""

import os
import re
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.async_api import Browser, BrowserContext, Page, Request, Response, ViewportSize, async_playwright

from deploy.assets import AXE

PROGRAM = shutil.which("chromium-headless-shell") or shutil.which("chromium")
"""The first one is the same without windows, and shows a page in half the time."""
NARROW, WIDE = 320, 1280
FIRST_LOAD = 60_000
"""Bytes that a page of the portal and all it loads weigh at most, as they are sent."""
SCREENS = os.environ.get("PUENTE_SCREENS")
"""A folder for a picture of every page, narrow and wide."""
NEXT_PAGE = 20_000
"""Bytes of any page after the first."""
TELLING = re.compile(r"COMAR|refug|Tapachula|border|interview|entrevista|entretien|entèvyou|مقابل|\d", re.IGNORECASE)
"""What no title may say, since it stands in tabs and histories that others see: a programme, an interview, a date, a reference."""
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
SHOWN = """(() => { const root = document.documentElement, type = new XMLSerializer().serializeToString(document.doctype)
                    return [type + root.outerHTML, document.title, root.scrollWidth - innerWidth] })()"""
"""What a page is now, asked at once: `content` and `title` of Playwright each cost as much as loading the page."""


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=PROGRAM, args=["--no-sandbox"])
        yield browser
        await browser.close()


@dataclass(frozen=True)
class Seen:
    """One page in one state. `weight`: bytes of the page itself as sent, with its headers."""

    name: str
    url: str
    html: str
    title: str
    weight: int
    overflow: int


def plain_faults(seen: Seen) -> list[str]:
    """What needs no axe to be seen."""
    wide = [f"{seen.overflow} pixels too wide"] if seen.overflow > 0 else []
    heavy = [f"{seen.weight} bytes"] if seen.weight >= NEXT_PAGE else []
    told = TELLING.findall(seen.title)
    return [*wide, *heavy, *told, *([] if seen.title.endswith("– Puente") else ["no title"])]


class Window:
    """A browser with its own cookies, and without JavaScript unless it is asked for."""

    def __init__(self, context: BrowserContext, page: Page) -> None:
        self.context, self.page = context, page
        self.requests: list[Request] = []
        self.status = 0
        """Of the last answer that was a page."""
        page.on("request", lambda request: self.requests.append(request))
        page.on("response", self._note)

    @classmethod
    async def opened(
        cls, browser: Browser, width: int = NARROW, height: int = 640, *, has_javascript: bool = False
    ) -> "Window":
        viewport = ViewportSize(width=width, height=height)
        context = await browser.new_context(
            java_script_enabled=has_javascript, viewport=viewport, reduced_motion="reduce"
        )
        return cls(context, await context.new_page())

    def _note(self, answer: Response) -> None:
        if answer.request.resource_type == "document":
            self.status = answer.status

    async def send(self) -> None:
        """Presses the main button of the page, the first one of its content."""
        await self.page.locator("main form button").first.click()

    async def photograph(self, name: str) -> None:
        """Pictures of the whole page, if any are wanted."""
        for width in (WIDE, NARROW) if SCREENS else ():
            await self.page.set_viewport_size({"width": width, "height": 640})
            await self.page.screenshot(path=Path(SCREENS or "") / f"{name}-{width}.png", full_page=True)

    async def look(self, name: str) -> Seen:
        """What is shown now, when it is there whole."""
        await self.page.wait_for_load_state()
        document = [each for each in self.requests if each.resource_type == "document"][-1]
        html, title, overflow = await self.page.evaluate(SHOWN)
        return Seen(name, self.page.url, html, title, await sent(document), overflow)


async def sent(request: Request) -> int:
    """Bytes of the answer as they came over the wire."""
    sizes = await request.sizes()
    return sizes["responseBodySize"] + sizes["responseHeadersSize"]


class Judge:
    """axe, which needs JavaScript: it looks at the pages that were seen without, in a browser of its own."""

    def __init__(self, page: Page) -> None:
        self._page = page

    @classmethod
    async def opened(cls, browser: Browser) -> "Judge":
        viewport = ViewportSize(width=NARROW, height=640)
        context = await browser.new_context(viewport=viewport, bypass_csp=True, service_workers="block")
        judge = cls(page := await context.new_page())
        await page.route("**/seen", lambda route: route.fulfill(body="", content_type="text/html"))
        await page.add_init_script(path=AXE)
        return judge

    async def faults(self, origin: str, html: str) -> list[str]:
        """What axe objects to: the rule and where. It stays loaded from page to page, since that takes longer than its look."""
        if not self._page.url.startswith(origin):
            await self._page.goto(f"{origin}/seen")
        await self._page.set_content(html)
        found = await self._page.evaluate(
            "async rules => (await axe.run({runOnly: rules, resultTypes: ['violations'], selectors: false})).violations",
            RULES,
        )
        return [f"{each['id']} at {node['html']}" for each in found for node in each["nodes"]]
