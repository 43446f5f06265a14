"""Assisted mode: nothing is shown without consent, every look is recorded, and nothing is left at the end."""

import re
from datetime import timedelta

import pytest
from sqlalchemy.exc import DBAPIError, IntegrityError

from services.scheduling import commands
from shared.events import CaseChanged
from shared.reference import new_case_ref
from tests.assisting import helping, signed_in
from tests.builders import a_case
from tests.portal import LANGUAGES, Browser, Portal, forms, headings, texts

MINE = "/en/my-interview"
PRIVATE = (MINE, f"{MINE}/accept", f"{MINE}/decline", f"{MINE}/places", f"{MINE}/choose", f"{MINE}/letter")

CHANGES = (
    "update consents set worker = 'x'",
    "delete from consents",
    "truncate consents cascade",
    "update assist_looks set worker = 'x'",
    "delete from assist_looks",
    "truncate assist_looks",
)


async def looks(portal: Portal) -> list[tuple[str, str, str]]:
    """Worker, case and page of each look, oldest first."""
    rows = await portal.scheduling.rows("select worker, case_ref, page from assist_looks order by id")
    return [(row.worker, row.case_ref, row.page) for row in rows]


async def test_a_worker_sees_the_page_of_a_household_that_agreed_and_accepts_for_it(
    portal: Portal, case: CaseChanged
) -> None:
    worker = await helping(portal, case.case_ref)
    offered, place = headings(worker.page), worker.place

    await worker.open(f"{MINE}/accept")
    booked = await worker.submit(f"{MINE}/accept")

    assert (MINE, ["There is a date for your interview"]) == (place, offered)
    assert ["Your interview is booked"] == headings(booked)
    assert "assistant" == (await portal.scheduling.live(case)).acted_by


async def test_the_consent_is_kept_with_who_gave_it_how_when_and_to_whom_for_good(
    portal: Portal, case: CaseChanged
) -> None:
    await helping(portal, case.case_ref, by="principal", how="phone")

    [row] = await portal.scheduling.rows("select * from consents")

    assert (case.case_ref, "principal", "phone") == (row.case_ref, row.given_by, row.given_how)
    assert ("tap-07", portal.clock.now()) == (row.worker, row.recorded_at)
    for change in CHANGES:
        with pytest.raises(DBAPIError, match="never change"):
            await portal.scheduling.execute(change)


@pytest.mark.parametrize("path", PRIVATE)
async def test_without_consent_nothing_of_the_case_is_shown(portal: Portal, case: CaseChanged, path: str) -> None:
    worker = await signed_in(portal)
    await worker.submit("/en/assist/case", reference=case.case_ref)

    page = await worker.open(path)

    assert ("/en/assist/consent", ["Does the household agree that you help it?"]) == (worker.place, headings(page))
    assert [] == await looks(portal)


async def test_the_reference_that_is_asked_about_runs_from_left_to_right_in_every_language(
    portal: Portal, case: CaseChanged
) -> None:
    worker = await signed_in(portal)

    page = await worker.submit("/en/assist/case", reference=case.case_ref)

    assert f'dir="ltr">{case.case_ref}<' in page.text


async def test_without_consent_nothing_is_booked(portal: Portal, case: CaseChanged) -> None:
    worker = await signed_in(portal)
    await worker.submit("/en/assist/case", reference=case.case_ref)
    proof = forms(worker.page)["/en/assist/consent"]["proof"]

    for action in ("accept", "decline", "again", "choose"):
        await worker.client.post(f"{MINE}/{action}", data={"proof": proof})
    await worker.client.post("/en/assist/pin", data={"proof": proof, "made": "0"})

    assert "pending" == (await portal.scheduling.live(case)).status
    assert 0 == await portal.scheduling.count("select count(*) from pins")


async def test_the_database_itself_opens_no_case_by_the_consent_of_another(portal: Portal, case: CaseChanged) -> None:
    other = a_case()
    await portal.scheduling.receive(other)
    await helping(portal, case.case_ref)

    with pytest.raises(IntegrityError):
        await portal.scheduling.do(lambda uow: uow.execute("update assists set case_ref = :ref", ref=other.case_ref))


@pytest.mark.parametrize("fields", [{}, {"by": "adult"}, {"how": "spoken"}, {"by": "child", "how": "spoken"}])
async def test_a_consent_says_who_and_how(portal: Portal, case: CaseChanged, fields: dict[str, str]) -> None:
    worker = await signed_in(portal)
    await worker.submit("/en/assist/case", reference=case.case_ref)

    page = await worker.submit("/en/assist/consent", **fields)

    assert 422 == page.status_code
    assert "There is a problem" in texts(page)
    assert 0 == await portal.scheduling.count("select count(*) from consents")


