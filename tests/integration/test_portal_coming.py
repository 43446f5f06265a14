"""Who is coming: a household says it in numbers, reads before what it means, and staff see it."""

from typing import Any

import pytest
from sqlalchemy.exc import DBAPIError, IntegrityError

from services.scheduling import commands
from services.scheduling.domain.coming import Coming
from services.scheduling.views.cases import day_view
from shared.events import CaseChanged, Party
from shared.web.problems import Problem
from tests.assisting import helping
from tests.builders import a_case, a_programme, days
from tests.calendars import TAP
from tests.portal import LANGUAGES, Portal, forms, headings, texts

MINE = "/en/my-interview"
PAGE = f"{MINE}/coming"
SAY = f"{PAGE}/say"
NOBODY = """
insert into coming_said (case_ref, appointment_id, said_at, acted_by, adults, children, traceparent)
select case_ref, appointment_id, said_at, acted_by, 0, 0, traceparent from coming_said
"""


async def said(portal: Portal) -> list[tuple[str, int, int]]:
    """Who said what, oldest first."""
    rows = await portal.scheduling.rows("select acted_by, adults, children from coming_said order by id")
    return [(row.acted_by, row.adults, row.children) for row in rows]


async def of_the_day(portal: Portal, case: CaseChanged) -> Any:
    day = (await portal.scheduling.live(case)).wall_time.date()
    [listed] = await portal.scheduling.do(lambda uow: day_view(uow, TAP, day))
    return listed["coming"]


async def test_a_household_says_that_one_does_not_come_reads_what_that_means_and_keeps_its_date(
    portal: Portal, case: CaseChanged
) -> None:
    before = await portal.scheduling.live(case)
    browser = await portal.logged_in(case.case_ref)
    link = f'href="{PAGE}"' in browser.page.text
    await browser.open(PAGE)

    checked = await browser.submit(PAGE, adults="1", children="1")
    nothing_yet = await said(portal)
    done = await browser.submit(SAY)
    mine = texts(await browser.open(MINE))

    assert (True, ["Check who is coming"], []) == (link, headings(checked), nothing_yet)
    assert "Those of you who do not come have no interview on that day." in texts(checked)
    assert "Adults (18 years or older) 1 of 2" in texts(checked)
    assert "You said who is coming: adults: 1 of 2 and children: 1 of 1." in texts(done)
    assert "You said who is coming: adults: 1 of 2 and children: 1 of 1." in mine
    assert [("household", 1, 1)] == await said(portal)
    after = await portal.scheduling.live(case)
    assert (before.id, before.version, before.party) == (after.id, after.version, after.party)


async def test_staff_see_in_the_days_list_who_comes_and_who_said_so(portal: Portal, case: CaseChanged) -> None:
    assert await of_the_day(portal, case) is None
    worker = await helping(portal, case.case_ref)
    await worker.open(PAGE)
    await worker.submit(PAGE, adults="2", children="0")
    await worker.submit(SAY)

    found = await of_the_day(portal, case)

    assert (2, 0, "assistant") == (found["adults"], found["children"], found["acted_by"])
    assert found["said_at"].startswith("2026-11-24T12:00:00")


async def test_it_can_be_changed_until_check_in_and_then_no_more(portal: Portal, case: CaseChanged) -> None:
    await portal.scheduling.do(lambda uow: commands.accept(uow, case.case_ref, "household"))
    live = await portal.scheduling.live(case)
    portal.clock.instant = live.starts_at - days(0.01)
    browser = await portal.logged_in(case.case_ref)
    await portal.scheduling.do(lambda uow: commands.arrive(uow, live.id, "officer"))
    await browser.open(PAGE)
    await browser.submit(PAGE, adults="1", children="1")
    await browser.submit(SAY)
    await browser.submit(PAGE, adults="2", children="1")
    check = browser.page
    await portal.scheduling.do(lambda uow: commands.check_in(uow, live.id, "officer", present=3))

    late = await browser.submit(SAY)
    page = await browser.open(MINE)
    await browser.open(PAGE)

    assert ["Check who is coming"] == headings(check)
    assert (409, [("household", 1, 1)]) == (late.status_code, await said(portal))
    assert f'href="{PAGE}"' not in page.text
    assert MINE == browser.place


async def test_check_in_still_asks_for_everyone_and_says_what_the_household_said(
    portal: Portal, case: CaseChanged
) -> None:
    live = await portal.scheduling.live(case)
    await portal.scheduling.do(lambda uow: commands.accept(uow, case.case_ref, "household"))
    await portal.scheduling.do(
        lambda uow: commands.say_who_comes(uow, case.case_ref, Coming(1, 1), "household", seen=live.id)
    )
    portal.clock.instant = live.starts_at
    await portal.scheduling.do(lambda uow: commands.arrive(uow, live.id, "officer"))

    with pytest.raises(Problem, match=r"2 of 3 are there.*its household said before that 2 come"):
        await portal.scheduling.do(lambda uow: commands.check_in(uow, live.id, "officer", present=2))


