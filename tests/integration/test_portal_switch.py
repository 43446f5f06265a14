"""Another language in the middle of a form: what was typed and not sent yet goes along, and nothing is done."""

import re

import pytest

from services.scheduling.domain.logins import FOR_A_CASE
from shared.events import CaseChanged
from tests.assisting import signed_in
from tests.portal import LANGUAGES, Portal, asked_for_code, forms, headings, texts

HOME = "/en/my-interview"
CHANGES = "select count(*) from outbox"


def squeezed(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<template\b.*?</template>", "", html, flags=re.DOTALL))


@pytest.mark.parametrize(
    ("path", "typed", "seen"),
    [
        ("/contact/email", {"email": "rosa@correo.org"}, 'value="rosa@correo.org"'),
        ("/contact/language", {"locale": "pt"}, 'value="pt" checked'),
        ("/contact/hours", {"hours": "18:00-22:00"}, 'value="18:00-22:00" checked'),
        ("/decline", {"cause": "household-changed"}, 'value="household-changed" checked'),
        ("/coming", {"adults": "1", "children": "1"}, 'value="1" selected>1 '),
        ("/needs/place", {"quiet-room": "yes"}, 'name="quiet-room" type="checkbox" value="yes" checked'),
    ],
)
async def test_what_a_household_typed_stands_there_in_another_language_and_nothing_is_done(
    portal: Portal, case: CaseChanged, path: str, typed: dict[str, str], seen: str
) -> None:
    browser = await portal.logged_in(case.case_ref)
    await browser.open(HOME + path)
    before = await portal.scheduling.count(CHANGES)

    creole = await browser.switch("ht", **typed)

    assert (200, f"/ht/my-interview{path}") == (creole.status_code, browser.place)
    assert seen in squeezed(creole.text)
    assert "govuk-error" not in creole.text
    assert before == await portal.scheduling.count(CHANGES)
    assert portal.intake.proposal is None and "es" == portal.intake.now["locale"]


async def test_a_code_for_a_new_address_stays_typed(portal: Portal, case: CaseChanged) -> None:
    browser = await portal.logged_in(case.case_ref, at="/my-interview/contact/email")
    await browser.submit(f"{HOME}/contact/email", email="rosa@correo.org")

    creole = await browser.switch("ht", code="01234")

    assert 'value="01234"' in creole.text and "govuk-error" not in creole.text


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("path", "typed", "seen"),
    [
        ("/case?back=my-interview/letter", {"reference": "na7k"}, 'value="na7k"'),
        ("/verify", {"letter": "NI1:HALF", "site": "MX-TAP-01"}, '"MX-TAP-01" selected'),
        ("/verify", {"letter": "NI1:HALF"}, ">NI1:HALF</textarea>"),
        ("/verify/case", {"reference": "na7k", "year": "19"}, 'value="19"'),
        ("/assist", {"worker": "tap-07", "key": "half a key"}, 'value="tap-07"'),
    ],
)
async def test_what_anyone_typed_stands_there_in_another_language(
    portal: Portal, language: str, path: str, typed: dict[str, str], seen: str
) -> None:
    browser = portal.browser()
    await browser.open(f"/{'fr' if language == 'en' else 'en'}{path}")

    page = await browser.switch(language, **typed)

    assert (200, f"/{language}{path.partition('?')[0]}") == (page.status_code, page.url.path)
    assert seen in squeezed(page.text) and "half a key" not in page.text
    assert "govuk-error" not in squeezed(page.text) and "na7k" not in browser.place
    assert "my-interview/letter" in page.text or "back=" not in path


async def test_a_code_that_was_typed_and_not_sent_stays_and_no_try_is_counted(
    portal: Portal, case: CaseChanged
) -> None:
    browser = portal.browser()
    await asked_for_code(browser, case.case_ref)
    code = await portal.notifications.code_for(case.case_ref)

    spanish = await browser.switch("es", code=code)
    await browser.submit("/es/case/code", code=code)

    assert (200, "/es/case/code") == (spanish.status_code, spanish.url.path)
    assert f'value="{code}"' in spanish.text
    assert "/es/my-interview" == browser.place


