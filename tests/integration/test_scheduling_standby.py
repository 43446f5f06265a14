"""The standby list: who agreed to be called gets what is freed too late for everyone else."""

import asyncio
from collections.abc import AsyncIterator
from datetime import date, timedelta
from typing import Any

import httpx
import pytest
import pytest_asyncio

from services.scheduling import commands, views
from services.scheduling.app import build
from services.scheduling.choices import Span, places_of
from services.scheduling.commands import standby
from shared.db import UnitOfWork
from shared.events import CaseChanged, Party, Urgency
from shared.reference import new_case_ref
from shared.web.problems import Problem
from tests.builders import NOW, a_case, a_programme, days
from tests.calendars import TAP
from tests.conftest import MakeDatabase
from tests.scheduling import Scheduling, settings


@pytest_asyncio.fixture(loop_scope="session")
async def scheduling(new_database: MakeDatabase, scheduling_template: str) -> AsyncIterator[Scheduling]:
    running = Scheduling(await new_database(scheduling_template))
    await running.receive(a_programme())
    yield running
    await running.check()
    await running.database.close()


async def booked(scheduling: Scheduling, **changes: Any) -> tuple[CaseChanged, Any]:
    """A case with its booked appointment."""
    case = a_case(**changes)
    await scheduling.receive(case)
    await scheduling.do(lambda uow: commands.accept(uow, case.case_ref, "assistant"))
    return case, await scheduling.live(case)


async def waiting(scheduling: Scheduling, **changes: Any) -> CaseChanged:
    """A case that said no to what it was offered and is in line for the next place."""
    case = a_case(**changes)
    await scheduling.receive(case)
    await scheduling.do(lambda uow: commands.decline(uow, case.case_ref, "assistant"))
    await scheduling.do(lambda uow: uow.execute("update freed_places set opens_at = :now", now=uow.now))
    await scheduling.jobs.open_freed_places()
    return case


async def stand_by(scheduling: Scheduling, case: CaseChanged, day: date) -> None:
    await scheduling.do(lambda uow: standby.stand_by(uow, case.case_ref, TAP, day, acted_by="officer"))


async def let_go(scheduling: Scheduling, case: CaseChanged) -> None:
    """The household lets its place go, and the freed places are given to others."""
    await scheduling.do(lambda uow: commands.decline(uow, case.case_ref, "assistant"))
    await scheduling.jobs.offer_freed_places()


async def moved_to_a_later_day(scheduling: Scheduling, case: CaseChanged, day: date) -> Any:
    """The case's appointment after staff moved it to some day after this one."""

    async def move(uow: UnitOfWork) -> None:
        shown = await places_of(uow, await views.known(uow, case.case_ref), Span(uow.now, uow.now + days(14)))
        slot = next(place.claims[0][0] for place in shown if place.local_date > day)
        await commands.move(uow, case.case_ref, slot, "scheduler")

    await scheduling.do(move)
    return await scheduling.live(case)


async def standing_by(scheduling: Scheduling) -> set[str]:
    return {row.case_ref for row in await scheduling.rows("select case_ref from standby")}


async def test_a_place_freed_at_short_notice_is_booked_for_who_stands_by_and_leaves_the_list(
    scheduling: Scheduling,
) -> None:
    holder, place = await booked(scheduling)
    caller, other = await waiting(scheduling), await waiting(scheduling, registered_at=NOW - days(900))
    await stand_by(scheduling, caller, place.wall_time.date())
    await stand_by(scheduling, caller, place.wall_time.date() + timedelta(days=1))
    scheduling.clock.instant = place.starts_at - timedelta(hours=5)

    await let_go(scheduling, holder)

    got = await scheduling.live(caller)
    assert (got.status, got.starts_at, got.acted_by) == ("booked", place.starts_at, "scheduling")
    assert await standing_by(scheduling) == set()
    assert await scheduling.waiting(other) == "declined"


async def test_nobody_is_called_who_did_not_agree_and_nobody_for_a_place_that_comes_too_soon(
    scheduling: Scheduling,
) -> None:
    (first, place), (second, same_day) = await booked(scheduling), await booked(scheduling)
    case = await waiting(scheduling)
    scheduling.clock.instant = place.starts_at - timedelta(hours=5)
    await let_go(scheduling, first)
    before = await scheduling.waiting(case)
    await stand_by(scheduling, case, place.wall_time.date())
    scheduling.clock.instant = same_day.starts_at - timedelta(hours=2, minutes=59)

    await let_go(scheduling, second)

    assert (before, await scheduling.waiting(case)) == ("declined", "declined")


