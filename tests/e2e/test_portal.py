"""Households come to their interviews in a real browser: from the result of their country's system to the accepted date."""

import asyncio
import re
from dataclasses import dataclass

from playwright.async_api import Browser, Page

from deploy.simulators.households import Result
from shared.languages import direction_of
from tests.e2e.households import a_household
from tests.e2e.mails import code_of, html_of, text_of
from tests.e2e.running import Running, at_rest, eventually


@dataclass(frozen=True)
class Story:
    """What a household reads in its language; one of them on a phone without JavaScript."""

    language: str
    offered: str
    booked: str
    has_javascript: bool = True


STORIES = (
    Story("es", "Hay una fecha para su entrevista", "Su entrevista está confirmada", has_javascript=False),
    Story("en", "There is a date for your interview", "Your interview is booked"),
    Story("fr", "Il y a une date pour votre entretien", "Votre entretien est confirmé"),
    Story("ht", "Gen yon dat pou entèvyou ou a", "Entèvyou ou a konfime"),
    Story("pt", "Há uma data para sua entrevista", "Sua entrevista está confirmada"),
    Story("ar", "هناك موعد لمقابلتكم", "مقابلتكم محجوزة"),
)


async def test_households_of_every_language_follow_the_link_of_their_offer_type_the_code_and_accept(
    puente: Running, browser: Browser
) -> None:
    """All at once, as they come in life."""
    households = [a_household("MX-REF", members=2, language=story.language) for story in STORIES]
    cases = await puente.accepted(*households)

    read = await asyncio.gather(
        *(_accepts(puente, browser, *each) for each in zip(STORIES, households, cases, strict=True))
    )

    assert [(story.offered, story.booked) for story in STORIES] == read
    for household, case_ref in zip(households, cases, strict=True):
        assert "household" == (await puente.reaches(case_ref, "booked"))["appointment"]["acted_by"]
        await puente.mails_to(household, 3)
        assert [("offered", "sent"), ("booked", "sent")] == await puente.notices(case_ref)
    await _is_traced(puente, cases[0])


async def _accepts(
    puente: Running, browser: Browser, story: Story, household: Result, case_ref: str
) -> tuple[str, str]:
    """What the household reads before and after it accepts."""
    [offer] = await puente.mails_to(household)
    [link] = set(re.findall(r"http\S+/my-interview", text_of(offer)))
    written = (story.language, direction_of(story.language))
    assert [written] == re.findall(r'<html lang="(\w+)" dir="(\w+)"', html_of(offer))
    context = await browser.new_context(java_script_enabled=story.has_javascript)
    page = await context.new_page()
    await page.goto(link)
    await page.fill("#reference", case_ref.lower())
    await _send(page)
    await page.wait_for_url("**/case/code*")
    await page.fill("#code", code_of((await puente.mails_to(household, 2))[1]))
    await _send(page)
    await page.wait_for_url(link)
    assert written == tuple(await page.evaluate("[document.documentElement.lang, document.dir]"))
    offered = await page.inner_text("h1")
    await _follow(page, "a[href$='/my-interview/accept']")
    await _send(page)
    await page.wait_for_url(link)
    booked = await page.inner_text("h1")
    await context.close()
    return offered, booked


async def _is_traced(puente: Running, case_ref: str) -> None:
    async def there() -> bool:
        names = {span["name"] for span in await puente.spans(case_ref)}
        return {"ask for code", "send code", "look up contact"} <= names

    assert await eventually(there)


async def test_an_assisted_family_of_six_without_e_mail_gets_its_date_its_letter_and_a_pin(
    puente: Running, browser: Browser
) -> None:
    case_ref = await puente.let_in(a_household("MX-REF", members=6, language="ht", email="", phone=""))
    await puente.reaches(case_ref, "offered")
    page = await (await browser.new_context()).new_page()
    await _as_far_as_consent(puente, page, case_ref)
    await page.locator(".puente-languages summary").click()
    await _follow(page, ".puente-languages a[href='/ht/my-interview']")  # in the household's own language from here on
    offered = await page.inner_text("dl")
    await _follow(page, "a[href='/ht/my-interview/accept']")
    await _send(page)
    await _follow(page, "a[href='/ht/my-interview/letter']")
    letter = await page.inner_text("main")
    await page.go_back()
    await _follow(page, "form[action='/ht/assist/pin'] button")
    [pin] = re.findall(r"\b\d{4} \d{4}\b", await page.inner_text("dl"))
    await _follow(page, "main a[href='/ht/my-interview']")
    await page.locator("form[action='/ht/assist/finish'] button").click()
    await page.wait_for_url("**/assist/over")
    await page.go_back()
    after = await page.inner_text("main")
    await page.context.close()

    booked = await puente.reaches(case_ref, "booked")
    [consent] = await puente.rows("scheduling", "select * from consents where case_ref = $1", case_ref)
    assert "assistant" == booked["appointment"]["acted_by"]
    assert ("principal", "spoken", "tap-07") == (consent["given_by"], consent["given_how"], consent["worker"])
    assert re.search(r"\b6 \(", offered) and case_ref in letter
    assert "" != after and case_ref not in after and pin not in after
    assert case_ref in await _seen_with_pin(puente, browser, case_ref, pin)
    await at_rest(puente)


async def _as_far_as_consent(puente: Running, page: Page, case_ref: str) -> None:
    """A worker signs in, in Spanish, names the case, and records that its principal applicant agreed."""
    await page.goto(f"{puente.config['services']['scheduling']}/es/assist")
    await page.fill("#worker", "tap-07")
    await page.fill("#key", puente.config["tokens"]["assistant"])
    await _send(page)
    await page.fill("#reference", case_ref)
    await _send(page)
    await page.check("input[name=by][value=principal]")
    await page.check("input[name=how][value=spoken]")
    await _send(page)


async def _seen_with_pin(puente: Running, browser: Browser, case_ref: str, pin: str) -> str:
    """The family's page, as it finds it at home with the letter."""
    context = await browser.new_context(java_script_enabled=False)
    page = await context.new_page()
    await page.goto(f"{puente.config['services']['scheduling']}/ht/case")
    await page.fill("#reference", case_ref)
    await _send(page)
    await page.fill("#code", pin)
    await _send(page)
    await page.wait_for_url("**/my-interview")
    seen = await page.inner_text("main")
    await context.close()
    return seen


async def _send(page: Page) -> None:
    """Presses the main button of the page, and waits for the next one."""
    await _follow(page, "main form button")


async def _follow(page: Page, selector: str) -> None:
    """Presses the first of these links or buttons, and waits for the page that it leads to."""
    async with page.expect_navigation():
        await page.locator(selector).first.click()
