"""What you need at the interview: a household reads what its wish means for its date before anything is asked for."""

from typing import Any

import pytest

from services.scheduling import commands
from services.scheduling.commands.own_needs import Answer, answer
from shared.events import CaseChanged, CaseState
from tests.assisting import helping
from tests.builders import a_case, a_programme, days
from tests.portal import LANGUAGES, Browser, Portal, forms, headings, texts

MINE = "/en/my-interview"
PAGE = f"{MINE}/needs"
ASK = f"{PAGE}/ask"
NOTHING_GIVES = "update resources set accommodations = '{}' where kind = 'desk'"
ONLY_ONE_DAY = (
    "delete from slots s using resources r where r.id = s.resource_id and r.name = 'desk 4' and s.local_date = :day"
)


async def chosen(browser: Browser, part: str, **ticked: str) -> Any:
    """The page that shows what was chosen, and what it means."""
    await browser.open(f"{PAGE}/{part}")
    return await browser.submit(f"{PAGE}/{part}", **ticked)


async def nothing_gives(portal: Portal) -> None:
    await portal.scheduling.do(lambda uow: uow.execute(NOTHING_GIVES))


async def asked_needs(portal: Portal, case: CaseChanged) -> tuple[str | None, list[str]]:
    [row] = await portal.scheduling.rows("select * from cases where case_ref = :ref", ref=case.case_ref)
    return row.asked_language, list(row.asked_needs)


async def requests(portal: Portal) -> Any:
    return await portal.scheduling.rows("select * from adjustment_requests order by asked_at, id")


async def test_the_way_leads_from_the_page_of_the_interview_over_a_check_to_what_is_noted(
    portal: Portal, case: CaseChanged
) -> None:
    browser = await portal.logged_in(case.case_ref)
    link = f'href="{PAGE}"' in browser.page.text

    checked = await chosen(browser, "interpreter", language="mam")
    before = await asked_needs(portal, case)
    done = await browser.submit(ASK)

    assert (True, ["Check what you ask for"]) == (link, headings(checked))
    assert "You keep your date: " in texts(checked) and "The place has what you ask for" in texts(checked)
    assert ((None, []), ("mam", [])) == (before, await asked_needs(portal, case))
    assert (f"{PAGE}?done=stays", True) == (browser.place, "Your date stays as it is." in texts(done))
    assert "Interpreter Mam" in texts(await browser.open(MINE))


async def test_who_has_a_printed_letter_is_told_that_it_changes(portal: Portal, case: CaseChanged) -> None:
    await portal.scheduling.do(lambda uow: commands.accept(uow, case.case_ref, "household"))
    browser = await portal.logged_in(case.case_ref)

    checked = await chosen(browser, "place", **{"quiet-room": "yes"})

    assert "print it again afterwards" in texts(checked)


async def test_what_the_place_lacks_is_said_before_and_the_date_is_kept_while_the_staff_are_asked(
    portal: Portal, case: CaseChanged
) -> None:
    await nothing_gives(portal)
    before = await portal.scheduling.live(case)
    browser = await portal.logged_in(case.case_ref)

    checked = await chosen(browser, "place", wheelchair="yes")
    told = texts(checked)
    done = await browser.submit(ASK)
    mine = texts(await browser.open(MINE))

    assert "we cannot promise this for that time and place: access with a wheelchair." in told
    assert "They are to answer within three days" in told
    assert "No other date that you could choose has it now" in told
    assert 'name="way"' not in checked.text
    assert "The staff of the place are asked" in texts(done)
    assert before.id == (await portal.scheduling.live(case)).id
    assert "You asked the staff of the place for this: access with a wheelchair. They are to answer by" in mine
    assert ["household"] == [row.asked_by for row in await requests(portal)]


async def test_nobody_reads_that_the_place_has_what_only_people_can_see_to(portal: Portal, case: CaseChanged) -> None:
    browser = await portal.logged_in(case.case_ref)

    told = texts(await chosen(browser, "place", **{"female-interpreter": "yes"}))
    await browser.submit(ASK)

    assert "The place has what you ask for" not in told and "We ask the staff of the place" in told
    assert "If you would rather wait for one" not in told
    assert [["female-interpreter"]] == [list(row.needs) for row in await requests(portal)]


