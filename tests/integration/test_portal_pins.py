"""The PIN of a printed letter opens the case where a code would, for households that no code can reach."""

import re
import zlib
from datetime import timedelta

import httpx
import pytest
from sqlalchemy.exc import DBAPIError

from shared.events import CaseChanged
from shared.reference import new_case_ref
from tests.builders import a_case, a_programme
from tests.portal import LANGUAGES, Browser, Portal, asked_for_code, forms, headings, texts

WRONG = "00000000"


async def asked(portal: Portal, case_ref: str, path: str = "/pin", role: str = "assistant") -> httpx.Response:
    """What somebody with this role's token is answered."""
    headers = {"authorization": f"Bearer {role}"}
    return await portal.browser().client.post(f"/v1/cases/{case_ref}{path}", headers=headers)


async def made(portal: Portal, case_ref: str) -> str:
    """A new PIN of the case, as it is read: `0123 4567`."""
    return str((await asked(portal, case_ref)).json()["pin"])


async def typed(portal: Portal, case_ref: str, pin: str) -> Browser:
    """A browser in which the reference and the PIN were typed."""
    browser = portal.browser()
    await asked_for_code(browser, case_ref)
    await browser.submit("/en/case/code", code=pin)
    return browser


async def test_a_reference_and_the_pin_of_the_letter_open_the_case(portal: Portal, case: CaseChanged) -> None:
    answer = await asked(portal, case.case_ref)
    browser = await typed(portal, case.case_ref, answer.json()["pin"])

    assert (200, "no-store") == (answer.status_code, answer.headers["cache-control"])
    assert re.fullmatch(r"\d{4} \d{4}", answer.json()["pin"])
    assert "/en/my-interview" == browser.place


async def test_a_pin_opens_again_and_again_until_its_time_is_over(portal: Portal, case: CaseChanged) -> None:
    pin, begins = await made(portal, case.case_ref), portal.clock.now()
    for days in (0, 1, 179):
        portal.clock.instant = begins + timedelta(days=days)
        assert "/en/my-interview" == (await typed(portal, case.case_ref, pin.replace(" ", ""))).place
    portal.clock.instant = begins + timedelta(days=180)

    browser = await typed(portal, case.case_ref, pin)

    assert "This is not the right PIN" in texts(browser.page)


async def test_a_pin_may_be_typed_when_the_time_of_the_code_is_over(portal: Portal, case: CaseChanged) -> None:
    pin, browser = await made(portal, case.case_ref), portal.browser()
    await asked_for_code(browser, case.case_ref)
    portal.clock.advance(timedelta(hours=1))

    await browser.submit("/en/case/code", code=pin)

    assert "/en/my-interview" == browser.place


async def test_a_new_pin_replaces_the_old_one_and_ends_the_sessions_of_its_case_alone(
    portal: Portal, case: CaseChanged
) -> None:
    other = a_case()
    await portal.scheduling.receive(other)
    old = await made(portal, case.case_ref)
    inside, neighbour = await typed(portal, case.case_ref, old), await portal.logged_in(other.case_ref)

    new = await made(portal, case.case_ref)
    await inside.open("/en/my-interview")
    await neighbour.open("/en/my-interview")

    assert ("/en/case?back=my-interview", "/en/my-interview") == (inside.place, neighbour.place)
    assert "This is not the right PIN" in texts((await typed(portal, case.case_ref, old)).page)
    assert "/en/my-interview" == (await typed(portal, case.case_ref, new)).place


async def test_a_pin_opens_no_other_case(portal: Portal, case: CaseChanged) -> None:
    other = a_case()
    await portal.scheduling.receive(other)
    pin = await made(portal, case.case_ref)
    await made(portal, other.case_ref)

    assert "This is not the right PIN" in texts((await typed(portal, other.case_ref, pin)).page)


async def test_a_stranger_sees_the_same_for_a_wrong_pin_whether_there_is_a_case_or_a_pin_or_neither(
    portal: Portal, case: CaseChanged
) -> None:
    without, seen = a_case(), []
    await portal.scheduling.receive(without)
    await made(portal, case.case_ref)
    for reference in (case.case_ref, without.case_ref, new_case_ref()):
        browser = portal.browser()
        await asked_for_code(browser, reference)
        wrong = [await browser.submit("/en/case/code", code=WRONG) for _ in range(4)]
        seen.append([(page.status_code, re.sub('value="[^"]*"', "", page.text)) for page in wrong])

    assert seen[0] == seen[1] == seen[2]


