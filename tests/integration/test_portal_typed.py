"""A session that ends in the middle of a form, and a moment in which something of ours is away: what was typed is kept."""

import re
from datetime import timedelta

import pytest

from shared.events import CaseChanged
from tests.assisting import signed_in
from tests.builders import a_case
from tests.portal import Browser, Portal, forms, headings, texts

HOME = "/en/my-interview"
AWAY = timedelta(minutes=31)


async def in_again(portal: Portal, browser: Browser, case: CaseChanged) -> None:
    """The household logs in once more in the same browser."""
    before = portal.notifications.count(case.case_ref)
    await browser.submit("/en/case", reference=case.case_ref)
    await browser.submit("/en/case/code", code=await portal.notifications.code_for(case.case_ref, before + 1))


async def test_an_address_that_was_typed_when_the_session_was_over_stands_there_again_once(
    portal: Portal, case: CaseChanged
) -> None:
    browser = await portal.logged_in(case.case_ref)
    await browser.open(f"{HOME}/contact/email")
    portal.clock.advance(AWAY)
    await browser.submit(f"{HOME}/contact/email", email="rosa@correo.org")
    kept, said = browser.client.cookies["__Host-typed"], texts(browser.page)
    await in_again(portal, browser, case)
    page, later = browser.page, await browser.open(f"{HOME}/contact/email")

    assert "What you typed is kept" in said
    assert "rosa" not in kept and "rosa" not in browser.place
    assert f"{HOME}/contact/email" == page.url.path
    assert 'value="rosa@correo.org"' in page.text
    assert "rosa@correo.org" not in later.text and "__Host-typed" not in browser.client.cookies


async def test_whoever_else_logs_in_there_next_does_not_see_it(portal: Portal, case: CaseChanged) -> None:
    other = a_case()
    await portal.scheduling.receive(other)
    browser = await portal.logged_in(case.case_ref)
    await browser.open(f"{HOME}/contact/email")
    portal.clock.advance(AWAY)
    await browser.submit(f"{HOME}/contact/email", email="rosa@correo.org")
    await in_again(portal, browser, other)

    assert f"{HOME}/contact/email" == browser.place
    assert "rosa" not in browser.page.text


@pytest.mark.parametrize("kept", ["\u00e9", "x", "AAAA"])
async def test_what_a_browser_kept_that_is_not_ours_brings_nothing_back(
    portal: Portal, case: CaseChanged, kept: str
) -> None:
    browser = await portal.logged_in(case.case_ref)
    session = browser.client.cookies["__Host-session"]
    cookies = f"__Host-session={session}; __Host-typed={kept}".encode("latin-1")

    page = await browser.client.get(f"{HOME}/contact/email", headers={b"cookie": cookies})

    assert (200, ["What is your new e-mail address?"]) == (page.status_code, headings(page))


async def test_logging_out_forgets_it(portal: Portal, case: CaseChanged) -> None:
    browser = await portal.logged_in(case.case_ref)
    browser.client.cookies.set("__Host-typed", "anything", domain="portal.example")

    await browser.submit("/en/log-out")

    assert "__Host-typed" not in browser.client.cookies


@pytest.mark.parametrize(
    ("question", "action", "sent", "seen"),
    [
        ("/decline", "/decline", {"cause": "household-changed"}, 'value="household-changed" checked'),
        ("/contact/language", "/contact/language", {"locale": "ht"}, 'value="ht" checked'),
        ("/contact/hours", "/contact/hours", {"hours": "18:00-22:00"}, 'value="18:00-22:00" checked'),
        ("/coming", "/coming", {"adults": "1", "children": "1"}, 'value="1" selected>1 of 2<'),
        (
            "/needs/place",
            "/needs/place",
            {"quiet-room": "yes"},
            'name="quiet-room" type="checkbox" value="yes" checked',
        ),
    ],
)
async def test_what_was_chosen_when_the_session_was_over_is_chosen_again(
    portal: Portal, case: CaseChanged, question: str, action: str, sent: dict[str, str], seen: str
) -> None:
    browser = await portal.logged_in(case.case_ref)
    await browser.open(HOME + question)
    portal.clock.advance(AWAY)
    await browser.submit(HOME + action, **sent)
    await in_again(portal, browser, case)

    assert HOME + question == browser.place
    assert seen in re.sub(r"\s+", " ", browser.page.text)
    assert 200 == browser.page.status_code


async def test_a_time_that_was_chosen_when_the_session_was_over_is_asked_about_next(
    portal: Portal, case: CaseChanged
) -> None:
    browser = await portal.logged_in(case.case_ref)
    [slot, *_] = [each["slot_id"] for each in await portal.scheduling.slots_of(case)]
    await browser.open(f"{HOME}/choose?slot={slot}")
    portal.clock.advance(AWAY)
    await browser.submit(f"{HOME}/choose")
    await in_again(portal, browser, case)

    assert f"{HOME}/choose?slot={slot}" == browser.place
    assert ["Do you want this date?"] == headings(browser.page)
    assert "pending" == (await portal.scheduling.live(case)).status


