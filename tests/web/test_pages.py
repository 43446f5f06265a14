"""Every page in every language in a real browser: narrow, without JavaScript, light, and open to everyone."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from playwright.async_api import Browser

from services.scheduling import commands
from tests.builders import a_case
from tests.faults.length import IS_LONG
from tests.portal import DRAFTS, LANGUAGES
from tests.web.chromium import FIRST_LOAD, NARROW, WIDE, Judge, Window, plain_faults, sent
from tests.web.walk import MINE, Town, walk

STATES = (
    "start unknown logged-out case case-empty code code-wrong verify asked asked-empty asked-no wait offered booked waiting "
    "closed lacking letter accept extend decline decline-empty sites contact contact-language contact-hours contact-email contact-email-empty "
    "contact-code coming coming-empty coming-check coming-done coming-said needs needs-interpreter "
    "needs-place needs-check needs-check-empty needs-done needs-asked needs-check-stays days times times-empty choose "
    "gone no-cookies old-form taken refused other-case trouble"
).split()
LINES_OF = """part => {
  const texts = document.createTreeWalker(document.querySelector("main"), NodeFilter.SHOW_TEXT), range = new Range()
  while (texts.nextNode()) {
    const text = texts.currentNode, at = text.data.indexOf(part)
    if (at < 0) continue
    range.setStart(text, at - 1)
    range.setEnd(text, at + /^[^\\s\u2069]*/.exec(text.data.slice(at))[0].length)
    return new Set([...range.getClientRects()].filter(each => each.width > 0).map(each => Math.round(each.top))).size
  }
}"""
"""On how many lines the word with this part stands."""
LARGE = """(() => { const root = document.documentElement; root.style.fontSize = "200%"
                    return root.scrollWidth - innerWidth })()"""
"""By how much the page is too wide when its letters are twice as large."""
JUDGED = ("es", "ar")
"""Languages in which axe looks at every page, one from each side; at all of them in `make faults`."""
BROKEN = "<!DOCTYPE html><html lang=en><title>x</title><main><h1>x</h1><img src=x><a href=x></a></main></html>"


@pytest.mark.parametrize("language", [*LANGUAGES, *DRAFTS])
async def test_every_page_is_light_fits_320_pixels_asks_only_us_and_has_no_fault(
    town: Town, judge: Judge, language: str
) -> None:
    faults, names, windows = [], [], set[Window]()
    async for seen, window in walk(town, language):
        names.append(seen.name)
        windows.add(window)
        await window.photograph(f"{seen.name}-{language}")
        judged = await judge.faults(town.address, seen.html) if IS_LONG or language in JUDGED else []
        faults += [f"{seen.name}: {fault}" for fault in [*plain_faults(seen), *judged]]
        if seen.name == "wait":
            assert 429 == window.status
    asked = {request.url for window in windows for request in window.requests}

    assert [] == faults
    assert STATES == names
    assert [] == [url for url in asked if not url.startswith(town.address)]


async def test_a_page_with_faults_has_them_found(town: Town, judge: Judge) -> None:
    found = await judge.faults(town.address, BROKEN)

    assert {"image-alt", "link-name"} <= {fault.split()[0] for fault in found}


async def test_a_page_that_is_too_wide_is_noticed(browser: Browser) -> None:
    window = await Window.opened(browser)
    await window.page.set_content('<meta name=viewport content="width=device-width"><p style="width:400px">x')

    assert NARROW == await window.page.evaluate("innerWidth")
    assert await window.page.evaluate("document.documentElement.scrollWidth") > NARROW


@pytest.mark.parametrize("language", [*LANGUAGES, *DRAFTS])
async def test_the_first_load_is_light_as_it_is_sent(
    town: Town, language: str, record_property: Callable[[str, object], None]
) -> None:
    window = await town.window()
    await window.page.goto(f"{town.address}/{language}")

    weights = [await sent(request) for request in window.requests]

    record_property(f"first load of the portal, {language}", f"{sum(weights)} bytes in {len(weights)} answers")
    assert 2 == len(weights)
    assert sum(weights) < FIRST_LOAD
    await window.context.close()


async def test_a_household_comes_to_the_code_with_the_keyboard_alone(town: Town) -> None:
    window = await town.window()
    page = window.page
    await page.goto(f"{town.address}/en/case")
    await page.keyboard.press("Tab")
    skip = await focused(window)
    await page.keyboard.press("Enter")
    await page.wait_for_url("**#main-content")
    await page.keyboard.press("Tab")
    field = await focused(window)
    await page.keyboard.type("NA7K-3QF2-M9X0")
    await page.keyboard.press("Enter")
    await page.wait_for_selector("#code")

    assert ("Skip to the content", True) == skip
    assert "" == field[0] and field[1]
    await window.context.close()


async def test_a_reference_that_is_half_typed_stays_in_another_language_which_the_keyboard_reaches(town: Town) -> None:
    window = await town.window()
    page = window.page
    await page.goto(f"{town.address}/en/case")
    await page.fill("#reference", "NA7K")
    await page.focus(".puente-languages summary")
    await page.keyboard.press("Enter")
    await page.keyboard.press("Tab")
    shown = await focused(window)
    await page.keyboard.press("Enter")
    await page.wait_for_selector('html[lang="es"]')

    assert ("Español", True) == shown
    assert ("NA7K", f"{town.address}/es/case") == (await page.input_value("#reference"), page.url)
    await window.context.close()


@pytest.mark.parametrize("path", ["/en", "/en/case", "/en/case/code"])
async def test_whatever_has_the_focus_shows_it(town: Town, path: str) -> None:
    window = await town.window()
    await window.page.goto(town.address + path)
    count = await window.page.locator(
        ":is(a[href], button:not([tabindex]), input:not([type=hidden]), summary):visible"
    ).count()

    shown = []
    for _ in range(count):
        await window.page.keyboard.press("Tab")
        shown.append(await focused(window))

    assert count > 3
    assert [] == [text for text, is_seen in shown if not is_seen]
    await window.context.close()


async def focused(window: Window) -> tuple[str, bool]:
    """The text of what has the focus, and whether one sees that it has."""
    await asyncio.sleep(0.01)
    text, outline, shadow, top = await window.page.evaluate(
        """(() => { const it = document.activeElement, look = getComputedStyle(it), box = it.getBoundingClientRect()
                    return [it.textContent.trim(), look.outlineStyle, look.boxShadow,
                            box.width > 1 && box.bottom > 0 && box.top < innerHeight] })()"""
    )
    return text, bool(top) and (outline != "none" or shadow != "none")


async def test_every_page_of_a_case_has_a_way_out_that_tells_nothing_of_where_one_was(town: Town) -> None:
    page, exits = town.inside["offered"].page, {}
    for path in ("", "/verify", "/logged-out", "/case/code", "/my-interview", "/my-interview/accept"):
        await page.goto(f"{town.address}/en{path}")
        found = await page.get_by_role("button", name="Exit this page").all()
        exits[path] = [(await each.get_attribute("href"), await each.get_attribute("rel")) for each in found]

    way_out, none = [("https://www.wikipedia.org/", "nofollow noreferrer")], list[tuple[str, str]]()
    outside = dict.fromkeys(("", "/verify", "/logged-out"), none)
    assert {**outside, **dict.fromkeys(("/case/code", "/my-interview", "/my-interview/accept"), way_out)} == exits


@pytest.mark.parametrize("language", [*LANGUAGES, *DRAFTS])
async def test_the_example_of_a_reference_stands_on_one_line_and_a_long_language_beside_the_name(
    town: Town, language: str
) -> None:
    window = await town.window()
    await window.page.goto(f"{town.address}/{language}/case")
    await window.send()
    lines = await window.page.evaluate(
        """Array.from(document.querySelectorAll('main bdi'), each => {
             const range = new Range(); range.selectNodeContents(each); return range.getClientRects().length })"""
    )
    heading, menu = [
        await window.page.locator(each).bounding_box() for each in ("main h1", ".puente-languages summary")
    ]

    assert heading and menu
    assert [1] == lines
    assert menu["x"] >= heading["x"] and menu["x"] + menu["width"] <= heading["x"] + heading["width"]
    await window.context.close()


@pytest.mark.parametrize("language", ["ht", *DRAFTS])
async def test_nothing_runs_out_of_a_narrow_page_whose_letters_are_twice_as_large(town: Town, language: str) -> None:
    outside = await town.window()
    found: dict[str, int] = {}
    seen = [(outside, path) for path in ("", "/case", "/verify", "/verify/case")]
    town.portal.intake.proposal = "5b0e5fd6-6a6c-4a77-8b11-2f1a3f5a2f10"
    seen += [(town.inside["offered"], MINE + path) for path in ("", "/decline", "/contact", "/contact/code")]
    seen += [(town.inside["booked"], MINE + path) for path in ("", "/letter", "/places")]
    for window, path in seen:
        await window.page.goto(f"{town.address}/{language}{path}")
        found[f"{len(found)} {window.page.url}"] = await window.page.evaluate(LARGE)
    await outside.context.close()

    assert len(seen) == len(found)
    assert {} == {url: overflow for url, overflow in found.items() if overflow > 0}


@pytest.mark.parametrize("language", ["ht", *DRAFTS])
async def test_a_masked_address_stands_on_one_line_however_narrow_the_page(town: Town, language: str) -> None:
    page = town.inside["offered"].page
    town.portal.intake.proposal = "5b0e5fd6-6a6c-4a77-8b11-2f1a3f5a2f10"
    found = {}
    for width in range(240, 340, 10):
        await page.set_viewport_size({"width": width, "height": 640})
        for path in ("contact", "contact/code"):
            await page.goto(f"{town.address}/{language}{MINE}/{path}")
            found[path, width] = await page.evaluate(LINES_OF, "…@")
    await page.set_viewport_size({"width": NARROW, "height": 640})

    assert {1} == set(found.values())


@pytest.mark.parametrize("language", [*LANGUAGES, *DRAFTS])
async def test_the_way_out_stays_in_sight_and_hides_nothing_that_has_the_focus(town: Town, language: str) -> None:
    page = town.inside["offered"].page
    await page.goto(f"{town.address}/{language}/my-interview/decline")
    heading = await page.locator("h1").bounding_box()
    await page.evaluate("scrollTo(0, document.body.scrollHeight)")
    button = await page.locator(".govuk-exit-this-page__button").bounding_box()
    await page.locator("#cause").focus()
    bar, field = [await page.locator(each).bounding_box() for each in (".puente-ways-out", "#cause")]

    assert heading and button and bar and field
    assert heading["y"] < 240
    assert 0 <= button["y"] < 30 and button["height"] <= 44
    assert bar["y"] >= 0 and bar["height"] < 60
    assert field["y"] >= bar["y"] + bar["height"]


async def test_what_can_be_done_stands_in_line_whether_it_is_a_form_or_a_link(town: Town) -> None:
    case = a_case()
    await town.portal.scheduling.receive(case)
    window = await town.window()
    await town.let_in(case.case_ref, window)
    await town.portal.scheduling.do(lambda uow: commands.decline(uow, case.case_ref, "household"))
    boxes = dict[int, list[Any]]()
    for width in (NARROW, WIDE):
        await window.page.set_viewport_size({"width": width, "height": 640})
        await window.page.goto(f"{town.address}/es/my-interview")
        buttons = await window.page.locator(".govuk-button-group .govuk-button").all()
        boxes[width] = [await button.bounding_box() or {} for button in buttons]

    assert [2, 1, 1] == [
        len(boxes[WIDE]),
        len({box["width"] for box in boxes[NARROW]}),
        len({box["y"] for box in boxes[WIDE]}),
    ]
    assert 1 == await window.page.locator(".govuk-button-group .govuk-button:not(.govuk-button--secondary)").count()
    await window.context.close()


async def test_the_square_of_a_letter_is_black_on_white_whatever_colours_the_reader_has(town: Town) -> None:
    page = town.inside["booked"].page
    await page.goto(f"{town.address}/es{MINE}/letter")
    await page.emulate_media(forced_colors="active", color_scheme="dark")

    ground = await page.locator(".puente-square").evaluate("it => getComputedStyle(it).backgroundColor")
    around = await page.locator("main dl").evaluate("it => getComputedStyle(it).color")
    await page.emulate_media(forced_colors="null", color_scheme="null")

    assert ("rgb(255, 255, 255)", "rgb(255, 255, 255)") == (ground, around)


async def test_arabic_runs_from_right_to_left_on_the_mirrored_sheet_and_a_reference_in_it_does_not(town: Town) -> None:
    page = town.inside["offered"].page
    found = {}
    for language in ("en", "ar"):
        await page.goto(f"{town.address}/{language}/my-interview/decline")
        radio, label = [
            await page.locator(each).first.bounding_box() for each in (".govuk-radios__input", "label span, label")
        ]
        back = await page.locator(".govuk-back-link").evaluate("it => getComputedStyle(it, '::before').right")
        assert radio and label
        found[language] = (radio["x"] > label["x"], back)
    await page.goto(f"{town.address}/ar/my-interview")
    code = await page.locator(".puente-code").evaluate("it => getComputedStyle(it).direction")

    assert (False, True) == (found["en"][0], found["ar"][0])
    assert found["en"][1] != found["ar"][1]
    assert "ltr" == code
