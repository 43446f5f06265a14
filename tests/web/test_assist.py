"""Assisted mode in a real browser: open to every eye and finger, and nothing is left behind the back button."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from playwright.async_api import Page

from services.scheduling import commands
from shared.events import CaseChanged
from tests.assisting import KEY
from tests.builders import a_case, a_programme
from tests.portal import LANGUAGES
from tests.web.chromium import Judge, Seen, Window, plain_faults
from tests.web.walk import Town

STATES = (
    "assist assist-empty assist-case assist-consent assist-consent-empty assist-mine assist-pin assist-over".split()
)


async def a_household(town: Town, **changes: str) -> CaseChanged:
    case = a_case(**changes)
    await town.portal.scheduling.receive(a_programme(), case)
    return case


async def sign_in(page: Page) -> None:
    await page.fill("#worker", "tap-07")
    await page.fill("#key", KEY)
    await page.locator("main form button").first.click()


async def name_case(page: Page, reference: str) -> None:
    await page.fill("#reference", reference)
    await page.locator("main form button").first.click()


async def agree(page: Page) -> None:
    await page.check("input[name=by][value=adult]")
    await page.check("input[name=how][value=signed]")
    await page.locator("main form button").first.click()
    await page.wait_for_url("**/my-interview")


async def finish(page: Page) -> None:
    await page.locator("form[action$='/assist/finish'] button").click()
    await page.wait_for_url("**/assist/over")  # a browser takes its time to forget


async def pages(town: Town, language: str) -> AsyncIterator[tuple[Seen, Window]]:
    """Every page of assisted mode once, with a household that speaks this language."""
    case, window = await a_household(town, locale=language), await town.window()
    page = window.page
    await page.goto(f"{town.address}/{language}/assist")
    yield await window.look("assist"), window
    await window.send()
    yield await window.look("assist-empty"), window
    await sign_in(page)
    yield await window.look("assist-case"), window
    await name_case(page, case.case_ref)
    yield await window.look("assist-consent"), window
    await window.send()
    yield await window.look("assist-consent-empty"), window
    await agree(page)
    yield await window.look("assist-mine"), window
    await page.locator("form[action$='/assist/pin'] button").click()
    yield await window.look("assist-pin"), window
    await finish(page)
    yield await window.look("assist-over"), window
    await window.context.close()


@pytest.mark.parametrize("language", LANGUAGES)
async def test_every_page_of_assisted_mode_is_light_fits_320_pixels_and_has_no_fault(
    town: Town, judge: Judge, language: str
) -> None:
    faults, names = [], []
    async for seen, window in pages(town, language):
        names.append(seen.name)
        await window.photograph(f"{seen.name}-{language}")
        found = [*plain_faults(seen), *await judge.faults(town.address, seen.html)]
        faults += [f"{seen.name}: {fault}" for fault in found]

    assert STATES == names
    assert [] == faults


async def test_after_the_end_neither_the_back_button_nor_the_history_shows_anything_of_the_household(
    town: Town,
) -> None:
    case = await a_household(town)
    await town.portal.scheduling.do(lambda uow: commands.accept(uow, case.case_ref, "household"))
    context = await town.browser.new_context()  # with JavaScript, so that pages could stay alive behind the back button
    page = await context.new_page()
    await page.goto(f"{town.address}/en/assist")
    await sign_in(page)
    await name_case(page, case.case_ref)
    await agree(page)
    shown = await page.content()
    await page.goto(f"{town.address}/en/my-interview/letter")
    await finish(page)
    depth = await page.evaluate("history.length")
    left = [await page.locator("html").inner_html()]

    for go in [page.go_back] * (depth - 2) + [page.go_forward] * (
        depth - 2
    ):  # before the first one there is a blank page
        await go()
        await page.wait_for_selector("h1")
        left.append(await page.locator("html").inner_html())

    assert case.case_ref in shown and depth > 5
    assert [] == [html for html in left if case.case_ref in html or "<h1" not in html]
    assert [] == [cookie["name"] for cookie in await context.cookies() if cookie["name"] != "__Host-browser"]
    assert {} == await page.evaluate("({...localStorage, ...sessionStorage})")
    await context.close()


async def test_time_that_runs_out_leaves_nothing_either(town: Town) -> None:
    case, context = await a_household(town), await town.browser.new_context()
    page = await context.new_page()
    await page.goto(f"{town.address}/en/assist")
    await sign_in(page)
    await name_case(page, case.case_ref)
    await agree(page)
    town.portal.clock.advance(timedelta(minutes=10))
    await page.goto(f"{town.address}/en/my-interview/places")
    title, cookies = await page.title(), await context.cookies()

    await page.go_back()

    assert "Nothing of the household is left" in title
    assert [] == cookies
    assert case.case_ref not in await page.content()
    town.portal.clock.advance(timedelta(minutes=-10))
    await context.close()