async def test_a_consent_for_one_case_does_not_count_for_another_that_was_named_meanwhile(
    portal: Portal, case: CaseChanged
) -> None:
    other = a_case()
    await portal.scheduling.receive(other)
    worker = await signed_in(portal)
    first = await worker.submit("/en/assist/case", reference=case.case_ref)
    await worker.open("/en/assist/case")
    await worker.submit("/en/assist/case", reference=other.case_ref)
    worker.page = first

    await worker.submit("/en/assist/consent", by="adult", how="spoken")

    assert "/en/assist/consent" == worker.place
    assert 0 == await portal.scheduling.count("select count(*) from consents")


@pytest.mark.parametrize(
    ("worker", "key"),
    [("tap-07", "scheduler"), ("tap-07", "ops"), ("tap-07", ""), ("", "assistant"), ("Ana P", "assistant")],
)
async def test_only_the_key_of_a_resource_centre_with_a_staff_number_signs_in(
    portal: Portal, worker: str, key: str
) -> None:
    browser = await signed_in(portal, worker, key)

    assert (422, "/en/assist") == (browser.page.status_code, browser.place)
    assert "__Host-assist" not in browser.client.cookies
    assert f'value="{key}"' not in browser.page.text or not key


async def test_a_worker_is_told_that_no_case_has_a_reference(portal: Portal) -> None:
    worker = await signed_in(portal)

    page = await worker.submit("/en/assist/case", reference=new_case_ref())

    assert (422, True) == (page.status_code, "No case has this reference" in texts(page))


async def test_every_look_and_every_act_is_recorded_with_worker_and_case(portal: Portal, case: CaseChanged) -> None:
    worker = await helping(portal, case.case_ref)
    await worker.open(f"{MINE}/accept")
    await worker.submit(f"{MINE}/accept")
    await worker.open(f"{MINE}/letter")

    pages = [f"GET {MINE}", f"GET {MINE}/accept", f"POST {MINE}/accept", f"GET {MINE}", f"GET {MINE}/letter"]

    assert [("tap-07", case.case_ref, page) for page in pages] == await looks(portal)


async def test_a_worker_sees_what_the_household_sees_and_no_more(portal: Portal, case: CaseChanged) -> None:
    household = await portal.logged_in(case.case_ref)
    worker = await helping(portal, case.case_ref)
    own = re.findall(r"<d[td][^>]*>.*?</d[td]>", household.page.text, re.DOTALL)

    assert own
    assert own == re.findall(r"<d[td][^>]*>.*?</d[td]>", worker.page.text, re.DOTALL)


async def test_a_worker_sees_only_the_household_of_the_consent(portal: Portal, case: CaseChanged) -> None:
    worker = await helping(portal, case.case_ref)

    await worker.open("/en/assist/case")

    assert MINE == worker.place


async def test_finish_ends_the_session_and_has_the_browser_forget_everything(portal: Portal, case: CaseChanged) -> None:
    worker = await helping(portal, case.case_ref)
    token, sent = worker.client.cookies["__Host-assist"], forms(worker.page)["/en/assist/finish"]

    answer = await worker.client.post("/en/assist/finish", data=sent)
    left = dict(worker.client.cookies)
    await worker.open(MINE)
    place = worker.place
    worker.client.cookies.set("__Host-assist", token, domain="portal.example")
    await worker.open(MINE)

    assert '"cache", "cookies", "storage"' == answer.headers["clear-site-data"]
    assert {} == left
    assert ("/en/case?back=my-interview", "/en/assist/over") == (place, worker.place)
    assert 0 == await portal.scheduling.count("select count(*) from assists")


@pytest.mark.parametrize("page", [MINE, f"{MINE}/places", "/en/assist/case"])
async def test_after_ten_minutes_without_a_look_nothing_is_shown_any_more(
    portal: Portal, case: CaseChanged, page: str
) -> None:
    worker = await helping(portal, case.case_ref)
    portal.clock.advance(timedelta(minutes=9))
    await worker.open(MINE)
    still = worker.place
    portal.clock.advance(timedelta(minutes=10))

    await worker.open(page)

    assert MINE == still
    assert worker.place in ("/en/assist/over", "/en/assist")
    assert case.case_ref not in worker.page.text
    await portal.scheduling.jobs.forget_what_is_over()
    assert 0 == await portal.scheduling.count("select count(*) from assists")


async def test_a_page_that_is_left_open_leaves_by_itself_and_the_browser_forgets(
    portal: Portal, case: CaseChanged
) -> None:
    worker = await helping(portal, case.case_ref)
    seconds, _, target = worker.page.headers["refresh"].partition("; url=")
    live = await worker.client.get(target)
    portal.clock.advance(timedelta(seconds=int(seconds)))

    over = await worker.open(target)

    assert 303 == live.status_code and "clear-site-data" not in live.headers
    assert ["Nothing of the household is left in this browser"] == headings(over)
    assert "cookies" in over.headers["clear-site-data"]
    assert {} == dict(worker.client.cookies)


