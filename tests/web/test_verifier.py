"""The page that checks letters, in a browser whose network goes away after one visit, with a camera, and without a script."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta

import pytest
import pytest_asyncio
from playwright.async_api import Page, Request

from services.scheduling import commands
from services.scheduling.domain.letters import Letter
from services.scheduling.letters.signatures import SigningKeys
from services.scheduling.letters.text import encode, readable
from tests.builders import NOW, a_case
from tests.letters import KEYS, OTHER_KEY, a_letter
from tests.openapi import served
from tests.web.chromium import FIRST_LOAD, NARROW, SCREENS, Judge, sent
from tests.web.walk import Town

VALID, NOT_VALID, UNKNOWN = "This letter is valid", "This letter is not valid", "This letter cannot be checked now"
CAMERA = """
navigator.mediaDevices.getUserMedia = async () => document.createElement("canvas").captureStream()
HTMLMediaElement.prototype.play = async () => {}
globalThis.BarcodeDetector = class {
  static getSupportedFormats = async () => ["qr_code"]
  detect = async () => [{rawValue: "https://example.org"}, {rawValue: SQUARE}]
}
"""


@dataclass
class Checker:
    """Someone with a phone at the page that checks letters."""

    page: Page
    requests: list[Request]

    async def visit(self, address: str, language: str = "en") -> None:
        """Opens the page and stays until it is kept."""
        await self.page.goto(f"{address}/{language}/verify")
        await self.page.locator("#kept").wait_for()

    async def without_network(self) -> None:
        await self.page.context.set_offline(True)
        await self.page.reload()

    async def check(self, letter: Letter | str, site: str = "", keys: SigningKeys = KEYS) -> tuple[str, str]:
        """The heading and the text of the answer to a letter."""
        text = letter if isinstance(letter, str) else readable(encode(letter, keys))
        await self.page.fill("#letter", text)
        await self.page.select_option("#site", site)
        await self.page.locator("main form button").click()
        await self.page.locator("#said [data-text]").wait_for()
        answer = await self.page.locator("#said h1").inner_text(), await self.page.locator("#said").inner_text()
        await self.page.evaluate("document.querySelector('#said [data-text]').remove()")
        return answer


@pytest_asyncio.fixture(loop_scope="session")
async def checker(town: Town) -> AsyncIterator[Checker]:
    context = await town.browser.new_context(viewport={"width": NARROW, "height": 640}, reduced_motion="reduce")
    page = await context.new_page()
    await page.clock.set_fixed_time(NOW)
    checker = Checker(page, [])
    context.on("request", lambda request: checker.requests.append(request))
    yield checker
    await context.close()


async def superseded_letter(town: Town) -> Letter:
    """Of a booking that was given back."""
    case, scheduling = a_case(), town.portal.scheduling
    await scheduling.receive(case)
    await scheduling.do(lambda uow: commands.accept(uow, case.case_ref, "household"))
    await scheduling.do(lambda uow: commands.decline(uow, case.case_ref, "household"))
    town.portal.clock.instant += timedelta(seconds=10)
    return a_letter(reference=case.case_ref, sequence=1)


async def test_after_one_visit_letters_are_checked_without_a_network(
    town: Town, checker: Checker, judge: Judge
) -> None:
    superseded = await superseded_letter(town)
    async with served(town.portal.app) as address:
        await checker.visit(address)
    await checker.without_network()

    answers = [
        await checker.check(a_letter()),
        await checker.check(a_letter(holds_until=NOW)),
        await checker.check(superseded),
        await checker.check(a_letter(), keys=SigningKeys({1: OTHER_KEY})),
        await checker.check(readable(encode(a_letter(), KEYS))[:-1]),
        await checker.check(a_letter(), site="US-CON-CDJ"),
    ]
    if SCREENS:
        await checker.page.screenshot(path=f"{SCREENS}/verify-offline.png", full_page=True)
    told = (NOT_VALID, "is over"), (NOT_VALID, "changed or cancelled"), (NOT_VALID, "signature is wrong")
    expected = (
        (VALID, "Monday, December 14, 2026"),
        *told,
        ("This text cannot be read", "nothing about the letter"),
        ("This letter is for another place", "another place"),
    )
    assert [heading for heading, _ in expected] == [heading for heading, _ in answers]
    assert [True] * 6 == [said in text for (_, said), (_, text) in zip(expected, answers, strict=True)]
    assert "changes since Tuesday, November 24, 2026, 12:" in answers[0][1]
    assert [] == await judge.faults(town.address, await checker.page.content())
    assert {address} == {f"http://{request.url.split('/')[2]}" for request in checker.requests}


@pytest.mark.parametrize("has_network", [True, False])
async def test_a_text_in_the_form_stands_there_also_in_another_language_and_nowhere_else(
    town: Town, checker: Checker, has_network: bool
) -> None:
    async with served(town.portal.app) as address:
        for language in ("ht", "en"):
            await checker.visit(address, language)
        if has_network:
            await to_creole(checker)
    if not has_network:
        await checker.without_network()
        await to_creole(checker)

    assert "NI1:NONSENSE" == await checker.page.input_value("#letter")
    assert "MX-TAP-01" == await checker.page.input_value("#site")
    assert checker.page.url == f"{address}/ht/verify"
    assert 0 == await checker.page.evaluate("sessionStorage.length + localStorage.length")


async def to_creole(checker: Checker) -> None:
    """Somebody types half a letter and then wants to read the page in another language."""
    await checker.page.fill("#letter", "NI1:NONSENSE")
    await checker.page.select_option("#site", "MX-TAP-01")
    await checker.page.locator(".puente-languages summary").click()
    await checker.page.locator('.puente-languages [lang="ht"]').click()
    await checker.page.wait_for_selector('html[lang="ht"]')
    await checker.page.wait_for_function("!sessionStorage.length", timeout=5_000)


async def test_with_the_network_the_list_is_fetched_again_for_each_letter(town: Town, checker: Checker) -> None:
    async with served(town.portal.app) as address:
        await checker.visit(address)
        superseded = await superseded_letter(town)
        heading, text = await checker.check(superseded)

    assert NOT_VALID == heading and "Checked without a network" not in text


async def test_a_list_that_is_too_old_is_not_believed(town: Town, checker: Checker) -> None:
    async with served(town.portal.app) as address:
        await checker.visit(address)
    await checker.page.clock.set_fixed_time(NOW + timedelta(days=8))
    await checker.without_network()

    assert UNKNOWN == (await checker.check(a_letter()))[0]


async def test_the_address_that_stands_on_letters_leads_to_the_page_without_a_network_too(
    town: Town, checker: Checker
) -> None:
    async with served(town.portal.app) as address:
        await checker.visit(address, "fr")
    await checker.page.context.set_offline(True)
    await checker.page.goto(f"{address}/verify")

    assert (f"{address}/fr/verify", "Vérifier une lettre") == (
        checker.page.url,
        await checker.page.locator("h1").inner_text(),
    )


async def test_what_is_kept_is_the_page_of_nobody_and_no_other_page(town: Town, checker: Checker) -> None:
    inside = await town.inside["offered"].context.storage_state()
    async with served(town.portal.app) as address:
        await checker.page.context.add_cookies(
            [
                {
                    "name": each["name"],
                    "value": each["value"],
                    "domain": each["domain"],
                    "path": each["path"],
                    "secure": each["secure"],
                }
                for each in inside["cookies"]
            ]
        )
        for path in ("my-interview", "case"):
            await checker.page.goto(f"{address}/en/{path}")
        await checker.visit(address)
        kept = await checker.page.evaluate(
            """caches.open("puente-letters").then(async kept => Object.fromEntries(await Promise.all(
                 (await kept.keys()).map(async each => [new URL(each.url).pathname, await (await kept.match(each)).text()])
               )))"""
        )

    pages = {path: text for path, text in kept.items() if not path.startswith(("/assets/", "/.well-known/"))}
    assert ["/en/verify"] == list(pages)
    assert "Log out" not in pages["/en/verify"] and "Log out" in await checker.page.content()


@pytest.mark.parametrize("language", ["es", "en", "fr", "ht", "pt"])
async def test_the_page_with_its_script_is_light_and_has_no_fault(
    town: Town, checker: Checker, judge: Judge, language: str
) -> None:
    await checker.page.goto(f"{town.address}/{language}/verify")
    loaded = [request for request in checker.requests if "/.well-known/" not in request.url]
    weight = sum([await sent(request) for request in loaded])
    await checker.page.locator("#kept").wait_for()

    assert weight < FIRST_LOAD
    assert 0 >= await checker.page.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert [] == await judge.faults(town.address, await checker.page.content())


async def test_what_the_page_has_loaded_is_not_loaded_once_more_to_be_kept(town: Town, checker: Checker) -> None:
    loaded: list[float] = []
    network = await checker.page.context.new_cdp_session(checker.page)
    network.on("Network.loadingFinished", lambda event: loaded.append(event["encodedDataLength"]))
    await network.send("Network.enable")

    await checker.visit(town.address)

    assert len(loaded) > 10
    assert sum(loaded) < FIRST_LOAD


async def test_an_empty_letter_is_asked_for_without_asking_the_server(town: Town, checker: Checker) -> None:
    await checker.visit(town.address)
    posts = []
    for _ in range(2):
        await checker.page.locator("main form button").click()
        await checker.page.locator(".govuk-error-summary").wait_for()
    posts = [request for request in checker.requests if request.method == "POST"]

    assert 1 == await checker.page.locator(".govuk-error-summary").count()
    assert 1 == await checker.page.locator("#letter-error").count()
    assert "letter-error" == await checker.page.locator("#letter").get_attribute("aria-describedby")
    assert [] == posts


async def test_the_answer_has_the_focus_and_stands_in_the_title(town: Town, checker: Checker) -> None:
    await checker.visit(town.address)
    await checker.check(a_letter())

    assert VALID == await checker.page.evaluate("document.activeElement.textContent")
    assert f"{VALID} – Puente" == await checker.page.title()
    assert "" == await checker.page.locator("#letter").input_value()


async def test_a_camera_reads_the_square_where_the_browser_can(town: Town, checker: Checker) -> None:
    square = encode(a_letter(), KEYS)
    await checker.page.add_init_script(CAMERA.replace("SQUARE", repr(square)))
    await checker.visit(town.address)
    await checker.page.locator("#scan").click()
    await checker.page.locator("#said [data-text]").wait_for()

    assert VALID == await checker.page.locator("#said h1").inner_text()
    assert not await checker.page.locator("#scan-view").is_visible()


async def test_a_camera_that_is_refused_is_said_and_where_there_is_none_no_button_is_shown(
    town: Town, checker: Checker
) -> None:
    await checker.page.add_init_script("delete globalThis.BarcodeDetector")
    await checker.visit(town.address)
    without = await checker.page.locator("#scan").is_visible()
    refusing = CAMERA + "navigator.mediaDevices.getUserMedia = async () => { throw new Error() }"
    await checker.page.add_init_script(refusing)
    await checker.visit(town.address)
    await checker.page.locator("#scan").click()
    await checker.page.locator("#scan-refused").wait_for()

    assert not without
    assert await checker.page.locator("#scan").is_visible()


async def test_without_a_script_the_form_asks_the_server(town: Town) -> None:
    window = await town.window()
    await window.page.goto(f"{town.address}/en/verify")
    await window.page.fill("#letter", readable(encode(a_letter(), SigningKeys({1: OTHER_KEY}))))
    await window.send()

    assert NOT_VALID == await window.page.locator("h1").inner_text()
    assert not await window.page.locator("#kept").is_visible()
    await window.context.close()


@pytest.mark.parametrize("language", ["es", "en", "fr", "ht", "pt"])
async def test_a_printed_letter_fits_one_sheet_of_either_size_with_its_square(town: Town, language: str) -> None:
    page = town.inside["booked"].page
    await page.goto(f"{town.address}/{language}/my-interview/letter")
    sheets = {size: (await page.pdf(format=size)).count(b"/Type /Page\n") for size in ("A4", "Letter")}
    await page.emulate_media(media="print")
    for width in (NARROW, 794) if SCREENS else ():
        await page.set_viewport_size({"width": width, "height": 1123})
        await page.screenshot(path=f"{SCREENS}/letter-print-{language}-{width}.png", full_page=True)
    await page.emulate_media(media="null")

    assert {"A4": 1, "Letter": 1} == sheets
