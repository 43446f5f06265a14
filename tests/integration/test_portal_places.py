"""Choosing a date: what is shown can be had, whoever is later is told, and what the household had goes at the same moment."""

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import pytest
import pytest_asyncio

from services.scheduling import commands
from shared.events import Allocation, CaseChanged
from tests.builders import a_case, a_programme
from tests.conftest import MakeDatabase
from tests.portal import LANGUAGES, Browser, Neighbours, Portal, forms, headings, open_portal, texts
from tests.scheduling import Scheduling

HOME = "/en/my-interview"


@pytest_asyncio.fixture(loop_scope="session")
async def portal(new_database: MakeDatabase, scheduling_template: str, neighbours: Neighbours) -> AsyncIterator[Portal]:
    scheduling = Scheduling(await new_database(scheduling_template))
    async with open_portal(scheduling, neighbours) as portal:
        chosen_in = a_programme(programme="MX-TVH", allocation=Allocation.CHOICE, sites=("MX-TAP-02",))
        await scheduling.receive(a_programme(), chosen_in, a_programme(programme="MX-DRA", allocation=Allocation.DRAW))
        yield portal
    await scheduling.check()
    await scheduling.database.close()


async def a_chooser(portal: Portal) -> CaseChanged:
    """A household whose programme lets it choose."""
    made = a_case(programme="MX-TVH", sites=("MX-TAP-02",))
    await portal.scheduling.receive(made)
    return made


def days(browser: Browser) -> list[str]:
    return re.findall(r"places\?day=([\d-]+)", browser.page.text)


def slots(browser: Browser) -> list[str]:
    return re.findall(r'name="slot" type="radio" value="(\d+)"', browser.page.text)


async def chosen(browser: Browser, number: int = 0) -> str:
    """A slot of the first day that has room, at the page that asks whether it is to be taken."""
    await browser.open(f"{HOME}/places")
    await browser.open(f"{HOME}/places?day={days(browser)[0]}")
    slot = slots(browser)[number]
    await browser.open(f"{HOME}/choose?slot={slot}")
    return slot


async def test_a_household_chooses_a_day_a_time_and_takes_it(portal: Portal) -> None:
    case = await a_chooser(portal)
    browser = await portal.logged_in(case.case_ref)
    waits = browser.page

    await browser.open(f"{HOME}/places")
    shown, first = headings(browser.page), days(browser)[0]
    times = await browser.open(f"{HOME}/places?day={first}")
    await browser.open(f"{HOME}/choose?day={first}&slot={slots(browser)[0]}")
    checked = browser.page
    page = await browser.submit(f"{HOME}/choose")

    assert f'href="{HOME}/places"' in waits.text
    assert ["Choose a date"] == shown
    assert "Free times on Friday, November 27, 2026" == headings(times)[0]
    assert ["Do you want this date?"] == headings(checked)
    assert (HOME, ["Your interview is booked"]) == (browser.place, headings(page))
    live = await portal.scheduling.live(case)
    assert ("booked", "household", first) == (live.status, live.acted_by, str(live.wall_time.date()))


async def test_who_goes_back_after_taking_a_date_is_not_told_that_another_household_gets_it(portal: Portal) -> None:
    case = a_case()
    await portal.scheduling.receive(case)
    await portal.scheduling.do(lambda uow: commands.accept(uow, case.case_ref, "assistant"))
    browser = await portal.logged_in(case.case_ref)
    slot = await chosen(browser, number=-1)
    await browser.submit(f"{HOME}/choose")

    page = await browser.open(f"{HOME}/choose?slot={slot}")

    assert (HOME, ["Your interview is booked"]) == (browser.place, headings(page))


async def test_who_chooses_the_very_date_that_is_offered_is_told_so_and_takes_it(portal: Portal) -> None:
    case = a_case()
    await portal.scheduling.receive(case)
    offer = await portal.scheduling.live(case)
    rows = await portal.scheduling.rows(
        "select id from slots where site = :s and starts_at = :t", s=offer.site, t=offer.starts_at
    )
    browser = await portal.logged_in(case.case_ref)

    page = await browser.open(f"{HOME}/choose?slot={rows[0].id}")
    taken = await browser.submit(f"{HOME}/choose")

    assert "This is the date that you have now." in texts(page)
    assert "goes to another household" not in texts(page)
    assert ["Your interview is booked"] == headings(taken)
    assert offer.starts_at == (await portal.scheduling.live(case)).starts_at


