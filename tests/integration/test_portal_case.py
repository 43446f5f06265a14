"""Find your case: a reference, a code to the contact on file; nothing for strangers to learn, and waits for who insists."""

import asyncio
import re
from datetime import timedelta

import pytest

from services.scheduling.access.codes import PAUSES_SECONDS
from shared.events import CaseChanged
from shared.reference import new_case_ref
from tests.portal import Portal, asked_for_code, forms, headings, texts


async def test_a_reference_and_the_code_that_comes_to_the_contact_open_the_case(
    portal: Portal, case: CaseChanged
) -> None:
    browser = portal.browser()

    await asked_for_code(browser, case.case_ref)
    page = await browser.submit("/en/case/code", code=await portal.notifications.code_for(case.case_ref))

    assert (200, "/en/my-interview") == (page.status_code, browser.place)
    assert case.case_ref in page.text
    assert ["There is a date for your interview"] == headings(page)


async def test_the_reference_may_be_typed_as_people_read_it(portal: Portal, case: CaseChanged) -> None:
    plain = case.case_ref.replace("-", "").lower().replace("0", "O").replace("1", "l")
    for typed in (plain, f" {plain[:6]} {plain[6:]} "):
        page = await asked_for_code(portal.browser(), typed)

        assert ["Type your code or your PIN"] == headings(page)

    await portal.notifications.code_for(case.case_ref, 2)


RUBBISH = [
    "<b>&",
    "x" * 500,
    "Мария Ñandú 李",
    "\u202eNA7K-3QF2\u202c",
    "😀" * 200,
    "' or 1=1 --",
    "{{ 7 * 7 }}",
]


@pytest.mark.parametrize("typed", ["", "NA7K", "NA7K-3QF2-M9X1", *RUBBISH])
async def test_what_cannot_be_a_reference_is_said_and_what_was_typed_stays(portal: Portal, typed: str) -> None:
    page = await asked_for_code(portal.browser(), typed)

    assert 422 == page.status_code
    assert "There is a problem" in texts(page)
    assert 'href="#reference"' in page.text
    assert "<b>&" not in page.text
    assert page.text.startswith("<!DOCTYPE html>")
    assert "<title>Error:" in page.text


async def test_a_stranger_sees_the_same_for_a_case_that_exists_and_for_one_that_does_not(
    portal: Portal, case: CaseChanged
) -> None:
    seen = []
    for reference in (case.case_ref, new_case_ref()):
        browser = portal.browser()
        await browser.open("/en/case")
        answer = await browser.client.post("/en/case", data={**forms(browser.page)["/en/case"], "reference": reference})
        code_page = await browser.open(answer.headers["location"])
        wrong = [await browser.submit("/en/case/code", code=f"00000{n}") for n in range(4)]
        pages = [re.sub('value="[^"]*"', "", page.text) for page in (answer, code_page, *wrong)]
        statuses = [page.status_code for page in (answer, code_page, *wrong)]
        headers = {name: value for name, value in answer.headers.items() if name not in ("set-cookie", "date")}
        seen.append((pages, statuses, headers))

    assert seen[0] == seen[1]
    await portal.notifications.code_for(case.case_ref)
    assert [case.case_ref] == [each["case_ref"] for each in portal.notifications.asked]


async def test_the_answer_does_not_wait_until_the_code_is_sent(portal: Portal, case: CaseChanged) -> None:
    portal.notifications.failures = 1
    begins = asyncio.get_running_loop().time()

    await asked_for_code(portal.browser(), case.case_ref)

    assert asyncio.get_running_loop().time() - begins < PAUSES_SECONDS[1]
    await portal.notifications.code_for(case.case_ref)


async def test_a_code_works_once(portal: Portal, case: CaseChanged) -> None:
    browser = portal.browser()
    await asked_for_code(browser, case.case_ref)
    code, old_page = await portal.notifications.code_for(case.case_ref), browser.page
    await browser.submit("/en/case/code", code=code)
    browser.client.cookies.delete("__Host-session")

    browser.page = old_page
    page = await browser.submit("/en/case/code", code=code)

    assert 422 == page.status_code
    assert "This code no longer works" in texts(page)


async def test_two_at_once_with_the_same_code_open_one_session(portal: Portal, case: CaseChanged) -> None:
    browser = portal.browser()
    await asked_for_code(browser, case.case_ref)
    sent = {**forms(browser.page)["/en/case/code"], "code": await portal.notifications.code_for(case.case_ref)}

    answers = await asyncio.gather(*(browser.client.post("/en/case/code", data=sent) for _ in range(5)))

    assert [303, 422, 422, 422, 422] == sorted(answer.status_code for answer in answers)
    assert 1 == await portal.scheduling.count("select count(*) from login_sessions")