async def test_what_cannot_be_is_asked_for_again_and_changes_nothing(portal: Portal, case: CaseChanged) -> None:
    browser = await portal.logged_in(case.case_ref)
    await browser.open(PAGE)

    nobody = await browser.submit(PAGE, adults="0", children="0")
    wrong = [await browser.submit(PAGE, adults=typed, children="1") for typed in ("", "x", "3", "-1", "1000")]

    assert (422, True) == (nobody.status_code, "At least one of you must come." in texts(nobody))
    assert [(422, True)] * 5 == [(each.status_code, "Choose how many come" in texts(each)) for each in wrong]
    assert [] == await said(portal)


async def test_saying_it_twice_is_saying_it_once_and_of_two_tabs_the_later_one_counts(
    portal: Portal, case: CaseChanged
) -> None:
    browser = await portal.logged_in(case.case_ref)
    await browser.open(PAGE)
    one = forms(await browser.submit(PAGE, adults="1", children="1"))[SAY]
    await browser.open(PAGE)
    other = forms(await browser.submit(PAGE, adults="2", children="0"))[SAY]

    answers = [await browser.client.post(SAY, data=form) for form in (one, one, other)]

    assert [303] * 3 == [each.status_code for each in answers]
    assert [("household", 1, 1), ("household", 2, 0)] == await said(portal)


async def test_that_everyone_comes_is_said_too(portal: Portal, case: CaseChanged) -> None:
    browser = await portal.logged_in(case.case_ref)
    await browser.open(PAGE)

    checked = await browser.submit(PAGE, adults="2", children="1")
    done = await browser.submit(SAY)

    assert "All of you come. The staff of the place see it." in texts(checked)
    assert "You said that all of you come." in texts(done)


async def test_what_was_said_for_a_date_is_not_said_for_the_next_one(portal: Portal, case: CaseChanged) -> None:
    browser = await portal.logged_in(case.case_ref)
    await browser.open(PAGE)
    await browser.submit(PAGE, adults="1", children="1")
    form = forms(browser.page)[SAY]
    await portal.scheduling.do(lambda uow: commands.decline(uow, case.case_ref, "household"))
    await portal.scheduling.do(lambda uow: commands.offer_again(uow, case.case_ref))

    late = await browser.client.post(SAY, data=form)

    assert (409, []) == (late.status_code, await said(portal))
    assert "You said" not in texts(await browser.open(MINE))


async def test_who_comes_alone_is_not_asked(portal: Portal) -> None:
    alone = a_case(party=Party(attendees=1, adults=1, children=0))
    await portal.scheduling.receive(a_programme(), alone)
    browser = await portal.logged_in(alone.case_ref)

    link = f'href="{PAGE}"' in browser.page.text
    await browser.open(PAGE)

    assert (False, MINE) == (link, browser.place)


async def test_who_has_no_children_is_asked_only_for_adults(portal: Portal) -> None:
    two = a_case(party=Party(attendees=2, adults=2, children=0))
    await portal.scheduling.receive(a_programme(), two)
    browser = await portal.logged_in(two.case_ref)
    page = await browser.open(PAGE)

    checked = await browser.submit(PAGE, adults="1")
    await browser.submit(SAY)

    assert "Children" not in texts(page) + texts(checked)
    assert [("household", 1, 0)] == await said(portal)


async def test_a_session_that_ends_in_between_leads_back_to_the_question(portal: Portal, case: CaseChanged) -> None:
    browser = await portal.logged_in(case.case_ref)
    await browser.open(PAGE)
    await browser.submit(PAGE, adults="1", children="1")
    portal.clock.instant += days(0.1)

    await browser.submit(SAY)

    assert "/en/case?back=my-interview/coming" == browser.place
    assert [] == await said(portal)


async def test_what_was_said_never_changes_and_that_nobody_comes_cannot_be_kept(
    portal: Portal, case: CaseChanged
) -> None:
    live = await portal.scheduling.live(case)
    await portal.scheduling.do(
        lambda uow: commands.say_who_comes(uow, case.case_ref, Coming(1, 1), "household", seen=live.id)
    )

    with pytest.raises(DBAPIError, match="never change"):
        await portal.scheduling.do(lambda uow: uow.execute("update coming_said set adults = 2"))
    with pytest.raises(IntegrityError, match="somebody_comes"):
        async with portal.scheduling.database.begin(portal.clock.now()) as uow:
            await uow.execute(NOBODY)


@pytest.mark.parametrize("language", LANGUAGES)
async def test_its_pages_speak_every_language(portal: Portal, case: CaseChanged, language: str) -> None:
    page = f"/{language}/my-interview/coming"
    browser = await portal.logged_in(case.case_ref, language)
    await browser.open(page)

    check = await browser.submit(page, adults="1", children="0")
    done = await browser.submit(f"{page}/say")

    assert [200, 200] == [check.status_code, done.status_code]
    assert f'<html lang="{language}"' in done.text
