"""Whom a closing strands is rebooked when staff say so: by seniority, to the nearest places, one event each, never silence."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest

from services.scheduling import commands
from services.scheduling.commands import calendars as keep
from services.scheduling.commands.calendars import Fate
from services.scheduling.commands.sites import change_site
from services.scheduling.placing.rebooking import rebook_next
from services.scheduling.views.rebookings import orders_view
from shared.db import UnitOfWork
from shared.events import CaseChanged, Urgency
from tests.builders import NOW, a_case, a_programme, days
from tests.calendars import TAP, Calendars, closure

TIJ = "MX-TIJ-01"
MOVED = "puente.scheduling.appointment.moved.v1"
CANCELLED = "puente.scheduling.appointment.cancelled.v1"


async def booked(calendars: Calendars, *cases: CaseChanged) -> Sequence[Any]:
    """Their appointments at the site in Tapachula, in this order."""
    await calendars.scheduling.receive(a_programme(), *cases)
    for case in cases:
        await calendars.scheduling.accept(case, "scheduler")
    return [await calendars.scheduling.live(case) for case in cases]


async def close(calendars: Calendars, first_day: date, last_day: date | None = None, **asked: Any) -> dict[str, Any]:
    return await calendars.change(closure(first_day, last_day), stranded=Fate.REBOOK, **asked)


async def order(calendars: Calendars, site: str = TAP) -> dict[str, Any]:
    found: list[dict[str, Any]] = await calendars.scheduling.do(lambda uow: orders_view(uow, site))
    return found[0]


def anywhere(**changes: Any) -> CaseChanged:
    return a_case(sites=(TAP, TIJ), **changes)


async def test_a_closed_day_moves_its_households_to_the_nearest_day_at_their_site_with_one_event(
    calendars: Calendars,
) -> None:
    case = anywhere()
    (before,) = await booked(calendars, case)

    await close(calendars, before.wall_time.date())
    await calendars.scheduling.jobs.rebook_stranded()

    after = await calendars.scheduling.live(case)
    assert (after.site, after.status, after.replaces) == (before.site, "pending", before.id)
    assert before.wall_time.date() < after.wall_time.date() <= before.wall_time.date() + timedelta(days=3)
    assert after.deadline > NOW
    old = await calendars.scheduling.appointment(before.id)
    assert (old.status, old.reason) == ("cancelled", "site-closed")
    assert (await calendars.scheduling.published(case))[2:] == [MOVED]
    assert await calendars.stranded() == []


async def test_nobody_is_moved_before_the_day_they_had_while_a_later_one_is_free(calendars: Calendars) -> None:
    case = a_case()
    (before,) = await booked(calendars, case)
    later = await far_from_now(calendars, case)

    await close(calendars, later.wall_time.date())
    await calendars.scheduling.jobs.rebook_stranded()

    assert (await calendars.scheduling.live(case)).wall_time.date() > later.wall_time.date() > before.wall_time.date()


async def far_from_now(calendars: Calendars, case: CaseChanged) -> Any:
    """The appointment of a household that chose a day three weeks later."""
    slot = await calendars.scheduling.count(
        """select s.id from slots s join resources r on r.id = s.resource_id
           where s.site = :site and r.name = 'desk 1' and local_date > :day order by starts_at limit 1""",
        site=TAP,
        day=NOW.date() + days(30),
    )
    await calendars.scheduling.do(lambda uow: commands.move(uow, case.case_ref, slot, "scheduler"))
    return await calendars.scheduling.live(case)


async def test_a_site_closed_for_good_sends_each_household_to_another_of_its_sites(calendars: Calendars) -> None:
    case, bound = anywhere(), a_case(sites=(), admin_area="CS")
    await booked(calendars, case, bound)

    await calendars.change(change_site({"is_open": False}), stranded=Fate.REBOOK)
    await calendars.scheduling.jobs.rebook_stranded()

    assert (await calendars.scheduling.live(case)).site == TIJ
    assert await calendars.scheduling.waiting(bound) == "site_unknown"


async def test_who_finds_no_place_waits_with_its_seniority_and_is_told_once(calendars: Calendars) -> None:
    case = a_case(valid_until=(NOW + days(7)).date())
    (before,) = await booked(calendars, case)

    await close(calendars, NOW.date(), NOW.date() + days(7))
    await calendars.scheduling.jobs.rebook_stranded()

    assert await calendars.scheduling.waiting(case) == "no_capacity_before_valid_until"
    assert (await calendars.scheduling.appointment(before.id)).reason == "site-closed"
    assert (await calendars.scheduling.published(case))[2:] == [CANCELLED]
    assert await calendars.scheduling.count("select count(*) from freed_places") == 0


async def test_the_places_that_are_left_go_to_urgent_households_and_then_to_those_who_wait_longest(
    calendars: Calendars,
) -> None:
    young, old, urgent = (
        a_case(registered_at=datetime(2026, month, 1, tzinfo=UTC), urgency=urgency, valid_until=date(2026, 11, 30))
        for month, urgency in ((9, Urgency.ROUTINE), (3, Urgency.ROUTINE), (10, Urgency.URGENT))
    )
    appointments = await booked(calendars, young, old, urgent)
    (day,) = {each.wall_time.date() for each in appointments}
    await leave_room_for_two(calendars, until=day)

    await close(calendars, day)
    await calendars.scheduling.jobs.rebook_stranded()

    assert (await calendars.scheduling.live(urgent)).status == "pending"
    assert (await calendars.scheduling.live(old)).status == "pending"
    assert await calendars.scheduling.waiting(young) == "no_capacity_before_valid_until"


async def leave_room_for_two(calendars: Calendars, until: date) -> None:
    """After that day only two desks are there, each for as long as one interview takes."""
    for name in ("desk 3", "desk 4"):
        await calendars.change(keep.change_resource((await calendars.resource(name)).id, {"last_day": until}))
    for name in ("desk 1", "desk 2"):
        await calendars.change(keep.change_rule((await calendars.rule_of(name)).id, {"closes": time(10)}))


async def test_a_dry_run_says_where_everyone_would_go_and_that_is_where_they_go(calendars: Calendars) -> None:
    moves, stays = anywhere(), a_case(valid_until=(NOW + days(7)).date())
    appointments = await booked(calendars, moves, stays)
    before = await calendars.everything()

    shown = await close(calendars, NOW.date(), NOW.date() + days(7), dry_run=True)
    assert await calendars.everything() == before
    assert await calendars.scheduling.count("select count(*) from rebookings") == 0
    await close(calendars, NOW.date(), NOW.date() + days(7))
    await calendars.scheduling.jobs.rebook_stranded()

    rebooking = shown["rebooking"]
    assert (rebooking["households"], rebooking["moved"], rebooking["waiting"], rebooking["by_site"]) == (
        2,
        1,
        1,
        {TAP: 1},
    )
    places = {each["case_ref"]: each for each in rebooking["places"]}
    after = await calendars.scheduling.live(moves)
    assert (places[moves.case_ref]["site"], places[moves.case_ref]["wall_time"]) == (
        after.site,
        after.wall_time.strftime("%Y-%m-%dT%H:%M"),
    )
    assert places[stays.case_ref]["waiting"] == await calendars.scheduling.waiting(stays)
    assert len(appointments) == len(places)


class Killed(Exception):
    """The process ends in the middle of its work."""


async def test_what_was_cut_off_goes_on_where_it_was_and_nobody_is_moved_twice(calendars: Calendars) -> None:
    cases = [a_case() for _ in range(5)]
    appointments = await booked(calendars, *cases)

    async def chunk(uow: UnitOfWork) -> bool:
        return await rebook_next(uow, at_once=2)

    async def killed(uow: UnitOfWork) -> None:
        await chunk(uow)
        raise Killed

    await close(calendars, min(each.wall_time.date() for each in appointments), NOW.date() + days(14))
    await calendars.scheduling.do(chunk)
    assert (await order(calendars))["done"] == 2
    with pytest.raises(Killed):
        await calendars.scheduling.do(killed)
    assert (await order(calendars))["done"] == 2
    await calendars.scheduling.jobs.rebook_stranded()

    for case in cases:
        assert (await calendars.scheduling.published(case)).count(MOVED) == 1
    finished = await order(calendars)
    assert (finished["moved"], finished["kept"], finished["acted_by"]) == (5, 0, "scheduler")
    assert finished["finished_at"] is not None


async def test_a_closure_that_is_lifted_in_the_middle_leaves_the_others_where_they_are(calendars: Calendars) -> None:
    cases = [a_case(), a_case()]
    appointments = await booked(calendars, *cases)
    closed = await close(calendars, NOW.date(), max(each.wall_time.date() for each in appointments))
    await calendars.scheduling.do(lambda uow: rebook_next(uow, at_once=1))

    await calendars.change(keep.change_closure(closed["what"]["after"]["id"], {"is_lifted": True}))
    await calendars.scheduling.jobs.rebook_stranded()

    done = await order(calendars)
    assert (done["moved"], done["kept"]) == (1, 1)
    kept = [await calendars.scheduling.appointment(each.id) for each in appointments]
    assert sorted(each.status for each in kept) == ["booked", "cancelled"]


async def test_who_moved_by_itself_in_the_meantime_is_left_alone(calendars: Calendars) -> None:
    case = a_case()
    (before,) = await booked(calendars, case)
    await close(calendars, before.wall_time.date())
    chosen = await far_from_now(calendars, case)

    await calendars.scheduling.jobs.rebook_stranded()

    assert (await calendars.scheduling.live(case)).id == chosen.id
    assert (await order(calendars))["kept"] == 1


async def test_a_household_that_leaves_a_moved_date_unanswered_has_missed_nothing(calendars: Calendars) -> None:
    case = a_case()
    (before,) = await booked(calendars, case)
    await close(calendars, before.wall_time.date())
    await calendars.scheduling.jobs.rebook_stranded()
    after = await calendars.scheduling.live(case)
    await calendars.scheduling.set_deadline(after.id, NOW - timedelta(seconds=1))

    await calendars.scheduling.jobs.expire_offers()

    assert await calendars.scheduling.waiting(case) == "offer_expired"
    assert await calendars.scheduling.count("select offers_missed from cases") == 0


async def test_a_change_that_only_keeps_what_it_strands_orders_nothing(calendars: Calendars) -> None:
    (before,) = await booked(calendars, a_case())

    answer = await calendars.change(closure(before.wall_time.date()))
    await calendars.scheduling.jobs.rebook_stranded()

    assert answer["rebooking"] is None
    assert (await calendars.scheduling.appointment(before.id)).status == "booked"


async def test_the_change_of_the_calendar_is_the_cause_of_every_move(calendars: Calendars) -> None:
    case = a_case()
    (before,) = await booked(calendars, case)

    await close(calendars, before.wall_time.date())
    await calendars.scheduling.jobs.rebook_stranded()

    said = await calendars.scheduling.rows("select event_id, topic, attributes from outbox order by id desc limit 2")
    assert [row.topic for row in said] == ["scheduling.cases", "scheduling.sites"]
    assert said[0].attributes["causationid"] == str(said[1].event_id)