async def test_who_sees_other_dates_that_have_it_chooses_and_keeps_the_first_until_another_is_taken(
    portal: Portal, case: CaseChanged
) -> None:
    live = await portal.scheduling.live(case)
    await portal.scheduling.do(
        lambda uow: uow.execute("update resources set accommodations = '{}' where kind = 'desk' and name <> 'desk 4'")
    )
    await portal.scheduling.do(lambda uow: uow.execute(ONLY_ONE_DAY, day=live.wall_time.date()))
    browser = await portal.logged_in(case.case_ref)

    await chosen(browser, "place", wheelchair="yes")
    undecided = await browser.submit(ASK)
    days_page = await browser.submit(ASK, way="look")

    assert (422, True) == (undecided.status_code, "Choose what you want to do" in texts(undecided))
    assert (f"{MINE}/places", ["Choose a date"]) == (browser.place, headings(days_page))
    assert live.id == (await portal.scheduling.live(case)).id
    assert 1 == len(await requests(portal))


@pytest.mark.parametrize(
    ("said", "text"),
    [
        (Answer.ARRANGED, "The staff of the place arrange what you asked for: access with a wheelchair."),
        (
            Answer.NOT_POSSIBLE,
            "The staff of the place cannot arrange this: access with a wheelchair. The date stays yours.",
        ),
        (None, "and have not done so. A resource centre can ask for you."),
    ],
)
async def test_the_answer_stands_on_the_page_of_the_interview_and_so_does_that_there_is_none(
    portal: Portal, case: CaseChanged, said: Answer | None, text: str
) -> None:
    await portal.scheduling.do(lambda uow: commands.accept(uow, case.case_ref, "household"))
    await nothing_gives(portal)
    browser = await portal.logged_in(case.case_ref)
    await chosen(browser, "place", wheelchair="yes")
    await browser.submit(ASK)
    [request] = await requests(portal)

    if said:
        await portal.scheduling.do(lambda uow: answer(uow, request.id, said, "officer"))
    else:
        portal.clock.instant = request.due_at + days(0.01)
        browser = await portal.logged_in(case.case_ref)

    assert text in texts(await browser.open(MINE))


async def test_who_waits_reads_that_nobody_has_it_and_keeps_its_place_on_the_list(portal: Portal) -> None:
    await nothing_gives(portal)
    case = a_case(needs=("quiet-room",))
    await portal.scheduling.receive(a_programme(), case)
    browser = await portal.logged_in(case.case_ref)

    checked = texts(await chosen(browser, "place", wheelchair="yes"))
    await browser.submit(ASK)

    assert (
        "You keep your place on the list." in checked
        and "No place where you can be interviewed has this now" in checked
    )
    assert "The authority has noted already: a quiet room." in texts(browser.page)
    assert (None, ["wheelchair"]) == await asked_needs(portal, case)


async def test_a_second_click_changes_nothing(portal: Portal, case: CaseChanged) -> None:
    await nothing_gives(portal)
    browser = await portal.logged_in(case.case_ref)
    page = await chosen(browser, "place", wheelchair="yes")
    form = forms(page)[ASK]

    answers = [await browser.client.post(ASK, data=form) for _ in range(2)]

    assert [(303, f"{PAGE}?done=asked")] * 2 == [(each.status_code, each.headers["location"]) for each in answers]
    assert 1 == len(await requests(portal))


async def test_two_tabs_that_ask_for_different_things_both_count(portal: Portal, case: CaseChanged) -> None:
    browser = await portal.logged_in(case.case_ref)
    place = forms(await chosen(browser, "place", wheelchair="yes"))[ASK]
    language = forms(await chosen(browser, "interpreter", language="mam"))[ASK]

    answers = [await browser.client.post(ASK, data=form) for form in (place, language)]

    assert [303, 303] == [each.status_code for each in answers]
    assert ("mam", ["wheelchair"]) == await asked_needs(portal, case)


async def test_who_asks_at_the_same_time_as_another_of_the_household_reads_both_wishes_before_anything_is_lost(
    portal: Portal, case: CaseChanged
) -> None:
    one, other = [await portal.logged_in(case.case_ref) for _ in range(2)]
    await chosen(one, "place", wheelchair="yes")
    await chosen(other, "place", **{"quiet-room": "yes"})
    await one.submit(ASK)

    again = await other.submit(ASK)
    before = await asked_needs(portal, case)
    await other.submit(ASK)

    assert (409, True) == (again.status_code, "Access with a wheelchair and a quiet room" in texts(again))
    assert ((None, ["wheelchair"]), (None, ["quiet-room", "wheelchair"])) == (before, await asked_needs(portal, case))


async def test_a_question_that_was_read_before_another_wish_takes_none_back(portal: Portal, case: CaseChanged) -> None:
    one, other = [await portal.logged_in(case.case_ref) for _ in range(2)]
    await other.open(f"{PAGE}/place")
    await chosen(one, "place", wheelchair="yes")
    await one.submit(ASK)

    await other.submit(f"{PAGE}/place", **{"quiet-room": "yes"})
    await other.submit(ASK)
    both = await asked_needs(portal, case)
    await chosen(other, "place", wheelchair="yes")
    await other.submit(ASK)

    assert ((None, ["quiet-room", "wheelchair"]), (None, ["wheelchair"])) == (both, await asked_needs(portal, case))


