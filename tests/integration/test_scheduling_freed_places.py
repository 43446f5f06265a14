"""A place that was let go: whose it is next, and when it opens."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from services.scheduling.handlers import cases_changed
from shared import tracing
from shared.events import CaseChanged, Party
from shared.outbox import Cause
from tests.builders import NOW, a_case, a_programme, days
from tests.scheduling import Scheduling

PROGRAMMES = ()
"""Each test says which programmes there are."""


async def _one_place_for_two(scheduling: Scheduling) -> tuple[CaseChanged, Any, CaseChanged]:
    """Who is offered the only place, the place, and who waits and could have no other."""
    first = a_case()
    await scheduling.receive(first)
    place = await scheduling.live(first)
    second = a_case(valid_until=place.wall_time.date())
    await scheduling.take_all_but(place)
    await scheduling.receive(second)
    return first, place, second


async def test_a_declined_place_goes_to_the_next_and_is_never_open_in_between(scheduling: Scheduling) -> None:
    await scheduling.receive(a_programme(offer_hours=24))
    first, place, second = await _one_place_for_two(scheduling)
    assert await scheduling.waiting(second) == "no_capacity_before_valid_until"

    await scheduling.decline(first, "scheduler")
    assert await scheduling.free_units_at(place) == 0
    await scheduling.jobs.offer_freed_places()

    assert (await scheduling.live(second)).starts_at == place.starts_at
    assert await scheduling.waiting(first) == "declined"


async def test_a_place_freed_three_days_ahead_goes_to_the_next_however_long_offers_are_open(
    scheduling: Scheduling,
) -> None:
    await scheduling.receive(a_programme(offer_hours=72))
    first, place, second = await _one_place_for_two(scheduling)
    await scheduling.decline(first)
    scheduling.clock.instant = place.starts_at - timedelta(hours=80)

    await scheduling.jobs.offer_freed_places()

    offered = await scheduling.live(second)
    assert offered.starts_at == place.starts_at
    assert scheduling.clock.now() + days(1) < offered.deadline <= place.starts_at - days(1)


async def test_a_household_that_declined_is_offered_another_place_when_a_new_day_opens(scheduling: Scheduling) -> None:
    case = a_case()
    await scheduling.receive(a_programme(), case)
    before = await scheduling.live(case)
    await scheduling.decline(case, "scheduler")
    scheduling.clock.advance(days(1))

    await scheduling.jobs.open_calendars()
    await scheduling.jobs.look_again()

    assert (await scheduling.live(case)).id != before.id


async def test_a_place_freed_on_a_day_that_a_household_declined_passes_it_by(scheduling: Scheduling) -> None:
    longest, other = a_case(registered_at=NOW - days(90)), a_case(registered_at=NOW - days(60))
    await scheduling.receive(a_programme(), longest, other)
    place = await scheduling.live(other)
    next_one = a_case(registered_at=NOW - days(30), valid_until=place.wall_time.date())
    await scheduling.take_all_but(place)
    await scheduling.receive(next_one)
    await scheduling.decline(longest)
    await scheduling.do(lambda uow: uow.execute("update freed_places set opens_at = :never", never=NOW + days(30)))

    await scheduling.decline(other)
    await scheduling.jobs.offer_freed_places()

    assert (await scheduling.live(next_one)).starts_at == place.starts_at
    assert await scheduling.waiting(longest) == "declined"


async def test_what_a_household_leaves_of_its_old_place_is_freed(scheduling: Scheduling) -> None:
    case = a_case()
    await scheduling.receive(a_programme(), case)
    elsewhere = case.model_copy(update={"version": 2, "sites": ("MX-TIJ-01",)})

    await scheduling.receive(elsewhere)

    assert (await scheduling.live(case)).site == "MX-TIJ-01"
    assert await scheduling.held_by_freed_places() == 10


async def test_a_place_that_opens_again_goes_to_who_waits_longest_and_not_to_a_newcomer(scheduling: Scheduling) -> None:
    first = a_case(registered_at=NOW - days(30))
    await scheduling.receive(a_programme(), first)
    place = await scheduling.live(first)
    await scheduling.take_all_but(place)
    longest = first.registered_at - timedelta(days=1)
    alone = Party(attendees=1, adults=1, children=0)
    waits = a_case(valid_until=place.wall_time.date(), party=alone, registered_at=longest)
    await scheduling.receive(waits)
    await scheduling.decline(first, "scheduler")
    await scheduling.do(lambda uow: uow.execute("update freed_places set opens_at = :now", now=NOW))

    await scheduling.jobs.open_freed_places()
    await scheduling.jobs.look_again()

    assert (await scheduling.live(waits)).starts_at == place.starts_at


async def test_a_freed_place_that_nobody_can_use_opens_after_a_delay(scheduling: Scheduling) -> None:
    case = a_case()
    await scheduling.receive(a_programme(), case)
    place = await scheduling.live(case)
    await scheduling.decline(case, "scheduler")

    await scheduling.jobs.offer_freed_places()
    await scheduling.jobs.open_freed_places()
    assert await scheduling.held_by_freed_places() == 10

    scheduling.clock.advance(timedelta(hours=1))
    await scheduling.jobs.open_freed_places()

    assert await scheduling.held_by_freed_places() == 0
    assert await scheduling.free_units_at(place) > 0


@pytest.mark.parametrize("news", [{"party": Party(attendees=6, adults=4, children=2)}, {"state": "withdrawn"}])
async def test_who_is_another_while_a_place_is_being_given_to_it_leaves_it_to_the_next_in_line(
    scheduling: Scheduling, news: dict[str, Any]
) -> None:
    holder = a_case()
    await scheduling.receive(a_programme(offer_hours=24), holder)
    place = await scheduling.live(holder)
    valid_until = place.wall_time.date()
    await scheduling.take_all_but(place)
    first, second = a_case(valid_until=valid_until), a_case(valid_until=valid_until, registered_at=NOW)
    await scheduling.receive(first, second)
    await scheduling.decline(holder)
    changed = a_case(case_ref=first.case_ref, version=2, valid_until=valid_until, **news)

    async with scheduling.database.begin(NOW) as taking_in:
        taking_in.caused_by(changed, Cause.first(tracing.new_root()))
        await cases_changed([changed], taking_in)
        giving = asyncio.create_task(scheduling.jobs.offer_freed_places())
        done, _ = await asyncio.wait([giving], timeout=0.3)
    await giving

    assert not done
    assert (await scheduling.live(second)).starts_at == place.starts_at