async def test_who_has_to_wait_for_a_code_finds_the_reference_again(portal: Portal, case: CaseChanged) -> None:
    browser = portal.browser()
    for _ in range(FOR_A_CASE.free + 1):
        await browser.open("/en/case?back=my-interview/letter")
        await browser.submit("/en/case", reference=case.case_ref)
    waits = await browser.switch("fr")
    [action] = [each for each in forms(waits) if each.startswith("/fr/case")]
    page = await browser.submit(action, **{"in-language": "yes"})

    assert (429, ["Veuillez attendre un peu"]) == (waits.status_code, headings(waits))
    assert (200, "/fr/case") == (page.status_code, page.url.path)
    assert f'value="{case.case_ref}"' in page.text
    assert "my-interview/letter" == forms(page)["/fr/case"]["back"]


async def test_what_is_wrong_is_said_in_the_other_language_with_what_was_typed_since(portal: Portal) -> None:
    browser = portal.browser()
    await browser.open("/en/verify/case")
    await browser.submit("/en/verify/case", reference="NA7K-3QF2-M9X0", year="87")

    french = await browser.switch("fr", year="198")

    assert 'value="198"' in french.text and 'value="NA7K-3QF2-M9X0"' in french.text
    assert 'href="#year"' in french.text and "1987" in texts(french)


@pytest.mark.parametrize("said", ["case.title", "code.hint", "<b>.error", "x.error"])
async def test_what_a_page_says_is_wrong_is_nothing_but_what_pages_say_of_that(portal: Portal, said: str) -> None:
    browser = portal.browser()
    await browser.open("/en/case")

    page = await browser.switch("fr", **{"in-language": said})
    page = await browser.client.post("/fr/case", data={**forms(page)["/fr/case"], "in-language": said})

    assert 200 == page.status_code
    assert "govuk-error" not in page.text


@pytest.mark.parametrize("lost", ["cookie", "proof"])
async def test_a_form_that_is_not_ours_shows_the_page_with_nothing_of_it(
    portal: Portal, case: CaseChanged, lost: str
) -> None:
    browser = await portal.logged_in(case.case_ref, at="/my-interview/contact/email")
    known = {"proof": "0" * 64} if lost == "proof" else {}
    if lost == "cookie":
        browser.client.cookies.delete("__Host-browser")

    french = await browser.switch("fr", email="mallory@evil.example", **known)

    assert "/fr/my-interview/contact/email" == browser.place
    assert "mallory" not in french.text


async def test_while_the_database_is_away_trying_again_still_does_nothing(portal: Portal, case: CaseChanged) -> None:
    browser = await portal.logged_in(case.case_ref)
    await browser.open(f"{HOME}/decline")
    async with portal.without_database():
        trouble = await browser.switch("fr", cause="applicant-unable")
    again = await browser.submit("/fr/my-interview/decline")

    assert (503, 200) == (trouble.status_code, again.status_code)
    assert 'value="applicant-unable" checked' in squeezed(again.text)
    assert "pending" == (await portal.scheduling.live(case)).status


async def test_a_consent_that_was_half_given_stays_half_given(portal: Portal, case: CaseChanged) -> None:
    worker = await signed_in(portal)
    await worker.submit("/en/assist/case", reference=case.case_ref)

    half = await worker.switch("ht", by="adult")
    await worker.submit("/ht/assist/consent", by="adult")
    told = await worker.switch("en")

    assert 'value="adult" checked' in squeezed(half.text) and "govuk-error" not in half.text
    assert 'value="adult" checked' in squeezed(told.text) and "Choose how it was said" in texts(told)
    assert 0 == await portal.scheduling.count("select count(*) from consents")


async def test_a_page_without_a_form_has_links(portal: Portal, case: CaseChanged) -> None:
    browser = await portal.logged_in(case.case_ref)

    assert 4 == browser.page.text.count("hreflang=") and "formaction" not in browser.page.text
    assert ["There is a date for your interview"] == headings(browser.page)