async def test_a_session_that_others_ended_brings_nothing_back(portal: Portal, case: CaseChanged) -> None:
    browser = await portal.logged_in(case.case_ref)
    await browser.open(f"{HOME}/contact/email")
    await portal.scheduling.do(lambda uow: uow.execute("delete from login_sessions"))

    await browser.submit(f"{HOME}/contact/email", email="rosa@correo.org")

    assert "__Host-typed" not in browser.client.cookies


async def test_while_the_database_is_away_what_was_sent_can_be_sent_again_from_the_page_that_says_so(
    portal: Portal, case: CaseChanged
) -> None:
    browser = await portal.logged_in(case.case_ref)
    await browser.open(f"{HOME}/decline")
    async with portal.without_database():
        trouble = await browser.submit(f"{HOME}/decline", cause="applicant-unable")
    again = forms(trouble)[f"{HOME}/decline"]
    await browser.submit(f"{HOME}/decline")

    assert (503, "applicant-unable") == (trouble.status_code, again["cause"])
    assert "declined" == await portal.scheduling.waiting(case)


@pytest.mark.parametrize(
    ("path", "sent", "seen"),
    [
        (
            "/verify",
            {"letter": "NI1:NONSENSE", "site": "MX-TAP-01"},
            [">NI1:NONSENSE</textarea>", '"MX-TAP-01" selected'],
        ),
        ("/verify", {"letter": " ", "site": "MX-TAP-01"}, ['"MX-TAP-01" selected']),
        ("/verify/case", {"reference": "NA7K", "year": "1987"}, ['value="NA7K"', 'value="1987"']),
        ("/verify/case", {"reference": "NA7K-3QF2-M9X0", "year": "87"}, ['value="NA7K-3QF2-M9X0"', 'value="87"']),
    ],
)
async def test_what_anyone_typed_with_a_mistake_stands_there_also_in_another_language(
    portal: Portal, path: str, sent: dict[str, str], seen: list[str]
) -> None:
    browser = portal.browser()
    await browser.open(f"/en{path}")
    english = await browser.submit(f"/en{path}", **sent)
    creole = await browser.switch("ht")

    assert ("ht", f"/ht{path}") == (creole.headers["content-language"], browser.place)
    assert [] == [(page.url.path, each) for page in (english, creole) for each in seen if each not in page.text]


async def test_a_verdict_on_a_letter_can_be_read_in_another_language(portal: Portal) -> None:
    browser = portal.browser()
    await browser.open("/en/verify")
    english = await browser.submit("/en/verify", letter="NI1:NONSENSE")
    spanish = await browser.switch("es")

    assert [["This text cannot be read"], ["Este texto no se puede leer"]] == [headings(english), headings(spanish)]


@pytest.mark.parametrize("outcome", ["invalid", "refused", "too_often", "cannot_send"])
async def test_an_address_that_cannot_be_used_stands_there_also_in_another_language(
    portal: Portal, case: CaseChanged, outcome: str
) -> None:
    portal.intake.outcome = outcome
    browser = await portal.logged_in(case.case_ref, at="/my-interview/contact/email")
    await browser.submit(f"{HOME}/contact/email", email="rosa@correo.org")
    creole = await browser.switch("ht")

    assert "/ht/my-interview/contact/email" == browser.place
    assert 'value="rosa@correo.org"' in creole.text


async def test_an_address_that_was_typed_while_intake_is_away_stands_there_also_in_another_language(
    portal: Portal, case: CaseChanged
) -> None:
    browser = await portal.logged_in(case.case_ref, at="/my-interview/contact/email")
    portal.intake.is_away = True
    await browser.submit(f"{HOME}/contact/email", email="rosa@correo.org")
    creole = await browser.switch("ht")

    assert "/ht/my-interview/contact/email" == browser.place
    assert 'value="rosa@correo.org"' in creole.text and "govuk-error-summary" in creole.text


async def test_what_a_worker_typed_and_chose_with_a_mistake_stands_there_also_in_another_language(
    portal: Portal, case: CaseChanged
) -> None:
    worker = await signed_in(portal)
    await worker.submit("/en/assist/case", reference="NA7K")
    typed = await worker.switch("ht")
    await worker.submit("/ht/assist/case", reference=case.case_ref)
    await worker.submit("/ht/assist/consent", by="adult")
    chosen = await worker.switch("en")

    assert 'value="NA7K"' in typed.text
    assert 'value="adult" checked' in re.sub(r"\s+", " ", chosen.text)


async def test_a_key_is_not_sent_again_by_itself(portal: Portal) -> None:
    browser = portal.browser()
    await browser.open("/en/assist")
    async with portal.without_database():
        trouble = await browser.submit("/en/assist", worker="tap-07", key="assistant")

    assert 503 == trouble.status_code
    assert 'value="assistant"' not in trouble.text