async def test_a_booked_interview_is_moved_in_one_step_and_the_page_says_what_is_given_up(portal: Portal) -> None:
    case = a_case()
    await portal.scheduling.receive(case)
    await portal.scheduling.do(lambda uow: commands.accept(uow, case.case_ref, "assistant"))
    before = await portal.scheduling.live(case)
    browser = await portal.logged_in(case.case_ref)

    await chosen(browser, -1)
    checked = texts(browser.page)
    await browser.submit(f"{HOME}/choose")

    assert "The date that you have now goes to another household: Friday, November 27, 2026, 7:00 AM" in checked
    assert "rescheduled" == (await portal.scheduling.appointment(before.id)).reason
    assert before.starts_at < (await portal.scheduling.live(case)).starts_at


async def test_an_offer_is_replaced_by_the_date_that_the_household_prefers(portal: Portal) -> None:
    case = a_case()
    await portal.scheduling.receive(case)
    offer = await portal.scheduling.live(case)
    browser = await portal.logged_in(case.case_ref)

    await chosen(browser, -1)
    page = await browser.submit(f"{HOME}/choose")

    assert ["Your interview is booked"] == headings(page)
    assert "superseded" == (await portal.scheduling.appointment(offer.id)).reason


async def test_a_double_click_takes_one_place(portal: Portal) -> None:
    case = await a_chooser(portal)
    browser = await portal.logged_in(case.case_ref)
    await chosen(browser)
    sent = forms(browser.page)[f"{HOME}/choose"]

    answers = await asyncio.gather(*(browser.client.post(f"{HOME}/choose", data=sent) for _ in range(3)))

    assert [303] * 3 == [answer.status_code for answer in answers]
    assert 1 == await portal.scheduling.count(
        "select count(*) from appointments where case_ref = :ref", ref=case.case_ref
    )


async def test_of_two_households_at_the_last_desk_one_is_shown_the_dates_that_come_nearest(portal: Portal) -> None:
    first, second = [await a_chooser(portal) for _ in range(2)]
    early, late = [await portal.logged_in(case.case_ref) for case in (first, second)]
    slot = await chosen(early, 3)
    await portal.scheduling.leave_only(int(slot))
    await late.open(f"{HOME}/choose?slot={slot}")
    await early.submit(f"{HOME}/choose")

    page = await late.submit(f"{HOME}/choose")
    others = slots(late)
    shown = await late.open(f"{HOME}/choose?slot={slot}")
    await late.open(f"{HOME}/choose?slot={others[0]}")
    booked = await late.submit(f"{HOME}/choose")

    assert (409, 409) == (page.status_code, shown.status_code)
    assert ["Another household took this date a moment ago"] == headings(page) == headings(shown)
    assert "You are still on the list, nothing is lost." in texts(page)
    taken = await starts(portal, [slot])
    distances = [abs(at - taken[0]) for at in await starts(portal, others)]
    assert 5 == len(others) and max(distances) <= timedelta(minutes=75)
    assert ["Your interview is booked"] == headings(booked)


async def test_who_chooses_none_of_the_dates_that_come_nearest_is_told_so_and_shown_them_again(portal: Portal) -> None:
    browser = await portal.logged_in((await a_chooser(portal)).case_ref)
    slot = str(2**53 - 1)  # there is none such any more
    taken = await browser.open(f"{HOME}/choose?slot={slot}")
    [near] = re.findall(r'name="near" value="(\d+)"', taken.text)
    page, offered = await browser.open(f"{HOME}/choose?near={near}"), slots(browser)
    await browser.open(f"/ht/my-interview/choose?near={near}")

    assert (409, 422, slot) == (taken.status_code, page.status_code, near)
    assert ["Another household took this date a moment ago"] == headings(page)
    assert 'href="#slot"' in page.text and "Choose a time" in texts(page) and "<title>Error: " in page.text
    assert f'href="/ht/my-interview/choose?near={near}"' in page.text
    assert 5 == len(offered) and offered == slots(browser)


