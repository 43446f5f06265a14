"""How we reach you: a household changes its language, its hours and its address, and loses nothing that it typed."""

import pytest

from services.scheduling.neighbours.contacts import Contacts
from services.scheduling.web.pages import the_pages
from shared.events import CaseChanged
from tests.assisting import helping
from tests.builders import a_case
from tests.intake import ROLES
from tests.openapi import served
from tests.own_contact import NEW, Own
from tests.portal import LANGUAGES, Portal, asked_for_code, forms, headings, texts
from tests.portal_intake import CODE

HOME = "/en/my-interview"
PAGE = f"{HOME}/contact"
EVERY = ("", "/email", "/language", "/hours")


async def test_an_address_is_typed_confirmed_and_said(portal: Portal, case: CaseChanged) -> None:
    browser = await portal.logged_in(case.case_ref)
    await browser.open(f"{PAGE}/email")

    asked = await browser.submit(f"{PAGE}/email", email=" rosa@correo.org ")
    before = dict(portal.intake.now)
    done = await browser.submit(f"{PAGE}/code", code="048 151")

    assert (["Type the code from your new address"], True) == (headings(asked), "n…@m….org" in texts(asked))
    assert "r…@c….org" == before["email"]
    assert (f"{PAGE}?done=email", True) == (
        browser.place,
        "From now on our messages go to the new address." in texts(done),
    )
    proposed = next(each for each in portal.intake.asked if "email" in each)
    assert ("rosa@correo.org", case.case_ref) == (proposed["email"], proposed["case_ref"])
    assert "household" == portal.intake.asked[-2]["acted_by"]


@pytest.mark.parametrize("language", LANGUAGES)
async def test_who_has_a_new_phone_number_reads_what_it_means_and_what_to_do(
    portal: Portal, case: CaseChanged, language: str
) -> None:
    browser = await portal.logged_in(case.case_ref, language, "/my-interview/contact")
    said = the_pages().catalogues[language].texts

    assert said["contact.phone.title"] in texts(browser.page) and said["contact.phone.text"] in texts(browser.page)


async def test_a_new_address_logs_everyone_else_out_and_no_code_that_was_asked_for_before_opens_the_case(
    portal: Portal, case: CaseChanged
) -> None:
    other, worker = await portal.logged_in(case.case_ref), await helping(portal, case.case_ref)
    late, mine = portal.browser(), await portal.logged_in(case.case_ref)
    stranger = a_case()
    await portal.scheduling.receive(stranger)
    foreign = await portal.logged_in(stranger.case_ref)
    await asked_for_code(late, case.case_ref)
    code = await portal.notifications.code_for(case.case_ref, 3)

    await mine.open(f"{PAGE}/email")
    await mine.submit(f"{PAGE}/email", email="rosa@correo.org")
    await mine.submit(f"{PAGE}/code", code="000000")
    before = [(await browser.open(HOME)).url.path for browser in (other, worker)]
    await mine.submit(f"{PAGE}/code", code=CODE)
    after = [(await browser.open(HOME)).url.path for browser in (other, worker, mine, foreign)]
    refused = await late.submit("/en/case/code", code=code)

    assert [HOME, HOME] == before
    assert ["/en/case", "/en/assist/over", HOME, HOME] == after
    assert (422, False) == (refused.status_code, "__Host-session" in late.client.cookies)


async def test_a_worker_who_changes_the_address_stays_with_the_household_and_all_others_are_out(
    portal: Portal, case: CaseChanged
) -> None:
    other, worker = await portal.logged_in(case.case_ref), await helping(portal, case.case_ref)
    await worker.open(f"{PAGE}/email")
    await worker.submit(f"{PAGE}/email", email="rosa@correo.org")

    await worker.submit(f"{PAGE}/code", code=CODE)

    assert ["/en/case", HOME] == [(await browser.open(HOME)).url.path for browser in (other, worker)]


