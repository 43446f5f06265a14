"""A site that closes to new dates keeps the old ones; who waits hears of what opens for it, at whichever site that is."""

from datetime import time
from typing import Any

import pytest

from services.scheduling.commands import calendars as keep
from services.scheduling.commands.sites import change_site
from shared.events import CaseLanguage, Party
from tests.builders import NOW, a_case, a_programme
from tests.calendars import TAP, Calendars

TIJ, ELSEWHERE = "MX-TIJ-01", "MX-CMX-01"


# Who has a date


@pytest.mark.parametrize("bound", [{"sites": (TAP,)}, {"sites": (TAP, TIJ)}, {"sites": (), "admin_area": "CS"}])
async def test_a_revision_takes_no_date_away_at_a_site_that_is_closed_to_new_ones(
    calendars: Calendars, bound: dict[str, Any]
) -> None:
    scheduling, case = calendars.scheduling, a_case(**bound)
    await scheduling.receive(a_programme(), case)
    await scheduling.accept(case, "scheduler")
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


# Where it is


async def test_a_change_says_beforehand_how_many_households_are_told_that_the_place_of_their_date_is_another(
    calendars: Calendars,
) -> None:
    scheduling, (offered, booked, cancelled) = calendars.scheduling, (a_case(sites=(TAP,)) for _ in range(3))
    await scheduling.receive(a_programme(), offered, booked, cancelled, a_case(sites=(TIJ,)))
    await scheduling.accept(booked, "scheduler")
    await scheduling.decline(cancelled)

    shown = await calendars.change(change_site({"address": "Avenida Norte 3"}), dry_run=True)
    made = await calendars.change(change_site({"address": "Avenida Norte 3"}))
    spaces = await calendars.change(change_site({"address": "Avenida  Norte 3 "}))
    nothing_else = await calendars.change(change_site({"programmes": ["MX-REF"]}))

    assert [2, 2, 0, 0] == [each["households_told"] for each in (shown, made, spaces, nothing_else)]


async def test_a_date_that_has_begun_is_told_of_no_place(calendars: Calendars) -> None:
    scheduling, case = calendars.scheduling, a_case(sites=(TAP,))
    await scheduling.receive(a_programme(), case)
    await scheduling.accept(case, "scheduler")
    scheduling.clock.instant = (await scheduling.live(case)).starts_at

    made = await calendars.change(change_site({"city": "Huixtla"}))

    assert 0 == made["households_told"]


# Who waits


async def test_new_hours_of_a_remote_interpreter_reach_who_waits_at_other_sites(calendars: Calendars) -> None:
    scheduling = calendars.scheduling
    case = a_case(languages=(CaseLanguage(tag="zz", mode="spoken", interpreter=True),))
    await scheduling.receive(a_programme(), case)
    fields = {
        "kind": "interpreter", "name": "zz by telephone", "programmes": [], "languages": ["zz"], "accommodations": [],
        "modes": ["spoken"], "is_remote": True, "capacity": 1,
    }  # fmt: skip
    made = await calendars.change(keep.add_resource(fields), ELSEWHERE)
    await scheduling.jobs.look_again()
    assert await scheduling.waiting(case) == "no_capacity_before_valid_until"
    hours = {
        "resource_id": made["what"]["after"]["id"], "rrule": "FREQ=DAILY", "valid_from": NOW.date(), "opens": time(7),
        "closes": time(15),
    }  # fmt: skip

    await calendars.change(keep.add_rule(hours), ELSEWHERE)
    await scheduling.jobs.look_again()

    assert (await scheduling.live(case)).interpreter == "zz"


async def test_a_site_whose_state_is_put_right_reaches_who_is_bound_to_that_state(calendars: Calendars) -> None:
    scheduling, case = calendars.scheduling, a_case(sites=(), admin_area="OA")
    await scheduling.receive(a_programme(), case)
    await scheduling.jobs.look_again()
    assert await scheduling.waiting(case) == "site_unknown"

    await calendars.change(change_site({"admin_area": "OA"}))
    await scheduling.jobs.look_again()

    assert (await scheduling.live(case)).site == TAP