async def test_who_has_a_date_keeps_it_when_the_one_it_wanted_is_taken(portal: Portal) -> None:
    first, second = [await a_chooser(portal) for _ in range(2)]
    early, late = [await portal.logged_in(case.case_ref) for case in (first, second)]
    await chosen(late)
    await late.submit(f"{HOME}/choose")
    before = await portal.scheduling.live(second)
    slot = await chosen(late, -1)
    await portal.scheduling.leave_only(int(slot))
    await early.open(f"{HOME}/choose?slot={slot}")
    await early.submit(f"{HOME}/choose")

    page = await late.submit(f"{HOME}/choose")

    assert "The date that you have stays yours" in texts(page)
    assert before == await portal.scheduling.live(second)


async def test_when_nothing_else_is_free_either_the_page_of_the_case_says_that_the_date_is_gone(portal: Portal) -> None:
    case = await a_chooser(portal)
    browser = await portal.logged_in(case.case_ref)
    await chosen(browser)
    await portal.scheduling.do(lambda uow: uow.execute("delete from slots where site = 'MX-TAP-02' and taken = 0"))

    page = await browser.submit(f"{HOME}/choose")

    assert 409 == page.status_code
    assert "Another household took this date a moment ago" in texts(page)
    assert "awaiting_choice" == await portal.scheduling.waiting(case)


async def starts(portal: Portal, slots: list[str]) -> list[datetime]:
    rows = await portal.scheduling.rows(
        "select starts_at from slots where id = any(:ids) order by id", ids=[int(slot) for slot in slots]
    )
    return [row.starts_at for row in rows]


async def test_a_choice_made_in_an_old_tab_does_not_move_the_interview_that_came_after_it(portal: Portal) -> None:
    case = await a_chooser(portal)
    browser = await portal.logged_in(case.case_ref)
    await chosen(browser, -1)
    old = browser.page
    await chosen(browser)
    await browser.submit(f"{HOME}/choose")
    booked = await portal.scheduling.live(case)
    browser.page = old

    page = await browser.submit(f"{HOME}/choose")

    assert 409 == page.status_code
    assert "You answered for another date" in texts(page)
    assert booked.id == (await portal.scheduling.live(case)).id


async def test_a_third_move_and_one_within_twelve_hours_are_refused_in_words(portal: Portal) -> None:
    case = await a_chooser(portal)
    browser = await portal.logged_in(case.case_ref)
    for number in (0, 1, 2):
        await chosen(browser, number)
        await browser.submit(f"{HOME}/choose")
    offered = f'href="{HOME}/places"' in browser.page.text
    await chosen(browser, 3)

    page = await browser.submit(f"{HOME}/choose")

    assert not offered
    assert "You have changed the date twice already" in texts(page)

    soon = (await portal.scheduling.live(case)).starts_at - timedelta(hours=11)
    portal.clock.instant = soon
    browser = await portal.logged_in(case.case_ref)
    await chosen(browser, -1)
    assert "It is less than 12 hours away" in texts(await browser.submit(f"{HOME}/choose"))


async def test_a_day_that_has_room_at_several_places_is_shown_place_by_place(portal: Portal) -> None:
    """All the times of all places at once weigh more than an old phone should load."""
    case = a_case(sites=("MX-TAP-01", "MX-TIJ-01"))
    await portal.scheduling.receive(case)
    browser = await portal.logged_in(case.case_ref)
    await browser.open(f"{HOME}/places")
    day = days(browser)[-1]

    where = await browser.open(f"{HOME}/places?day={day}")
    at_first = slots(browser)
    there = f"day={day}&site=MX-TIJ-01"
    times = await browser.open(f"{HOME}/places?{there}")
    offered = slots(browser)
    again = await browser.open(f"{HOME}/choose?{there}")
    at = await portal.scheduling.rows(
        "select distinct site from slots where id = any(:ids)", ids=list(map(int, offered))
    )

    assert [f"day={day}&amp;site={site}" for site in ("MX-TAP-01", "MX-TIJ-01")] == sorted(
        set(re.findall(r'places\?(day=[^"]+site=[^"]+)"', where.text))
    )
    assert ([], ["MX-TIJ-01"]) == (at_first, [row.site for row in at])
    assert f'href="/fr/my-interview/places?{there.replace("&", "&amp;")}" hreflang' in times.text
    assert (422, offered) == (again.status_code, slots(browser))