async def test_a_change_that_was_cut_off_logs_the_others_out_when_its_form_is_sent_again(
    portal: Portal, case: CaseChanged
) -> None:
    mine = await portal.logged_in(case.case_ref)
    await mine.open(f"{PAGE}/email")
    form = await mine.submit(f"{PAGE}/email", email="rosa@correo.org")
    await mine.submit(f"{PAGE}/code", code=CODE)
    still_in = await portal.logged_in(case.case_ref)  # as if the first answer of intake had come to nobody
    mine.page = form

    again = await mine.submit(f"{PAGE}/code", code=CODE)

    assert ("/en/case", True) == ((await still_in.open(HOME)).url.path, "From now on" in texts(again))


async def test_a_wrong_code_is_typed_again_and_one_that_holds_no_more_is_said(
    portal: Portal, case: CaseChanged
) -> None:
    browser = await portal.logged_in(case.case_ref)
    await browser.open(f"{PAGE}/email")
    await browser.submit(f"{PAGE}/email", email="rosa@correo.org")

    wrong = await browser.submit(f"{PAGE}/code", code="000000")
    short = await browser.submit(f"{PAGE}/code", code="12")
    old = forms(browser.page)[f"{PAGE}/code"]
    portal.intake.proposal = None
    over = await browser.client.post(f"{PAGE}/code", data={**old, "code": CODE})

    assert (422, True) == (wrong.status_code, "This is not the right code" in texts(wrong))
    assert (422, True) == (short.status_code, "The code has 6 digits" in texts(short))
    assert (422, True) == (over.status_code, "This code no longer works. Ask for another one." in texts(over))
    assert "r…@c….org" == portal.intake.now["email"]


@pytest.mark.parametrize(
    ("outcome", "status", "said"),
    [
        ("invalid", 422, "Check the address"),
        ("too_often", 429, "You asked for many codes today"),
        ("refused", 422, "No mail can be sent to this address"),
        ("cannot_send", 503, "We cannot send the code at this moment"),
    ],
)
async def test_what_cannot_be_is_said_and_what_was_typed_stays(
    portal: Portal, case: CaseChanged, outcome: str, status: int, said: str
) -> None:
    portal.intake.outcome = outcome
    browser = await portal.logged_in(case.case_ref)
    await browser.open(f"{PAGE}/email")

    page = await browser.submit(f"{PAGE}/email", email="rosa@correo.org")

    assert (status, True, True) == (page.status_code, said in texts(page), 'value="rosa@correo.org"' in page.text)


async def test_language_and_hours_are_chosen_and_shown(portal: Portal, case: CaseChanged) -> None:
    browser = await portal.logged_in(case.case_ref)
    await browser.open(f"{PAGE}/language")
    await browser.submit(f"{PAGE}/language", locale="ht")
    await browser.open(f"{PAGE}/hours")
    page = await browser.submit(f"{PAGE}/hours", hours="18:00-22:00")
    chosen = dict(portal.intake.now)
    await browser.open(f"{PAGE}/hours")
    again = await browser.submit(f"{PAGE}/hours", hours="any")

    assert ("ht", "18:00-22:00") == (chosen["locale"], chosen["safe_hours"])
    assert "Kreyòl ayisyen" in texts(page) and "Between 6:00 PM and 10:00 PM" in texts(page)
    assert "At any hour" in texts(again)
    assert portal.intake.now["safe_hours"] is None


@pytest.mark.parametrize(("what", "field"), [("language", "locale"), ("hours", "hours")])
async def test_what_is_no_choice_changes_nothing(portal: Portal, case: CaseChanged, what: str, field: str) -> None:
    browser, before = await portal.logged_in(case.case_ref), dict(portal.intake.now)
    await browser.open(f"{PAGE}/{what}")

    for typed in ("", "xx", "25:00-26:00"):
        page = await browser.submit(f"{PAGE}/{what}", **{field: typed})
        assert (422, True) == (page.status_code, "Choose one" in texts(page))
    assert before == portal.intake.now


