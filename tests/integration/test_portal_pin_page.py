"""The page that shows a new PIN once, read in another language: the same PIN, no new one, and only there."""

import re
from datetime import timedelta

import pytest

from shared.events import CaseChanged
from tests.assisting import helping
from tests.builders import a_case
from tests.portal import Browser, Portal, forms, headings, texts

PINS = "select count(*) from pins"


def pin_on(browser: Browser) -> str:
    [pin] = re.findall(r"\d{4} \d{4}", texts(browser.page))
    return str(pin)


def sheet_on(browser: Browser) -> str:
    [sheet] = re.findall(r'name="sheet" value="([^"]+)"', browser.page.text)
    return str(sheet)


async def with_pin(portal: Portal, case: CaseChanged) -> Browser:
    """A worker who reads the page with a new PIN, in Spanish as the household of the case."""
    worker = await helping(portal, case.case_ref)
    [action] = [each for each in forms(worker.page) if each.endswith("/assist/pin")]
    await worker.submit(action)
    return worker


async def test_another_language_shows_the_same_pin_which_still_opens_the_case(
    portal: Portal, case: CaseChanged
) -> None:
    worker = await with_pin(portal, case)
    pin = pin_on(worker)
    french = await worker.switch("fr")
    english = await worker.switch("en")

    household = portal.browser()
    await household.open("/en/case")
    await household.submit("/en/case", reference=case.case_ref)
    await household.submit("/en/case/code", code=pin)

    assert [["Comment arriver à votre page sans courrier électronique"], ["Your way to your page, without e-mail"]] == [
        headings(french),
        headings(english),
    ]
    assert "/en/my-interview" == household.place and pin == pin_on(worker)
    assert 1 == await portal.scheduling.count(PINS)


async def test_the_pin_stands_in_no_address_and_no_page_of_it_is_kept(portal: Portal, case: CaseChanged) -> None:
    worker = await with_pin(portal, case)
    pin = pin_on(worker).replace(" ", "")
    page = await worker.switch("fr")

    assert "/fr/assist/pin" == worker.place and "no-store" == page.headers["cache-control"]
    assert pin not in page.text and pin not in sheet_on(worker)


async def test_the_same_again_by_its_address_leads_to_the_case(portal: Portal, case: CaseChanged) -> None:
    worker = await with_pin(portal, case)
    page = await worker.open("/fr/assist/pin")

    assert "/fr/my-interview" == worker.place
    assert [] == re.findall(r"\d{4} \d{4}", texts(page)) or "PIN" not in headings(page)[0]
    assert 1 == await portal.scheduling.count(PINS)


async def test_a_page_with_an_older_pin_shows_none(portal: Portal, case: CaseChanged) -> None:
    worker = await with_pin(portal, case)
    old = worker.page
    headers = {"authorization": "Bearer assistant"}
    await worker.client.post(f"/v1/cases/{case.case_ref}/pin", headers=headers)
    worker.page = old

    await worker.switch("fr")

    assert "/fr/my-interview" == worker.place
    assert 2 == await portal.scheduling.count(PINS)


@pytest.mark.parametrize("sheet", ["x", "AAAA", "é"])
async def test_what_we_did_not_seal_shows_nothing_and_makes_no_pin(
    portal: Portal, case: CaseChanged, sheet: str
) -> None:
    worker = await helping(portal, case.case_ref)
    [(action, known)] = [each for each in forms(worker.page).items() if each[0].endswith("/assist/pin")]

    page = await worker.client.post(action, data={**known, "sheet": sheet}, follow_redirects=True)

    assert action.replace("assist/pin", "my-interview") == page.url.path
    assert 0 == await portal.scheduling.count(PINS)


@pytest.mark.parametrize("then", ["finished", "idle", "another household", "another worker"])
async def test_when_the_household_was_helped_its_page_opens_nothing_any_more(
    portal: Portal, case: CaseChanged, then: str
) -> None:
    worker = await with_pin(portal, case)
    shown, pin = worker.page, pin_on(worker)
    if then == "finished":
        await worker.submit(next(each for each in forms(shown) if each.endswith("/finish")))
    elif then == "idle":
        portal.clock.advance(timedelta(hours=1))
    else:
        other = a_case() if then == "another household" else case
        await portal.scheduling.receive(other)
        another = await helping(portal, other.case_ref)
        another.page = await another.client.post(
            "/fr/assist/pin",
            data={"sheet": sheet_on(worker), "proof": forms(another.page)["/en/assist/finish"]["proof"]},
            follow_redirects=True,
        )
        worker, shown = another, another.page
    if then in ("finished", "idle"):
        worker.page = shown
        await worker.switch("fr")

    assert pin not in texts(worker.page)
    assert 1 == await portal.scheduling.count(PINS)
