"""Pages that can be heard, in a real browser: the player is reached by everyone, loads nothing by itself, and says what is seen."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import pytest
import pytest_asyncio
from fastapi import FastAPI
from fastapi.responses import Response
from playwright.async_api import Browser

from services.scheduling.web.pages import HERE, Pages
from services.scheduling.web.scenes import scenes
from services.scheduling.web.start import router
from shared.languages import read_catalogue
from shared.service import Service
from tests.audio import spoken
from tests.openapi import served
from tests.web.chromium import NARROW, WIDE, Judge, Window, plain_faults

SCENES = {
    f"{number}-{scene[0]}": scene for number, scene in enumerate(scenes(read_catalogue(HERE / "languages" / "ht.po")))
}
"""Every page in every state, by a name."""
FIRST = list({page: name for name, (page, _) in reversed(SCENES.items())}.values())
"""Each page as it comes first."""
LONGEST = 200
"""How high the player and its label may be on a small phone, so that what is to be done stays in sight."""


@dataclass(frozen=True)
class Audible:
    """A portal on which every page was spoken in Haitian Creole, as they come to whoever opens them first."""

    address: str
    pages: Pages


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def audible(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Audible]:
    folder: Path = tmp_path_factory.mktemp("audio")
    pages, app = Pages(audio=spoken(folder)), FastAPI()

    @app.get("/ht/as/{name}")
    def shown(name: str) -> Response:
        page, values = SCENES[name]
        return pages.render(f"{page}.html", "ht", f"/as/{name}", **values)

    app.include_router(router(cast(Service, None), pages, lambda portal, language: None))
    async with served(app) as address:
        yield Audible(address, pages)


async def test_what_is_said_of_a_page_is_all_that_one_sees_of_its_text(audible: Audible, browser: Browser) -> None:
    window, differing = await Window.opened(browser), []
    for name, (page, values) in SCENES.items():
        await window.page.goto(f"{audible.address}/ht/as/{name}")
        seen = await window.page.evaluate(
            """(() => { document.querySelectorAll("details").forEach(each => each.open = true)
                        document.querySelectorAll("[data-aloud]").forEach(each => each.innerText = each.dataset.aloud)
                        document.querySelectorAll("select, textarea, .govuk-visually-hidden").forEach(each => each.remove())
                        return document.querySelector("main").innerText })()"""
        )
        if seen.split() != " ".join(audible.pages.aloud(page, "ht", **values)).split():
            differing.append(name)

    assert [] == differing
    await window.context.close()


@pytest_asyncio.fixture(scope="module", loop_scope="session", params=[NARROW, WIDE])
async def window(browser: Browser, request: pytest.FixtureRequest) -> AsyncIterator[Window]:
    """One for all pages, since opening it takes longer than they do."""
    opened = await Window.opened(browser, request.param)
    yield opened
    await opened.context.close()


@pytest.mark.parametrize("page", FIRST)
async def test_a_player_fits_weighs_nothing_until_it_is_played_and_has_no_fault(
    audible: Audible, window: Window, judge: Judge, page: str
) -> None:
    window.requests.clear()
    await window.page.goto(f"{audible.address}/ht/as/{page}")
    seen = await window.look(f"aloud-{page}")
    await window.photograph(f"aloud-{page}-ht")
    box = await window.page.locator(".puente-listen").bounding_box()
    named = await window.page.get_by_label("Koute paj sa a").evaluate("it => [it.tagName, it.controls, it.preload]")

    assert [] == [*plain_faults(seen), *await judge.faults(audible.address, seen.html)]
    assert ["AUDIO", True, "none"] == named
    assert box and box["height"] < LONGEST
    assert [] == [request.url for request in window.requests if request.url.endswith(".mp3")]


async def test_the_keyboard_reaches_the_player_and_one_sees_it(audible: Audible, browser: Browser) -> None:
    window = await Window.opened(browser)
    await window.page.goto(f"{audible.address}/ht/as/0-start")
    reached = []
    for _ in range(12):
        await window.page.keyboard.press("Tab")
        reached.append(
            await window.page.evaluate(
                "[document.activeElement.tagName, getComputedStyle(document.activeElement).outlineStyle]"
            )
        )

    assert "AUDIO" in [tag for tag, _ in reached]
    assert "none" not in [outline for tag, outline in reached if tag == "AUDIO"]
    await window.context.close()


async def test_the_pages_own_policy_lets_the_player_load_the_file_and_know_how_long_it_lasts(
    audible: Audible, browser: Browser
) -> None:
    context = await browser.new_context()
    page, statuses = await context.new_page(), list[int]()
    page.on("response", lambda answer: statuses.append(answer.status) if ".mp3" in answer.url else None)
    await page.goto(f"{audible.address}/ht/as/0-start")

    seconds = await page.evaluate(
        """new Promise((done, failed) => { const it = document.querySelector("audio")
             it.onloadedmetadata = () => done(it.duration); it.onerror = () => failed(it.error.message)
             it.preload = "metadata"; it.load() })"""
    )

    assert {206} == set(statuses)
    assert seconds == pytest.approx(70, abs=0.5)
    await context.close()