async def test_while_intake_is_away_each_page_says_so_and_keeps_what_was_typed(
    portal: Portal, case: CaseChanged
) -> None:
    browser = await portal.logged_in(case.case_ref)
    await browser.open(f"{PAGE}/email")
    email = browser.page
    await browser.open(f"{PAGE}/hours")
    hours = browser.page
    browser.page = email
    await browser.submit(f"{PAGE}/email", email="rosa@correo.org")
    code = browser.page
    portal.intake.is_away = True

    away = []
    for page, path, typed in (
        (email, "email", "rosa@correo.org"),
        (code, "code", CODE),
        (hours, "hours", "18:00-22:00"),
    ):
        browser.page = page
        away.append(await browser.submit(f"{PAGE}/{path}", **{path: typed}))
    shown = await browser.open(PAGE)

    for page in (*away, shown):
        assert (503, True, True) == (
            page.status_code,
            "retry-after" in page.headers,
            "Try again in a minute" in texts(page),
        )
    assert 'value="rosa@correo.org"' in away[0].text and f'value="{CODE}"' in away[1].text and "checked" in away[2].text
    portal.intake.is_away = False
    browser.page = away[1]
    assert "From now on" in texts(await browser.submit(f"{PAGE}/code", code=CODE))


async def test_a_stranger_and_another_site_change_nothing(portal: Portal, case: CaseChanged) -> None:
    stranger, browser = portal.browser(), await portal.logged_in(case.case_ref)
    await stranger.open("/en/case")
    proof, typed = forms(stranger.page)["/en/case"]["proof"], {"email": "x@y.org", "locale": "ht", "hours": "any"}

    outside = [
        await stranger.client.post(f"{PAGE}/{path}", data={"proof": proof, **typed}) for path in ("email", "language")
    ]
    elsewhere = [await browser.client.post(f"{PAGE}/{path}", data=typed) for path in ("email", "language", "hours")]

    assert ([303, 303], [403] * 3) == ([a.status_code for a in outside], [a.status_code for a in elsewhere])
    assert [] == portal.intake.asked


@pytest.mark.parametrize("language", LANGUAGES)
async def test_every_page_is_in_its_language_and_no_address_of_it_says_anything(
    portal: Portal, case: CaseChanged, language: str
) -> None:
    browser = await portal.logged_in(case.case_ref, language)

    for path in EVERY:
        page = await browser.open(f"/{language}/my-interview/contact{path}")
        assert (200, language, 1, "no-store") == (
            page.status_code, page.headers["content-language"], len(headings(page)), page.headers["cache-control"],
        )  # fmt: skip
        assert case.case_ref not in str(page.url) and "{" not in texts(page)
    await browser.open(f"/{language}/my-interview/contact/email")
    code = await browser.submit(f"/{language}/my-interview/contact/email", email="rosa@correo.org")
    assert "rosa" not in str(code.url) + code.text


async def test_the_portal_understands_the_intake_that_there_is(own: Own) -> None:
    async with served(own.intake.app) as url:
        contacts = Contacts(url, ROLES["service"])
        await contacts.say(own.case_ref, "assistant", locale="fr")
        outcome = await contacts.propose(own.case_ref, NEW)
        shown = await contacts.of(own.case_ref)
        assert shown.proposal
        code = own.notifications.codes[0]["code"]
        done = await contacts.confirm(own.case_ref, "household", proposal=shown.proposal, code=code)
        after = await contacts.of(own.case_ref)

    assert ("proposed", "changed", "fr", "r…@c….org", None) == (
        outcome,
        done,
        after.locale,
        after.email,
        after.proposal,
    )
    by = [row.acted_by for row in await own.intake.rows("select acted_by from contact_changes order by id")]
    assert ["assistant", "household"] == by