async def test_a_code_works_only_in_the_browser_that_asked_for_it(portal: Portal, case: CaseChanged) -> None:
    owner, other = portal.browser(), portal.browser()
    await asked_for_code(owner, case.case_ref)
    code = await portal.notifications.code_for(case.case_ref)
    await asked_for_code(other, case.case_ref)
    await portal.notifications.code_for(case.case_ref, 2)

    stolen = await other.submit("/en/case/code", code=code)
    opened = await owner.submit("/en/case/code", code=code)

    assert (422, 200) == (stolen.status_code, opened.status_code)


@pytest.mark.parametrize("digits", ["\u2068{}\u2069", "٠١٢٣٤٥٦٧٨٩"])
async def test_a_code_pasted_with_marks_that_nobody_sees_or_typed_in_arabic_digits_is_the_code(
    portal: Portal, case: CaseChanged, digits: str
) -> None:
    browser = portal.browser()
    await asked_for_code(browser, case.case_ref)
    code = await portal.notifications.code_for(case.case_ref)
    typed = digits.format(code) if "{}" in digits else code.translate(str.maketrans("0123456789", digits))

    await browser.submit("/en/case/code", code=typed)

    assert "/en/my-interview" == browser.place


async def test_a_code_holds_for_ten_minutes(portal: Portal, case: CaseChanged) -> None:
    browser = portal.browser()
    await asked_for_code(browser, case.case_ref)
    portal.clock.advance(timedelta(minutes=10))

    page = await browser.submit("/en/case/code", code=await portal.notifications.code_for(case.case_ref))

    assert "This code no longer works" in texts(page)


async def test_a_new_code_makes_the_old_one_invalid(portal: Portal, case: CaseChanged) -> None:
    browser = portal.browser()
    await asked_for_code(browser, case.case_ref)
    old = await portal.notifications.code_for(case.case_ref)
    await browser.submit("/en/case/again")
    new = await portal.notifications.code_for(case.case_ref, 2)

    first = await browser.submit("/en/case/code", code=old)
    second = await browser.submit("/en/case/code", code=new)

    assert (422, 200) == (first.status_code, second.status_code)


async def test_after_three_wrong_tries_the_right_code_opens_nothing(portal: Portal, case: CaseChanged) -> None:
    browser = portal.browser()
    await asked_for_code(browser, case.case_ref)
    right = await portal.notifications.code_for(case.case_ref)
    wrong = [f"{(int(right) + n) % 10**6:06}" for n in (1, 2, 3)]
    sent = forms(browser.page)["/en/case/code"]

    tried = await asyncio.gather(*(browser.client.post("/en/case/code", data={**sent, "code": code}) for code in wrong))
    page = await browser.submit("/en/case/code", code=right)

    assert [422] * 3 == [answer.status_code for answer in tried]
    assert "This code no longer works" in texts(page)


async def test_what_cannot_be_a_code_costs_no_try(portal: Portal, case: CaseChanged) -> None:
    browser = portal.browser()
    await asked_for_code(browser, case.case_ref)
    code = await portal.notifications.code_for(case.case_ref)
    for typed in ("", "12345", "abcdef", "１２３４５６"):
        assert 422 == (await browser.submit("/en/case/code", code=typed)).status_code

    page = await browser.submit("/en/case/code", code=f" {code[:3]} {code[3:]}")

    assert "/en/my-interview" == browser.place, texts(page)


async def test_who_asks_for_one_code_after_the_other_waits_longer_each_time_and_is_told_how_long(
    portal: Portal, case: CaseChanged
) -> None:
    waits = []
    for _ in range(4):
        while (page := await asked_for_code(portal.browser(), case.case_ref)).status_code == 200:
            portal.clock.advance(timedelta(seconds=1))
        assert 429 == page.status_code
        waits.append(int(page.headers["retry-after"]))
        portal.clock.advance(timedelta(seconds=waits[-1]))

    assert [2, 4, 8, 16] == [round(wait / 60) for wait in waits]
    assert "Try again in 16 minutes." in texts(page)


async def test_who_waits_can_type_the_code_that_came_and_then_sees_the_page_that_was_asked_for_or_goes_back(
    portal: Portal, case: CaseChanged
) -> None:
    browser = portal.browser()
    await browser.open("/en/my-interview/letter")
    while (page := await browser.submit("/en/case", reference=case.case_ref)).status_code == 200:
        await browser.open("/en/case?back=my-interview/letter")

    assert 429 == page.status_code
    assert ["/en/case/code?back=my-interview/letter"] == re.findall(
        r'<p class="govuk-body"><a class="govuk-link" href="([^"]+)"', page.text
    )
    assert "my-interview/letter" == forms(page)["/en/case?back=my-interview%2Fletter"]["back"]