async def test_a_session_of_a_worker_ends_after_two_hours_whoever_uses_it(portal: Portal, case: CaseChanged) -> None:
    worker = await helping(portal, case.case_ref)
    for _ in range(14):
        portal.clock.advance(timedelta(minutes=9))
        await worker.open(MINE)

    assert "/en/assist/over" == worker.place


async def test_no_page_of_an_assisted_household_is_kept_by_the_browser(portal: Portal, case: CaseChanged) -> None:
    await portal.scheduling.do(lambda uow: commands.accept(uow, case.case_ref, "household"))
    worker = await helping(portal, case.case_ref)

    for path in ("/en/assist/over", MINE, f"{MINE}/letter", f"{MINE}/places", f"{MINE}/decline"):
        page = await worker.open(path)
        assert "no-store" == page.headers["cache-control"]
        assert "refresh" in page.headers
    letter = await worker.open(f"{MINE}/letter.pdf")

    assert f"{MINE}/letter" == worker.place  # no file for the folder of downloads
    assert "letter.pdf" not in letter.text


async def test_signing_in_ends_the_session_of_a_household_that_used_this_browser(
    portal: Portal, case: CaseChanged
) -> None:
    browser = await portal.logged_in(case.case_ref)
    await browser.open("/en/assist")

    await browser.submit("/en/assist", worker="tap-07", key="assistant")
    await browser.open(MINE)

    assert "/en/assist/case" == browser.place
    assert 0 == await portal.scheduling.count("select count(*) from login_sessions")


async def test_a_worker_prints_a_letter_with_a_pin_in_the_households_language(portal: Portal) -> None:
    case = a_case(locale="ht")
    await portal.scheduling.receive(case)
    worker = await helping(portal, case.case_ref)

    page = await worker.submit("/ht/assist/pin")
    [pin] = re.findall(r"\d{4} \d{4}", texts(page))
    household = portal.browser()
    await household.open("/ht/case")
    await household.submit("/ht/case", reference=case.case_ref)
    await household.submit("/ht/case/code", code=pin)

    assert "PIN ou" in texts(page) and case.case_ref in texts(page)
    assert "/ht/my-interview" == household.place
    assert "assistant" == (await portal.scheduling.rows("select made_by from pins"))[0].made_by


async def test_a_household_that_is_logged_in_makes_no_pin(portal: Portal, case: CaseChanged) -> None:
    browser = await portal.logged_in(case.case_ref)
    proof = forms(browser.page)["/en/log-out"]["proof"]

    await browser.client.post("/en/assist/pin", data={"proof": proof, "made": "0"})

    assert 0 == await portal.scheduling.count("select count(*) from pins")


async def test_a_letter_with_a_pin_that_is_loaded_again_keeps_the_printed_pin(
    portal: Portal, case: CaseChanged
) -> None:
    worker = await helping(portal, case.case_ref)
    sent = forms(worker.page)["/es/assist/pin"]
    await worker.client.post("/es/assist/pin", data=sent)

    again = await worker.client.post("/es/assist/pin", data=sent)
    made = await portal.scheduling.count("select count(*) from pins")
    await worker.open(MINE)
    another = await worker.submit("/es/assist/pin")

    assert (409, 1) == (again.status_code, made)
    assert "Hace un momento se hizo una carta con un PIN" in texts(again)
    assert (200, 2) == (another.status_code, await portal.scheduling.count("select count(*) from pins"))


async def test_another_site_cannot_finish_or_consent_for_a_worker(portal: Portal, case: CaseChanged) -> None:
    worker = await helping(portal, case.case_ref)

    for action in ("finish", "consent", "case", "pin"):
        assert 403 == (await worker.client.post(f"/en/assist/{action}", data={"proof": "x"})).status_code
    await worker.open(MINE)

    assert MINE == worker.place


@pytest.mark.parametrize("language", LANGUAGES)
async def test_the_worker_reads_the_pages_in_either_language(portal: Portal, case: CaseChanged, language: str) -> None:
    worker = await helping(portal, case.case_ref, language)
    other = "fr" if language == "ht" else "ht"

    await worker.open(f"/{other}/my-interview")

    assert f"/{other}/my-interview" == worker.place
    assert f"/{other}/assist/finish" in forms(worker.page)


async def test_assist_leads_to_the_browsers_language(portal: Portal) -> None:
    browser: Browser = portal.browser(**{"accept-language": "fr"})

    await browser.open("/assist")

    assert "/fr/assist" == browser.place
