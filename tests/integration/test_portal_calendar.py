"""The file for the calendar of a household's phone: the entry that its messages bring, from its own page."""

import pytest
from icalendar import Calendar

from services.scheduling import commands
from shared.events import CaseChanged
from tests.assisting import helping
from tests.portal import LANGUAGES, Portal

FILE = "/en/my-interview/appointment.ics"


@pytest.mark.parametrize("language", LANGUAGES)
async def test_a_booked_household_saves_its_date_as_its_messages_bring_it(
    portal: Portal, case: CaseChanged, language: str
) -> None:
    browser = await portal.logged_in(case.case_ref, language)
    await portal.scheduling.do(lambda uow: commands.accept(uow, case.case_ref, "household"))
    page = await browser.open(f"/{language}/my-interview")
    file = await browser.open(f"/{language}/my-interview/appointment.ics")
    [said] = await portal.scheduling.rows(
        "select calendar_uid, version from cases where case_ref = :ref", ref=case.case_ref
    )

    [event] = Calendar.from_ical(file.content).walk("VEVENT")
    live = await portal.scheduling.live(case)
    assert f'href="/{language}/my-interview/appointment.ics" download' in page.text
    assert ("text/calendar; charset=utf-8", "no-store") == (
        file.headers["content-type"], file.headers["cache-control"],
    )  # fmt: skip
    assert 'filename="appointment.ics"' in file.headers["content-disposition"]
    assert (str(said.calendar_uid), said.version) == (str(event["UID"]), event["SEQUENCE"])
    assert (live.starts_at, live.zone) == (event.decoded("DTSTART"), event["DTSTART"].params["TZID"])
    assert case.case_ref not in file.text and "COMAR)" not in str(event["SUMMARY"])
    assert 2 == len(event.walk("VALARM"))


async def test_an_offer_a_stranger_and_a_worker_are_given_no_file(portal: Portal, case: CaseChanged) -> None:
    household, stranger = await portal.logged_in(case.case_ref), portal.browser()
    await household.open(FILE)
    await stranger.open(FILE)
    await portal.scheduling.do(lambda uow: commands.accept(uow, case.case_ref, "household"))
    worker = await helping(portal, case.case_ref)
    page = worker.page
    await worker.open(FILE)

    assert ("/en/my-interview", "/en/case?back=my-interview/appointment.ics") == (household.place, stranger.place)
    assert "/en/my-interview" == worker.place and ".ics" not in page.text