async def test_waiting_is_enough_and_another_case_does_not_wait(portal: Portal, case: CaseChanged) -> None:
    for _ in range(4):
        page = await asked_for_code(portal.browser(), case.case_ref)
    other = await asked_for_code(portal.browser(), new_case_ref())
    portal.clock.advance(timedelta(seconds=int(page.headers["retry-after"])))

    again = await asked_for_code(portal.browser(), case.case_ref)

    assert (429, 200, 200) == (page.status_code, other.status_code, again.status_code)


async def test_a_reference_that_does_not_exist_makes_wait_just_the_same(portal: Portal, case: CaseChanged) -> None:
    seen = []
    for reference in (case.case_ref, new_case_ref()):
        pages = [await asked_for_code(portal.browser(), reference) for _ in range(4)]
        seen.append(([page.status_code for page in pages], re.sub('value="[^"]*"', "", pages[-1].text)))

    assert seen[0] == seen[1]


@pytest.mark.parametrize(
    "strangers", [["198.51.100.9"] * 9, [f"2001:db8:1:{n:x}::1" for n in range(9)]], ids=["one address", "one /48"]
)
async def test_a_stranger_who_asks_for_codes_of_a_case_waits_and_its_household_does_not(
    portal: Portal, case: CaseChanged, strangers: list[str]
) -> None:
    pages = [await asked_for_code(portal.browser(address), case.case_ref) for address in strangers]
    household = await asked_for_code(portal.browser("203.0.113.50"), case.case_ref)

    assert [200] * 3 + [429] * 6 == [page.status_code for page in pages]
    assert (200, ["Type your code or your PIN"]) == (household.status_code, headings(household))


async def test_a_case_has_no_end_of_codes_for_who_has_many_networks_and_who_logs_in_ends_the_wait(
    portal: Portal, case: CaseChanged
) -> None:
    household = portal.browser("203.0.113.50")
    await asked_for_code(household, case.case_ref)
    code = await portal.notifications.code_for(case.case_ref)
    pages = [await asked_for_code(portal.browser(f"198.51.100.{n}"), case.case_ref) for n in range(1, 32)]

    await household.submit("/en/case/code", code=code)
    after = await asked_for_code(portal.browser("198.51.100.99"), case.case_ref)

    assert ([200] * 29, [429] * 2, 200) == (
        [page.status_code for page in pages[:29]],
        [page.status_code for page in pages[29:]],
        after.status_code,
    )


async def test_an_address_that_tries_many_references_waits_and_another_address_does_not(portal: Portal) -> None:
    pages = [await asked_for_code(portal.browser(f"2001:db8:1:2::{n:x}"), new_case_ref()) for n in range(1, 32)]
    other = await asked_for_code(portal.browser("2001:db8:1:3::1"), new_case_ref())

    assert (200, 429, 200) == (pages[29].status_code, pages[30].status_code, other.status_code)
    assert "Try again in 1 minute." in texts(pages[30])


async def test_when_everyone_together_asks_for_too_many_all_wait_a_little(portal: Portal) -> None:
    for n in (1, 2):
        await asked_for_code(portal.browser(f"203.0.113.{n}"), new_case_ref())
    pressed = "update login_pressures set free_at = cast(:now as timestamptz) + interval '1 minute' where pressure > 1.5"  # everyone's alone
    assert 1 == await portal.scheduling.do(lambda uow: uow.execute(pressed, now=portal.clock.now()))

    page = await asked_for_code(portal.browser("203.0.113.3"), new_case_ref())

    assert 429 == page.status_code
    assert "Try again in 1 minute." in texts(page)


async def test_no_address_and_no_code_is_stored_in_clear(portal: Portal, case: CaseChanged) -> None:
    await asked_for_code(portal.browser(), case.case_ref)
    code = await portal.notifications.code_for(case.case_ref)

    for table in ("login_codes", "login_pressures"):
        rows = str(await portal.scheduling.rows(f"select t::text from {table} t"))  # noqa: S608 - our own tables
        assert len(rows) > 50
        assert (code in rows.split("-"), "203.0.113.7" in rows, b"203.0.113.7".hex() in rows) == (False,) * 3


async def test_who_asks_in_the_same_moment_as_others_does_not_wait(portal: Portal, case: CaseChanged) -> None:
    """Of two requests the one that began first may come to the count second."""
    await asked_for_code(portal.browser("198.51.100.1"), new_case_ref())
    portal.clock.advance(timedelta(milliseconds=-1))

    page = await asked_for_code(portal.browser("198.51.100.2"), case.case_ref)

    assert (200, ["Type your code or your PIN"]) == (page.status_code, headings(page))
