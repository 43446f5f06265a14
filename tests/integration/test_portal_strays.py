"""Addresses that are nearly ours, forms that are too long and what breaks: people get a page, programs what they got before."""

import pytest

from services.scheduling.web import start
from shared.events import CaseChanged
from tests.portal import Portal, forms, headings

FROM_FRANCE = {"accept": "text/html", "accept-language": "fr-FR,fr;q=0.8"}


@pytest.mark.parametrize(
    ("typed", "place"),
    [
        ("/case", "/fr/case"),
        ("/my-interview", "/fr/case?back=my-interview"),
        ("/Verify/", "/fr/verify"),
        ("/ES/Case/", "/es/case"),
        ("/es/", "/es"),
        ("/es/verify/case/", "/es/verify/case"),
        ("/case?back=my-interview/letter", "/fr/case?back=my-interview/letter"),
    ],
)
async def test_an_address_typed_without_language_in_capitals_or_with_a_slash_leads_to_its_page(
    portal: Portal, typed: str, place: str
) -> None:
    browser = portal.browser(**FROM_FRANCE)

    page = await browser.open(typed)

    assert (200, place) == (page.status_code, browser.place)


@pytest.mark.parametrize("path", ["/es/case/", "/es/", "/ES/Case", "/case"])
async def test_it_leads_there_over_the_connection_that_the_person_has(portal: Portal, path: str) -> None:
    answer = await portal.browser(**FROM_FRANCE).client.get(path)

    assert 303 == answer.status_code and answer.headers["location"].startswith("/")


@pytest.mark.parametrize(
    ("path", "heading"),
    [
        ("/nulle/part", "Cette page n’existe pas"),
        ("//evil.example/case", "Cette page n’existe pas"),
        ("/ht/x", "Paj sa a pa egziste"),
    ],
)
async def test_any_other_address_leads_back_to_the_start_in_the_persons_language(
    portal: Portal, path: str, heading: str
) -> None:
    page = await portal.browser(**FROM_FRANCE).client.get(f"https://portal.example{path}")

    assert (404, [heading]) == (page.status_code, headings(page))


async def test_programs_are_told_as_before(portal: Portal) -> None:
    answer = await portal.browser().client.get("/case")

    assert (404, "application/problem+json") == (answer.status_code, answer.headers["content-type"])


@pytest.mark.parametrize(
    ("action", "place"),
    [
        ("/my-interview/coming/say", "/en/my-interview"),
        ("/case/again", "/en/case/code"),
        ("/log-out", "/en/my-interview"),
    ],
)
async def test_the_address_of_an_action_that_a_browser_kept_leads_to_its_form(
    portal: Portal, case: CaseChanged, action: str, place: str
) -> None:
    browser = await portal.logged_in(case.case_ref)

    page = await browser.open(f"/en{action}")

    assert 200 == page.status_code
    assert browser.place.startswith(place)


async def test_who_pastes_far_too_much_reads_that_on_a_page(portal: Portal) -> None:
    browser = portal.browser()
    await browser.open("/es/verify")
    sent = {**forms(browser.page)["/es/verify"], "letter": "x" * 9_000}

    page = await browser.client.post("/es/verify", data=sent)
    more = await browser.client.post("/es/verify", data={**sent, "letter": "x" * 70_000})

    assert (413, ["Es demasiado texto"]) == (page.status_code, headings(page))
    assert 'href="/es/verify"' in page.text
    assert 413 == more.status_code


async def test_what_breaks_is_said_on_a_page_with_its_guards(portal: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise KeyError("a fault of ours")

    monkeypatch.setattr(start, "by_country", broken)

    page = await portal.browser().client.get("/pt")

    assert (500, ["Algo não funciona do nosso lado"]) == (page.status_code, headings(page))
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "no-store" == page.headers["cache-control"]
