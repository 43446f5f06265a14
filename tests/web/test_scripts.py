"""What JavaScript makes easier, in a real browser; every other test of pages shows that they work without it."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Route

from services.scheduling.web.pages import EXIT_TO
from tests.web.chromium import FIRST_LOAD, NARROW, Judge, Window, sent
from tests.web.walk import Town

CASE = "/en/case"


@pytest_asyncio.fixture(loop_scope="session")
async def window(town: Town) -> AsyncIterator[Window]:
    """With JavaScript, and with a page of its own where the way out leads."""
    opened = await Window.opened(town.browser, has_javascript=True)
    await opened.context.route(f"{EXIT_TO}**", lambda route: route.fulfill(body="elsewhere"))
    yield opened
    await opened.context.close()


async def posts_of_two_clicks(town: Town, window: Window) -> int:
    """How often a form is sent whose button is clicked twice while the answer takes its time."""

    async def slowly(route: Route) -> None:
        await asyncio.sleep(0.8)
        await route.fulfill(status=200, content_type="text/html", body="<title>done</title>")

    await window.page.goto(town.address + CASE)
    await window.page.route(f"**{CASE}", slowly)
    await window.page.fill("#reference", "NA7K-3QF2-M9X0")
    box = await window.page.locator("main form button").bounding_box()
    assert box
    for _ in range(2):
        await window.page.mouse.click(box["x"] + 9, box["y"] + 9)
        await asyncio.sleep(0.2)
    await asyncio.sleep(1)
    return sum(request.method == "POST" for request in window.requests)


async def test_a_button_that_is_clicked_twice_sends_its_form_once(town: Town, window: Window) -> None:
    without = await town.window()

    assert (1, 2) == (await posts_of_two_clicks(town, window), await posts_of_two_clicks(town, without))
    await without.context.close()


async def test_what_is_wrong_with_a_form_has_the_focus_when_the_page_is_there(
    town: Town, judge: Judge, window: Window
) -> None:
    said: list[str] = []
    window.page.on("console", lambda message: said.append(message.text))
    window.page.on("pageerror", lambda error: said.append(error.message))
    await window.page.goto(town.address + CASE)

    await window.send()
    await window.page.wait_for_selector(".govuk-error-summary")

    await window.page.wait_for_function("document.activeElement.matches('.govuk-error-summary')")
    assert [] == [text for text in said if "422" not in text]  # which Chromium says of each form that is refused
    assert [] == await judge.faults(town.address, await window.page.content())


@pytest.mark.parametrize("language", ["en", "ar"])
async def test_shift_three_times_leaves_the_page_and_tells_the_other_one_nothing(
    town: Town, window: Window, language: str
) -> None:
    await window.page.goto(f"{town.address}/{language}/case")
    for _ in range(2):
        await window.page.keyboard.press("Shift")
    here = window.page.url
    await window.page.keyboard.press("Shift")
    await window.page.wait_for_url(EXIT_TO)

    left = window.requests[-1]
    assert here.endswith(f"/{language}/case")
    assert "referer" not in await left.all_headers()


async def test_who_presses_the_way_out_sees_nothing_of_the_page_while_the_other_one_loads(
    town: Town, window: Window
) -> None:
    await window.page.goto(town.address + CASE)
    await window.page.wait_for_selector(".govuk-frontend-supported")

    shown, wide = await window.page.evaluate(
        """() => {
          document.querySelector(".govuk-exit-this-page__button").click();
          const overlay = document.querySelector(".govuk-exit-this-page-overlay");
          return [document.querySelector("h1").checkVisibility(), overlay.clientWidth];
        }"""
    )

    await window.page.wait_for_url(EXIT_TO)
    assert (False, NARROW) == (shown, wide)


async def test_the_script_adds_little_to_the_first_load(town: Town, window: Window) -> None:
    await window.page.goto(town.address + CASE, wait_until="networkidle")

    weights = {request.resource_type: await sent(request) for request in window.requests}

    assert {"document", "stylesheet", "script"} == set(weights)
    assert weights["script"] < 6_000
    assert sum(weights.values()) < FIRST_LOAD