async def test_who_does_not_stand_by_any_more_is_not_called(scheduling: Scheduling) -> None:
    holder, place = await booked(scheduling)
    case, day = await waiting(scheduling), place.wall_time.date()
    await stand_by(scheduling, case, day)
    scheduling.clock.instant = place.starts_at - timedelta(hours=5)
    await scheduling.do(lambda uow: standby.stand_down(uow, case.case_ref, TAP, day))

    await let_go(scheduling, holder)

    assert await scheduling.waiting(case) == "declined"


async def test_who_takes_its_word_back_while_it_is_being_called_is_not_booked(scheduling: Scheduling) -> None:
    holder, place = await booked(scheduling)
    case, day = await waiting(scheduling), place.wall_time.date()
    await stand_by(scheduling, case, day)
    scheduling.clock.instant = place.starts_at - timedelta(hours=5)
    await scheduling.do(lambda uow: commands.decline(uow, holder.case_ref, "assistant"))

    async with scheduling.database.begin(scheduling.clock.now()) as taking_back:
        await standby.stand_down(taking_back, case.case_ref, TAP, day)
        calling = asyncio.create_task(scheduling.jobs.offer_freed_places())
        done, _ = await asyncio.wait([calling], timeout=0.3)
    await calling

    assert not done
    assert await scheduling.waiting(case) == "declined"


async def test_urgent_households_are_called_first_then_those_registered_first(scheduling: Scheduling) -> None:
    held = [await booked(scheduling) for _ in range(3)]
    late = await waiting(scheduling, registered_at=NOW - days(30))
    early = await waiting(scheduling, registered_at=NOW - days(300))
    urgent = await waiting(scheduling, registered_at=NOW - days(3), urgency=Urgency.URGENT)
    for case in (late, early, urgent):
        await stand_by(scheduling, case, held[0][1].wall_time.date())
    scheduling.clock.instant = held[0][1].starts_at - timedelta(hours=5)
    called = []

    for holder, _ in held:
        before = await standing_by(scheduling)
        await let_go(scheduling, holder)
        called += before - await standing_by(scheduling)

    assert called == [urgent.case_ref, early.case_ref, late.case_ref]


async def test_a_household_is_called_whole_or_not_at_all(scheduling: Scheduling) -> None:
    holder, place = await booked(scheduling)
    of_nine = Party(attendees=9, adults=7, children=2)
    large = await waiting(scheduling, party=of_nine, registered_at=NOW - days(900))
    small = await waiting(scheduling)
    for case in (large, small):
        await stand_by(scheduling, case, place.wall_time.date())
    await scheduling.take_all_but(place)
    scheduling.clock.instant = place.starts_at - timedelta(hours=5)

    await let_go(scheduling, holder)

    assert await scheduling.waiting(large) == "declined"
    assert (await scheduling.live(small)).starts_at == place.starts_at


async def test_who_is_booked_for_a_later_day_moves_forward_in_one_step_and_its_old_place_is_freed(
    scheduling: Scheduling,
) -> None:
    holder, place = await booked(scheduling)
    later, _ = await booked(scheduling)
    old = await moved_to_a_later_day(scheduling, later, place.wall_time.date())
    await stand_by(scheduling, later, place.wall_time.date())
    scheduling.clock.instant = place.starts_at - timedelta(hours=5)

    await let_go(scheduling, holder)

    got = await scheduling.live(later)
    assert (got.status, got.starts_at, got.replaces) == ("booked", place.starts_at, old.id)
    assert (await scheduling.published(later))[-1] == "puente.scheduling.appointment.moved.v1"
    left = await scheduling.appointment(old.id)
    assert (left.status, left.reason, left.acted_by) == ("cancelled", "rescheduled", "scheduling")
    assert await scheduling.claims_of(old.id) == 0
    assert (await scheduling.live(holder)).starts_at == old.starts_at


async def test_a_place_that_is_not_at_short_notice_goes_to_the_line_whoever_stands_by(scheduling: Scheduling) -> None:
    holder, place = await booked(scheduling)
    senior = await waiting(scheduling, registered_at=NOW - days(900))
    caller = await waiting(scheduling)
    await moved_to_a_later_day(scheduling, holder, place.wall_time.date())
    far = await scheduling.live(holder)
    await stand_by(scheduling, caller, far.wall_time.date())
    await scheduling.do(lambda uow: uow.execute("update freed_places set opens_at = :now", now=NOW + days(9)))

    await let_go(scheduling, holder)

    assert (await scheduling.live(senior)).starts_at == far.starts_at
    assert await scheduling.waiting(caller) == "declined"


