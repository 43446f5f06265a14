"""My interview: a household that needs more time to answer gets it once, after it has read until when."""

from datetime import timedelta

import pytest

from services.scheduling import commands
from shared.events import CaseChanged
from tests.portal import LANGUAGES, Portal, forms, headings, texts

HOME = "/en/my-interview"


async def test_more_time_is_read_asked_for_and_given(portal: Portal, case: CaseChanged) -> None:
    browser = await portal.logged_in(case.case_ref)
    before = await portal.scheduling.live(case)
    asked = await browser.open(f"{HOME}/extend")

    page = await browser.submit(f"{HOME}/extend")

    after = await portal.scheduling.live(case)
    assert ["Do you need more time to answer?"] == headings(asked)
    assert before.deadline < after.deadline
    assert ("household", before.deadline) == (after.acted_by, after.first_deadline)
    assert (HOME, ["There is a date for your interview"]) == (browser.place, headings(page))
    assert "You asked for more time. It can be given once." in texts(page)
    assert "I need more time" not in texts(page)


async def test_reading_the_page_gives_no_time(portal: Portal, case: CaseChanged) -> None:
    browser = await portal.logged_in(case.case_ref)
    before = await portal.scheduling.live(case)

    await browser.open(f"{HOME}/extend")

    assert before == await portal.scheduling.live(case)


async def test_a_second_time_is_refused_with_what_holds(portal: Portal, case: CaseChanged) -> None:
    browser = await portal.logged_in(case.case_ref)
    asked = await browser.open(f"{HOME}/extend")
    await browser.submit(f"{HOME}/extend")
    given = await portal.scheduling.live(case)
    browser.page = asked

    page = await browser.submit(f"{HOME}/extend")

    assert 409 == page.status_code
    assert "You were given more time already" in texts(page)
    assert given == await portal.scheduling.live(case)
    await browser.open(f"{HOME}/extend")
    assert HOME == browser.place


async def test_who_has_said_yes_or_is_too_near_is_not_asked(portal: Portal, case: CaseChanged) -> None:
    browser = await portal.logged_in(case.case_ref)
    place = await portal.scheduling.live(case)
    await portal.scheduling.set_deadline(place.id, place.starts_at - timedelta(hours=12))
    near = await browser.open(HOME)
    await portal.scheduling.do(lambda uow: commands.accept(uow, case.case_ref, "assistant"))

    booked = await browser.open(f"{HOME}/extend")

    assert ("I need more time" in texts(near), "Accept this date" in texts(near)) == (False, True)
    assert (HOME, ["Your interview is booked"]) == (browser.place, headings(booked))


async def test_a_form_without_a_session_or_from_elsewhere_gives_no_time(portal: Portal, case: CaseChanged) -> None:
    stranger, browser = portal.browser(), await portal.logged_in(case.case_ref)
    await stranger.open("/en/case")
    proof = forms(stranger.page)["/en/case"]["proof"]
    offer = await portal.scheduling.live(case)

    outside = await stranger.client.post(f"{HOME}/extend", data={"proof": proof, "appointment": str(offer.id)})
    elsewhere = await browser.client.post(f"{HOME}/extend", data={"appointment": str(offer.id)})

    assert (303, 403) == (outside.status_code, elsewhere.status_code)
    assert offer == await portal.scheduling.live(case)


@pytest.mark.parametrize("language", LANGUAGES)
async def test_the_page_is_in_its_language_and_names_both_times(
    portal: Portal, case: CaseChanged, language: str
) -> None:
    browser = await portal.logged_in(case.case_ref, language)

    page = await browser.open(f"/{language}/my-interview/extend")

    assert (200, language, 1) == (page.status_code, page.headers["content-language"], len(headings(page)))
    assert texts(page).count("UTC−6") >= 3
    assert "{" not in texts(page)