async def test_who_guesses_pins_waits_as_who_asks_for_codes_and_the_right_one_opens_after_the_wait(
    portal: Portal, case: CaseChanged
) -> None:
    pin, guesser = await made(portal, case.case_ref), portal.browser()
    for _ in range(3):
        await asked_for_code(guesser, case.case_ref)
        for _ in range(3):
            await guesser.submit("/en/case/code", code=WRONG)
    fourth = await guesser.submit("/en/case/code", code=pin)
    waits = await asked_for_code(portal.browser(), case.case_ref)
    portal.clock.advance(timedelta(minutes=2))

    browser = await typed(portal, case.case_ref, pin)

    assert "This code no longer works" in texts(fourth)
    assert (429, "120") == (waits.status_code, waits.headers["retry-after"])
    assert "/en/my-interview" == browser.place


async def test_the_database_holds_no_pin_and_keeps_who_made_each(portal: Portal, case: CaseChanged) -> None:
    pins = [await made(portal, case.case_ref), (await asked(portal, case.case_ref, role="officer")).json()["pin"]]

    rows = await portal.scheduling.rows("select made_by, case_ref, pin, made_at from pins order by id")

    assert [("assistant", case.case_ref), ("officer", case.case_ref)] == [(row.made_by, row.case_ref) for row in rows]
    assert not any(pin.replace(" ", "").encode() in bytes(row.pin) for row in rows for pin in pins)
    for change in ("update pins set made_by = 'nobody'", "delete from pins", "truncate pins"):
        with pytest.raises(DBAPIError, match="never change"):
            await portal.scheduling.execute(change)


@pytest.mark.parametrize(("role", "status"), [("ops", 200), ("officer", 200), ("scheduler", 403), ("service", 403)])
async def test_a_pin_is_made_by_those_who_see_households(
    portal: Portal, case: CaseChanged, role: str, status: int
) -> None:
    assert status == (await asked(portal, case.case_ref, role=role)).status_code


async def test_a_case_that_does_not_exist_gets_no_pin(portal: Portal) -> None:
    answer = await asked(portal, new_case_ref())

    assert (404, "case_unknown") == (answer.status_code, answer.json()["code"])


@pytest.mark.parametrize("language", LANGUAGES)
async def test_the_sheet_is_in_the_households_language_and_its_pin_opens(portal: Portal, language: str) -> None:
    case = a_case(locale=language)
    await portal.scheduling.receive(a_programme(), case)

    answer = await asked(portal, case.case_ref, "/pin/letter")
    sheet = said(answer.content)
    [pin] = re.findall(r"\d{4} \d{4}", sheet)

    assert (200, "application/pdf") == (answer.status_code, answer.headers["content-type"])
    assert case.case_ref in sheet and f"portal.example/{language}/case" in sheet
    assert a_programme().title not in sheet
    assert "/en/my-interview" == (await typed(portal, case.case_ref, pin)).place


async def test_a_language_that_the_portal_does_not_speak_gets_the_sheet_in_spanish(portal: Portal) -> None:
    case = a_case(locale="mam")
    await portal.scheduling.receive(a_programme(), case)

    assert "Su PIN" in said((await asked(portal, case.case_ref, "/pin/letter")).content)


def said(pdf: bytes) -> str:
    """The words of a sheet, each piece of text in a line of its own."""
    pages = [zlib.decompress(each) for each in re.findall(rb"stream\n(x.*?)\nendstream", pdf, re.DOTALL)]
    pieces = [piece for page in pages for piece in re.findall(rb"\(((?:\\.|[^()\\])*)\) Tj", page)]
    return "\n".join(piece.decode("cp1252") for piece in pieces)


async def test_the_code_page_has_one_field_for_both_and_says_so(portal: Portal, case: CaseChanged) -> None:
    page = await asked_for_code(portal.browser(), case.case_ref)

    assert ["Type your code or your PIN"] == headings(page)
    assert 1 == page.text.count('name="code"')
    assert "PIN of 8 digits" in texts(page)
    assert {"/en/case/code", "/en/case/again"} <= forms(page).keys()