@pytest.mark.parametrize("state", ["withdrawn", "ineligible", "expired", "review"])
async def test_a_case_that_may_not_have_an_interview_any_more_is_neither_listed_nor_called(
    scheduling: Scheduling, state: str
) -> None:
    holder, place = await booked(scheduling)
    case = await waiting(scheduling)
    await stand_by(scheduling, case, place.wall_time.date())
    await scheduling.receive(a_case(case_ref=case.case_ref, state=state, version=2))
    scheduling.clock.instant = place.starts_at - timedelta(hours=5)

    await let_go(scheduling, holder)

    listed = await scheduling.do(lambda uow: views.standby_view(uow, TAP, place.wall_time.date()))
    had = await scheduling.rows("select status from appointments where case_ref = :ref", ref=case.case_ref)
    assert (listed, [row.status for row in had]) == ([], ["cancelled"])


async def test_a_household_does_not_get_back_what_it_let_go(scheduling: Scheduling) -> None:
    holder, place = await booked(scheduling)
    await moved_to_a_later_day(scheduling, holder, place.wall_time.date())
    await stand_by(scheduling, holder, place.wall_time.date())
    scheduling.clock.instant = place.starts_at - timedelta(hours=5)
    later = await scheduling.live(holder)

    await scheduling.jobs.offer_freed_places()

    assert (await scheduling.live(holder)).id == later.id


@pytest.mark.parametrize(
    ("site", "days_ahead", "code"),
    [
        ("MX-TIJ-01", 4, "cannot_stand_by"),
        ("NOWHERE", 4, "site_unknown"),
        (TAP, -1, "day_out_of_reach"),
        (TAP, 91, "day_out_of_reach"),
    ],
)
async def test_who_could_have_no_place_there_does_not_stand_by(
    scheduling: Scheduling, site: str, days_ahead: int, code: str
) -> None:
    case = await waiting(scheduling)
    day = NOW.date() + timedelta(days=days_ahead)

    with pytest.raises(Problem) as refused:
        await scheduling.do(lambda uow: standby.stand_by(uow, case.case_ref, site, day, acted_by="officer"))

    assert refused.value.code == code


async def test_who_has_an_appointment_stands_by_for_earlier_days_only(scheduling: Scheduling) -> None:
    case, place = await booked(scheduling)

    with pytest.raises(Problem) as refused:
        await stand_by(scheduling, case, place.wall_time.date())
    await stand_by(scheduling, case, place.wall_time.date() - timedelta(days=1))

    assert refused.value.code == "cannot_stand_by"
    assert await standing_by(scheduling) == {case.case_ref}


async def test_days_count_by_the_sites_date_and_those_that_are_over_are_forgotten(scheduling: Scheduling) -> None:
    case = await waiting(scheduling)
    scheduling.clock.instant = NOW + timedelta(hours=15)  # 03:00 of the 25th in UTC, 21:00 of the 24th at the site
    await stand_by(scheduling, case, NOW.date())
    seen = []

    for hours in (2, 24):
        scheduling.clock.advance(timedelta(hours=hours))
        await scheduling.jobs.forget_what_is_over()
        seen.append(await standing_by(scheduling))

    assert seen == [{case.case_ref}, set()]


async def test_staff_keep_the_list_over_http_and_read_it_in_the_order_of_calling(scheduling: Scheduling) -> None:
    refs = sorted(new_case_ref() for _ in range(3))
    late = await waiting(scheduling, case_ref=refs[0])
    early = await waiting(scheduling, case_ref=refs[1], registered_at=NOW - days(900))
    urgent = await waiting(scheduling, case_ref=refs[2], urgency=Urgency.URGENT)
    day = {"site": TAP, "day": (NOW.date() + timedelta(days=1)).isoformat()}
    app = build(settings(scheduling.database.url), scheduling.clock)

    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://x") as client:
        client.headers["Authorization"] = "Bearer assistant"
        for case in (late, early, urgent, urgent):
            answer = await client.post(f"/v1/cases/{case.case_ref}/standby", json=day)
        forbidden = await client.get(f"/v1/sites/{TAP}/standby", params={"date": day["day"]})
        client.headers["Authorization"] = "Bearer officer"
        listed = await client.get(f"/v1/sites/{TAP}/standby", params={"date": day["day"]})
        gone = await client.delete(f"/v1/cases/{urgent.case_ref}/standby", params=day)
        left = await client.get(f"/v1/sites/{TAP}/standby", params={"date": day["day"]})

    assert [(each["site"], each["day"]) for each in answer.json()["standby"]] == [(TAP, day["day"])]
    assert forbidden.status_code == 403
    assert [each["case_ref"] for each in listed.json()] == [urgent.case_ref, early.case_ref, late.case_ref]
    assert (listed.json()[0]["party"], listed.json()[0]["acted_by"]) == (3, "assistant")
    assert (gone.json()["standby"], len(left.json())) == ([], 2)
    await app.state.service.database.close()
