"""Cases that went wrong for others, on a real database; all of them by number: docs/edge-cases.md."""

import asyncio
from collections import Counter
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from sqlalchemy.exc import DBAPIError

from services.scheduling import commands
from services.scheduling.commands import calendars as keep
from services.scheduling.commands.sites import change_site
from services.scheduling.domain.admission import admit
from services.scheduling.placing.choices import Span, places_of
from services.scheduling.repository import slots
from services.scheduling.views import cases as case_views
from shared.db import UnitOfWork, is_lost_race
from shared.events import CaseChanged
from shared.web.problems import Problem
from tests.builders import NOW, a_case, a_programme, days
from tests.calendars import TAP, Calendars, closure, weekday
from tests.scheduling import Scheduling

TIJ = "MX-TIJ-01"
MOVED = "puente.scheduling.appointment.moved.v1"


PROGRAMMES = ()
"""Each test says which programmes there are."""


async def shown(scheduling: Scheduling, case: CaseChanged, first: date, last: date) -> list[dict[str, Any]]:
    """The places that the household sees on these days."""

    async def read(uow: UnitOfWork) -> list[dict[str, Any]]:
        known = await case_views.known(uow, case.case_ref)
        begins, ends = (datetime.combine(day, time(0), UTC) for day in (first, last + days(1)))
        return await case_views.place_view(uow, await places_of(uow, known, Span(begins, ends)))

    found: list[dict[str, Any]] = await scheduling.do(read)
    return found


async def a_chooser(scheduling: Scheduling, **changes: Any) -> CaseChanged:
    case = a_case(**changes)
    await scheduling.receive(a_programme(version=2, allocation="choice"), case)
    return case


async def choose(scheduling: Scheduling, case: CaseChanged, slot: int) -> Any:
    await scheduling.do(lambda uow: commands.choose(uow, case.case_ref, slot, "scheduler"))
    return await scheduling.live(case)


async def test_what_is_shown_in_the_week_of_a_clock_change_can_be_chosen_and_is_what_is_booked(
    scheduling: Scheduling,
) -> None:
    """Cases 8, 9 and 13, at a site whose clocks change on 14 March 2027."""
    scheduling.clock.instant = datetime(2027, 3, 1, 12, tzinfo=UTC)
    await scheduling.do(lambda uow: uow.execute("update opening_rules set valid_until = null"))
    await scheduling.jobs.open_calendars()
    case = await a_chooser(scheduling, sites=(TIJ,))

    seen = await shown(scheduling, case, date(2027, 3, 12), date(2027, 3, 16))

    offsets = {each["wall_time"][:10]: _hours_from_utc(each) for each in seen}
    assert {"2027-03-12": -8, "2027-03-16": -7} == {day: offsets[day] for day in ("2027-03-12", "2027-03-16")}
    for place in (seen[0], seen[-1]):
        household = await a_chooser(scheduling, sites=(TIJ,))
        booked = await choose(scheduling, household, place["slot_id"])
        assert f"{booked.wall_time:%Y-%m-%dT%H:%M}" == place["wall_time"]
        assert booked.starts_at.isoformat() == place["instant"]


def _hours_from_utc(place: dict[str, Any]) -> float:
    wall_time = datetime.fromisoformat(place["wall_time"])
    return (wall_time - datetime.fromisoformat(place["instant"]).replace(tzinfo=None)) / timedelta(hours=1)


async def test_an_evening_at_the_site_is_booked_on_the_site_s_day_although_it_is_the_next_in_utc(
    scheduling: Scheduling,
) -> None:
    """Cases 12 and 13: 17:00 in Tijuana is 01:00 of the next day in UTC."""
    calendars, monday = Calendars(scheduling), weekday(14)
    evening = {
        "resource_id": (await calendars.resource("desk 1", TIJ)).id, "rrule": "FREQ=WEEKLY;BYDAY=MO",
        "valid_from": NOW.date(), "opens": time(16), "closes": time(21),
    }  # fmt: skip
    await calendars.change(keep.add_rule(evening), TIJ)
    case = await a_chooser(scheduling, sites=(TIJ,))
    late = next(
        each for each in await shown(scheduling, case, monday, monday + days(1)) if "T17:00" in each["wall_time"]
    )

    booked = await choose(scheduling, case, late["slot_id"])

    assert (booked.wall_time.date(), booked.starts_at.date()) == (monday, monday + days(1))
    day = await scheduling.do(lambda uow: case_views.day_view(uow, TIJ, monday))
    assert case.case_ref in str(day)


async def test_a_closure_keeps_its_day_when_the_site_goes_to_another_zone(scheduling: Scheduling) -> None:
    """Case 14."""
    calendars, tuesday = Calendars(scheduling), weekday(14) + timedelta(days=1)
    await calendars.change(closure(tuesday))
    before = await calendars.days()

    await calendars.change(change_site({"zone": "America/St_Johns"}))

    assert before == await calendars.days()
    assert tuesday not in before


