"""My interview: a household reads how its case stands, and says yes, no or not any more; each thing once."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest

from services.scheduling import commands
from shared.events import CaseChanged, CaseState, ProgrammeStatus
from tests.builders import a_case, a_programme
from tests.portal import LANGUAGES, Portal, forms, headings, texts

HOME = "/en/my-interview"


async def test_an_offer_is_read_checked_accepted_and_its_confirmation_stays(portal: Portal, case: CaseChanged) -> None:
    browser = await portal.logged_in(case.case_ref)
    offer = browser.page
    checked = await browser.open(f"{HOME}/accept")
    accepted = await browser.submit(f"{HOME}/accept")
    again = await browser.open(HOME)

    assert "Tapachula" in texts(offer) and "Answer" not in headings(offer)[0]
    assert ["Do you accept this date?"] == headings(checked)
    assert (HOME, ["Your interview is booked"]) == (browser.place, headings(accepted))
    assert case.case_ref in accepted.text
    assert headings(accepted) == headings(again)
    live = await portal.scheduling.live(case)
    assert ("booked", "household") == (live.status, live.acted_by)


async def test_reading_changes_nothing(portal: Portal, case: CaseChanged) -> None:
    browser = await portal.logged_in(case.case_ref)
    before = await portal.scheduling.live(case)

    for page in ("", "/accept", "/decline"):
        await browser.open(HOME + page)

    assert before == await portal.scheduling.live(case)


async def test_a_double_click_books_once_and_says_so_twice(portal: Portal, case: CaseChanged) -> None:
    browser = await portal.logged_in(case.case_ref)
    await browser.open(f"{HOME}/accept")
    sent = forms(browser.page)[f"{HOME}/accept"]

    answers = await asyncio.gather(*(browser.client.post(f"{HOME}/accept", data=sent) for _ in range(4)))

    assert [(303, HOME)] * 4 == [(answer.status_code, answer.headers["location"]) for answer in answers]
    booked = [type_ for type_ in await portal.scheduling.published(case) if type_.endswith("booked.v1")]
    assert 1 == len(booked)


@pytest.mark.parametrize("cause", ["applicant-unable", "household-changed", "applicant-request"])
async def test_an_offer_is_declined_for_a_cause_and_the_household_keeps_its_place(
    portal: Portal, case: CaseChanged, cause: str
) -> None:
    browser = await portal.logged_in(case.case_ref)
    offered = await portal.scheduling.live(case)
    await browser.open(f"{HOME}/decline")

    page = await browser.submit(f"{HOME}/decline", cause=cause)

    assert (HOME, ["There is no date for your interview yet"]) == (browser.place, headings(page))
    assert "You keep your place on the list" in texts(page)
    ended = await portal.scheduling.appointment(offered.id)
    assert ("cancelled", cause, "household") == (ended.status, ended.reason, ended.acted_by)
    assert "declined" == await portal.scheduling.waiting(case)


@pytest.mark.parametrize("cause", ["", "safety", "site-closed"])
async def test_without_a_cause_of_the_household_nothing_is_declined(
    portal: Portal, case: CaseChanged, cause: str
) -> None:
    browser = await portal.logged_in(case.case_ref)
    await browser.open(f"{HOME}/decline")

    page = await browser.submit(f"{HOME}/decline", cause=cause)

    assert 422 == page.status_code
    assert "Choose a reason" in texts(page)
    assert "pending" == (await portal.scheduling.live(case)).status


async def test_a_booked_interview_is_cancelled(portal: Portal, case: CaseChanged) -> None:
    await portal.scheduling.do(lambda uow: commands.accept(uow, case.case_ref, "assistant"))
    browser = await portal.logged_in(case.case_ref)
    asked = await browser.open(f"{HOME}/decline")

    await browser.submit(f"{HOME}/decline", cause="applicant-unable")

    assert ["Why do you want to cancel the interview?"] == headings(asked)
    assert "declined" == await portal.scheduling.waiting(case)


async def test_two_tabs_of_which_one_declines_and_the_other_accepts_say_what_is_true(
    portal: Portal, case: CaseChanged
) -> None:
    browser = await portal.logged_in(case.case_ref)
    accepting = await browser.open(f"{HOME}/accept")
    await browser.open(f"{HOME}/decline")
    await browser.submit(f"{HOME}/decline", cause="applicant-unable")
    browser.page = accepting

    page = await browser.submit(f"{HOME}/accept")

    assert 409 == page.status_code
    assert "There is no date to answer for any more" in texts(page)
    assert ["There is no date for your interview yet"] == headings(page)
    assert "declined" == await portal.scheduling.waiting(case)


async def test_an_old_form_does_not_hit_the_offer_that_came_after_it(portal: Portal, case: CaseChanged) -> None:
    browser = await portal.logged_in(case.case_ref)
    old = await browser.open(f"{HOME}/accept")
    await portal.scheduling.do(lambda uow: commands.decline(uow, case.case_ref, "assistant"))
    await portal.scheduling.do(lambda uow: commands.offer_again(uow, case.case_ref))
    browser.page = old

    page = await browser.submit(f"{HOME}/accept")

    assert 409 == page.status_code
    assert "You answered for another date" in texts(page)
    assert ["There is a date for your interview"] == headings(page)
    assert "pending" == (await portal.scheduling.live(case)).status


async def test_a_case_that_is_withdrawn_while_its_page_is_open_says_so_and_nothing_is_booked(
    portal: Portal, case: CaseChanged
) -> None:
    browser = await portal.logged_in(case.case_ref)
    await browser.open(f"{HOME}/accept")
    await portal.scheduling.receive(
        case.model_copy(
            update={"version": case.version + 1, "state": CaseState.WITHDRAWN, "reason": "applicant-request"}
        )
    )

    page = await browser.submit(f"{HOME}/accept")

    assert 409 == page.status_code
    assert headings(page) == headings(await browser.open(HOME))
    assert "accept" not in " ".join(forms(page))
    assert await portal.scheduling.count("select count(*) from appointments where status = 'booked'") == 0


async def test_an_appointment_of_another_household_cannot_be_named(portal: Portal, case: CaseChanged) -> None:
    other = a_case()
    await portal.scheduling.receive(other)
    foreign = (await portal.scheduling.live(other)).id
    browser = await portal.logged_in(case.case_ref)

    for id in (str(foreign), str(uuid4()), "", "none"):
        await browser.open(f"{HOME}/accept")
        assert 409 == (await browser.submit(f"{HOME}/accept", appointment=id)).status_code
        await browser.open(f"{HOME}/decline")
        assert 409 == (await browser.submit(f"{HOME}/decline", appointment=id, cause="applicant-unable")).status_code

    assert ("pending", "pending") == (
        (await portal.scheduling.live(case)).status,
        (await portal.scheduling.live(other)).status,
    )


async def test_an_offer_whose_time_is_over_cannot_be_accepted_and_the_page_says_so(
    portal: Portal, case: CaseChanged
) -> None:
    browser = await portal.logged_in(case.case_ref)
    await browser.open(f"{HOME}/accept")
    await portal.scheduling.set_deadline((await portal.scheduling.live(case)).id, portal.clock.now())

    page = await browser.submit(f"{HOME}/accept")

    assert 409 == page.status_code
    assert "The time to answer is over" in texts(page)


async def test_a_session_that_ends_in_the_middle_leads_back_to_the_same_question(
    portal: Portal, case: CaseChanged
) -> None:
    browser = await portal.logged_in(case.case_ref)
    await browser.open(f"{HOME}/accept")
    portal.clock.advance(timedelta(minutes=31))

    await browser.submit(f"{HOME}/accept")
    await browser.submit("/en/case", reference=case.case_ref)
    page = await browser.submit("/en/case/code", code=await portal.notifications.code_for(case.case_ref, 2))
    done = await browser.submit(f"{HOME}/accept")

    assert ["Do you accept this date?"] == headings(page)
    assert ["Your interview is booked"] == headings(done)


async def test_without_a_session_nothing_is_shown_and_nothing_is_done(portal: Portal, case: CaseChanged) -> None:
    stranger = portal.browser()
    await stranger.open("/en/case")
    proof = forms(stranger.page)["/en/case"]["proof"]
    id = str((await portal.scheduling.live(case)).id)

    for action in ("accept", "decline", "again"):
        answer = await stranger.client.post(
            f"{HOME}/{action}", data={"proof": proof, "appointment": id, "cause": "applicant-unable"}
        )
        assert (303, True) == (answer.status_code, answer.headers["location"].startswith("/en/case?back="))
    for page in ("", "/accept", "/decline"):
        assert "Tapachula" not in (await stranger.open(HOME + page)).text
    assert "pending" == (await portal.scheduling.live(case)).status


async def test_a_form_that_another_site_sends_does_nothing(portal: Portal, case: CaseChanged) -> None:
    browser = await portal.logged_in(case.case_ref)
    id = str((await portal.scheduling.live(case)).id)

    page = await browser.client.post(f"{HOME}/accept", data={"appointment": id})

    assert 403 == page.status_code
    assert "pending" == (await portal.scheduling.live(case)).status


async def test_who_did_not_answer_twice_says_that_it_still_wants_an_interview(portal: Portal) -> None:
    made = a_case()
    await portal.scheduling.receive(a_programme(), made)
    await portal.scheduling.do(
        lambda uow: uow.execute("update cases set offers_missed = 1 where case_ref = :ref", ref=made.case_ref)
    )
    await portal.scheduling.set_deadline((await portal.scheduling.live(made)).id, portal.clock.now())
    await portal.scheduling.jobs.expire_offers()
    browser = await portal.logged_in(made.case_ref)
    asked = browser.page

    page = await browser.submit(f"{HOME}/again")

    assert "Do you still want an interview?" in texts(asked)
    assert ["There is a date for your interview"] == headings(page)


async def test_who_waits_reads_why_and_who_is_closed_reads_that(portal: Portal) -> None:
    waits = a_case(programme="MX-CLO")
    closed = a_case(state=CaseState.INELIGIBLE)
    programme = a_programme(programme="MX-CLO", status=ProgrammeStatus.CLOSED)
    await portal.scheduling.receive(a_programme(), programme, waits, closed)

    waiting = (await portal.logged_in(waits.case_ref)).page
    ended = (await portal.logged_in(closed.case_ref)).page

    assert "The authority has closed this programme" in texts(waiting)
    assert ["You are no longer on the list for a date"] == headings(ended)


@pytest.mark.parametrize("language", LANGUAGES)
async def test_every_page_of_a_case_is_in_its_language_light_and_kept_by_nobody(
    portal: Portal, case: CaseChanged, language: str
) -> None:
    browser = await portal.logged_in(case.case_ref, language)
    pages = [await browser.open(f"/{language}/my-interview{page}") for page in ("", "/accept", "/decline")]
    await browser.open(f"/{language}/my-interview/accept")
    pages.append(await browser.submit(f"/{language}/my-interview/accept"))

    for page in pages:
        assert (200, "no-store", language) == (
            page.status_code,
            page.headers["cache-control"],
            page.headers["content-language"],
        )
        assert len(page.content) < 12_000
        assert 1 == len(headings(page))
        assert [True] == [each.startswith(' type="module" src="/assets/') for each in page.text.split("<script")[1:]]
        assert case.case_ref not in str(page.url)
