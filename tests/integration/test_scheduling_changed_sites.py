"""A site that closes to new dates keeps the old ones, whatever a revision says."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from services.scheduling import commands
from services.scheduling.commands.sites import change_site
from shared.events import Party
from tests.builders import a_case, a_programme
from tests.calendars import TAP, Calendars
from tests.conftest import MakeDatabase
from tests.scheduling import Scheduling

TIJ = "MX-TIJ-01"


@pytest_asyncio.fixture(loop_scope="session")
async def calendars(new_database: MakeDatabase, scheduling_template: str) -> AsyncIterator[Calendars]:
    running = Scheduling(await new_database(scheduling_template))
    yield Calendars(running)
    await running.check()
    await running.database.close()


@pytest.mark.parametrize("bound", [{"sites": (TAP,)}, {"sites": (TAP, TIJ)}, {"sites": (), "admin_area": "CS"}])
async def test_a_revision_takes_no_date_away_at_a_site_that_is_closed_to_new_ones(
    calendars: Calendars, bound: dict[str, Any]
) -> None:
    scheduling, case = calendars.scheduling, a_case(**bound)
    await scheduling.receive(a_programme(), case)
    await scheduling.do(lambda uow: commands.accept(uow, case.case_ref, "scheduler"))
    before = await scheduling.live(case)
    assert before.site == TAP
    await calendars.change(change_site({"is_open": False}))

    await scheduling.receive(case.model_copy(update={"version": 2, "revision": 2}))

    assert await scheduling.live(case) == before


async def test_at_a_site_closed_to_new_dates_no_new_one_is_given_to_who_outgrew_its_own(calendars: Calendars) -> None:
    scheduling, case = calendars.scheduling, a_case(sites=(TAP, TIJ))
    await scheduling.receive(a_programme(), case)
    await calendars.change(change_site({"is_open": False}))

    grown = {"version": 2, "revision": 2, "party": Party(attendees=6, adults=4, children=2)}
    await scheduling.receive(case.model_copy(update=grown))

    assert (await scheduling.live(case)).site == TIJ


async def test_a_date_at_a_site_that_the_household_may_not_be_seen_at_any_more_is_not_kept(
    calendars: Calendars,
) -> None:
    scheduling, case = calendars.scheduling, a_case(sites=(TAP,))
    await scheduling.receive(a_programme(), case)
    await calendars.change(change_site({"is_open": False}))

    await scheduling.receive(case.model_copy(update={"version": 2, "revision": 2, "sites": (TIJ,)}))

    assert (await scheduling.live(case)).site == TIJ