async def test_the_last_place_is_given_once_under_repeatable_read_too(scheduling: Scheduling) -> None:
    """Case 22: who lost sees that the row changed since it began, begins again, and is told."""
    cases = [a_case() for _ in range(8)]
    await scheduling.receive(a_programme(), *cases)
    holders = [(await scheduling.live(case)).id for case in cases]
    case = await a_chooser(scheduling)
    place = (await scheduling.do(lambda uow: _first_place(uow, case))).keeping()
    slot = place.claims[0][0]
    answers: Counter[str] = Counter()

    async def claim(holder: Any) -> str:
        while True:
            try:
                async with scheduling.database.begin(NOW) as uow:
                    await uow.execute("set transaction isolation level repeatable read")
                    if not admit([one], await slots.lock(uow, [slot]))[0]:
                        return "too late"
                    await slots.claim(uow, [(holder, one)])
                    return "won"
            except DBAPIError as error:
                if not is_lost_race(error):
                    raise

    one = type(place)(place.need, place.setting, place.site, place.starts_at, place.local_date, ((slot, 1),))
    answers.update(await asyncio.gather(*(claim(holder) for holder in holders)))

    assert answers == {"won": 1, "too late": len(holders) - 1}


async def _first_place(uow: UnitOfWork, case: CaseChanged) -> Any:
    known = await case_views.known(uow, case.case_ref)
    return (await places_of(uow, known, Span(uow.now, uow.now + days(14))))[0]


async def test_a_household_holds_one_place_however_often_it_chooses(scheduling: Scheduling) -> None:
    """Case 26: nobody can hold a calendar back by holding many places."""
    case = await a_chooser(scheduling)
    seen = await shown(scheduling, case, NOW.date(), NOW.date() + days(10))
    first = await choose(scheduling, case, seen[0]["slot_id"])

    with pytest.raises(Problem) as refused:
        await choose(scheduling, case, seen[-1]["slot_id"])

    assert refused.value.code == "has_appointment"
    assert (await scheduling.live(case)).id == first.id
    assert await scheduling.count("select count(distinct appointment_id) from slot_claims") == 1


async def test_the_link_of_a_move_that_is_used_again_leaves_one_appointment(scheduling: Scheduling) -> None:
    """Case 34."""
    case = await a_chooser(scheduling)
    seen = await shown(scheduling, case, NOW.date(), NOW.date() + days(10))
    await choose(scheduling, case, seen[0]["slot_id"])

    for _ in range(2):
        await scheduling.do(lambda uow: commands.move(uow, case.case_ref, seen[-1]["slot_id"], "scheduler"))

    assert f"{(await scheduling.live(case)).wall_time:%Y-%m-%dT%H:%M}" == seen[-1]["wall_time"]
    assert (await scheduling.published(case)).count(MOVED) == 1


async def test_a_yes_to_an_offer_that_was_moved_or_cancelled_creates_nothing(scheduling: Scheduling) -> None:
    """Case 35."""
    case = a_case()
    await scheduling.receive(a_programme(), case)
    offered = await scheduling.live(case)
    await scheduling.accept(case, "scheduler", seen=offered.id)
    await scheduling.do(lambda uow: commands.cancel(uow, case.case_ref, "applicant-request", "scheduler"))
    said = await scheduling.published(case)

    with pytest.raises(Problem) as refused:
        await scheduling.accept(case, "scheduler", seen=offered.id)

    assert refused.value.status == 409
    assert await scheduling.published(case) == said
    assert await scheduling.count("select count(*) from appointments where status <> 'cancelled'") == 0


async def test_a_place_that_was_moved_away_from_is_busy_in_no_view(scheduling: Scheduling) -> None:
    """Case 36: nor open to a friend before the next household in line had it."""
    case = await a_chooser(scheduling)
    week = NOW.date() + days(7), NOW.date() + days(14)
    seen = await shown(scheduling, case, *week)
    before = await choose(scheduling, case, seen[0]["slot_id"])

    await scheduling.do(lambda uow: commands.move(uow, case.case_ref, seen[-1]["slot_id"], "scheduler"))

    day = await scheduling.do(lambda uow: case_views.day_view(uow, TAP, before.wall_time.date()))
    assert case.case_ref not in str(day)
    assert await scheduling.claims_of(before.id) == 0
    await scheduling.jobs.offer_freed_places()
    scheduling.clock.advance(days(0.1))
    await scheduling.jobs.open_freed_places()
    assert seen[0]["slot_id"] in [each["slot_id"] for each in await shown(scheduling, case, *week)]


async def test_a_site_that_closes_to_new_dates_keeps_the_old_ones_and_opens_again(scheduling: Scheduling) -> None:
    """Case 43."""
    case, later = a_case(), a_case()
    await scheduling.receive(a_programme(sites=(TAP,)), case)
    before = await scheduling.live(case)
    calendars = Calendars(scheduling)

    await calendars.change(change_site({"is_open": False}))
    await scheduling.receive(later)
    assert await scheduling.waiting(later) == "site_unknown"
    assert (await scheduling.live(case)).id == before.id
    await calendars.change(change_site({"is_open": True}))
    await scheduling.jobs.look_again()

    assert (await scheduling.live(later)).site == TAP
    assert (await scheduling.live(case)).id == before.id