async def test_without_a_time_the_question_stands_again(portal: Portal) -> None:
    browser = await portal.logged_in((await a_chooser(portal)).case_ref)
    await browser.open(f"{HOME}/places")

    page = await browser.open(f"{HOME}/choose?day={days(browser)[0]}")

    assert 422 == page.status_code
    assert "Choose a time" in texts(page)


async def test_the_day_and_the_time_that_one_looks_at_stay_in_another_language(portal: Portal) -> None:
    browser = await portal.logged_in((await a_chooser(portal)).case_ref)
    await browser.open(f"{HOME}/places")
    day = days(browser)[0]
    times = await browser.open(f"{HOME}/places?day={day}&who=me")
    [slot, *_] = re.findall(r'name="slot" type="radio" value="(\d+)"', times.text)
    choice = await browser.open(f"{HOME}/choose?day={day}&slot={slot}")

    assert 'href="/fr/my-interview/places?day=' + day + '" hreflang' in times.text
    assert f'href="/fr/my-interview/choose?day={day}&amp;slot={slot}" hreflang' in choice.text


@pytest.mark.parametrize("query", ["slot=0", "slot=x", f"slot={2**60}", "slot=١", "", "day=x"])
async def test_what_is_no_place_leads_to_the_days(portal: Portal, query: str) -> None:
    browser = await portal.logged_in((await a_chooser(portal)).case_ref)

    await browser.open(f"{HOME}/choose?{query}")

    assert f"{HOME}/places" == browser.place


async def test_a_place_that_is_not_the_households_cannot_be_had_by_its_number(portal: Portal) -> None:
    case = await a_chooser(portal)
    [foreign] = await portal.scheduling.rows("select id from slots where site = 'US-CON-CDJ' limit 1")
    browser = await portal.logged_in(case.case_ref)
    await chosen(browser)

    page = await browser.submit(f"{HOME}/choose", slot=str(foreign.id))

    assert 409 == page.status_code
    assert "awaiting_choice" == await portal.scheduling.waiting(case)


async def test_days_are_read_page_by_page_forth_and_back(portal: Portal) -> None:
    browser = await portal.logged_in((await a_chooser(portal)).case_ref)
    await browser.open(f"{HOME}/places")
    pages = [days(browser)]
    while later := re.search(r'href="([^"]+)">Later days', browser.page.text):
        await browser.open(later[1])
        pages.append(days(browser))
    [back] = re.findall(r'href="([^"]+)">Earlier days', browser.page.text)
    await browser.open(back)

    every = [day for page in pages for day in page]
    assert sorted(set(every)) == every
    assert len(every) > 50
    assert pages[-2] == days(browser)


async def test_who_can_have_no_date_reads_that(portal: Portal) -> None:
    case = await a_chooser(portal)
    await portal.scheduling.do(lambda uow: uow.execute("delete from slots where kind = 'desk'"))
    browser = await portal.logged_in(case.case_ref)

    page = await browser.open(f"{HOME}/places")

    assert "There is no free date for your household now" in texts(page)


async def test_nobody_chooses_where_places_are_drawn(portal: Portal) -> None:
    case = a_case(programme="MX-DRA")
    await portal.scheduling.receive(case)
    browser = await portal.logged_in(case.case_ref)

    page = await browser.open(f"{HOME}/places")

    assert 409 == page.status_code
    assert "This cannot be done now" in texts(page)


@pytest.mark.parametrize("language", LANGUAGES)
async def test_the_pages_for_choosing_are_light_in_every_language(portal: Portal, language: str) -> None:
    browser = await portal.logged_in((await a_chooser(portal)).case_ref, language)
    pages = [await browser.open(f"/{language}/my-interview/places")]
    pages.append(await browser.open(f"/{language}/my-interview/places?day={days(browser)[0]}"))
    pages.append(await browser.open(f"/{language}/my-interview/choose?slot={slots(browser)[0]}"))

    for page in pages:
        assert (200, 1) == (page.status_code, len(headings(page)))
        assert len(page.content) < 30_000