async def test_what_means_something_else_by_now_is_shown_again_before_anything_is_done(
    portal: Portal, case: CaseChanged
) -> None:
    browser = await portal.logged_in(case.case_ref)
    await chosen(browser, "place", wheelchair="yes")
    await nothing_gives(portal)

    again = await browser.submit(ASK)

    assert (409, ["Check what you ask for"]) == (again.status_code, headings(again))
    assert "Something has changed in the meantime" in texts(again) and "we cannot promise this" in texts(again)
    assert (None, []) == await asked_needs(portal, case)
    assert "asked" in str((await browser.submit(ASK)).url)


async def test_another_offer_since_then_is_shown_instead_of_being_changed_unseen(
    portal: Portal, case: CaseChanged
) -> None:
    browser = await portal.logged_in(case.case_ref)
    await chosen(browser, "place", wheelchair="yes")
    await portal.scheduling.do(lambda uow: commands.decline(uow, case.case_ref, "scheduler"))

    refused = await browser.submit(ASK)

    assert (409, True) == (refused.status_code, "You answered for another date" in texts(refused))
    assert (None, []) == await asked_needs(portal, case)


async def test_what_was_chosen_can_be_changed_and_goes_along_into_another_language(
    portal: Portal, case: CaseChanged
) -> None:
    browser = await portal.logged_in(case.case_ref)
    await chosen(browser, "place", wheelchair="yes")
    check = browser.page

    changed = await browser.submit(f"{PAGE}/place")
    browser.page = check
    kept = {name: value for name, value in forms(check)[ASK].items() if name in ("part", "wheelchair")}
    spanish = await browser.client.post(PAGE.replace("/en", "/es") + "/place", data={**forms(check)[ASK], **kept})

    assert 'id="wheelchair"' in changed.text and "checked" in changed.text
    assert ["Compruebe lo que pide"] == headings(spanish)


async def test_what_is_no_choice_changes_nothing(portal: Portal, case: CaseChanged) -> None:
    browser = await portal.logged_in(case.case_ref)

    wrong = await chosen(browser, "interpreter", language="xx")
    nothing = await chosen(browser, "place", **{"first-class": "yes"})

    assert (422, True) == (wrong.status_code, "Choose a language of the list" in texts(wrong))
    assert (200, ["What you need at the interview"]) == (nothing.status_code, headings(nothing))
    assert (None, []) == await asked_needs(portal, case)


async def test_a_session_that_ends_in_between_leads_back_to_the_question(portal: Portal, case: CaseChanged) -> None:
    browser = await portal.logged_in(case.case_ref)
    await browser.open(f"{PAGE}/place")
    portal.clock.instant += days(1)

    page = await browser.submit(f"{PAGE}/place", wheelchair="yes")

    assert "/en/case?back=my-interview/needs/place" == browser.place
    assert 200 == page.status_code
    assert (None, []) == await asked_needs(portal, case)


async def test_a_worker_asks_for_the_household_and_it_is_kept_who_did(portal: Portal, case: CaseChanged) -> None:
    await nothing_gives(portal)
    worker = await helping(portal, case.case_ref)

    await chosen(worker, "place", wheelchair="yes")
    await worker.submit(ASK)

    assert ["assistant"] == [row.asked_by for row in await requests(portal)]


async def test_once_the_case_is_closed_nothing_can_be_asked_for(portal: Portal, case: CaseChanged) -> None:
    browser = await portal.logged_in(case.case_ref)
    await chosen(browser, "place", wheelchair="yes")
    await portal.scheduling.receive(case.model_copy(update={"version": 2, "revision": 2, "state": CaseState.WITHDRAWN}))

    sent = await browser.submit(ASK)
    page = await browser.open(PAGE)

    assert (409, 409) == (sent.status_code, page.status_code)
    assert f'href="{PAGE}"' not in page.text
    assert (None, []) == await asked_needs(portal, case)


@pytest.mark.parametrize("language", LANGUAGES)
async def test_every_page_of_it_speaks_every_language(portal: Portal, case: CaseChanged, language: str) -> None:
    await nothing_gives(portal)
    browser, page = await portal.logged_in(case.case_ref, language), f"/{language}/my-interview/needs"
    await browser.open(f"{page}/place")

    check = await browser.submit(f"{page}/place", wheelchair="yes", **{"female-officer": "yes"})
    done = await browser.submit(f"{page}/ask")

    assert [200, 200] == [check.status_code, done.status_code]
    assert f'<html lang="{language}"' in done.text
