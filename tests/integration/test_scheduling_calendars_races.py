"""Several people at one calendar: old versions, two schedulers at once, changes while places are claimed."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from services.scheduling import commands
from services.scheduling.commands import calendars as keep
from services.scheduling.placing.choices import Span, places_of
from services.scheduling.repository import reference, slots
from services.scheduling.views.cases import known
from shared.db import UnitOfWork
from shared.events import Allocation, CaseLanguage, Party
from shared.web.problems import Problem
from tests.builders import NOW, a_case, a_programme
from tests.calendars import TAP, Calendars, closure, weekday
from tests.scheduling import OnlyOnce, Scheduling


async def test_a_change_on_an_old_version_is_refused_with_what_changed_and_by_whom(calendars: Calendars) -> None:
    seen = await calendars.version()
    await calendars.change(closure(weekday()), acted_by="ops")

    with pytest.raises(Problem) as refused:
        await calendars.change(closure(weekday(30)), seen_version=seen)

    assert (refused.value.status, refused.value.code) == (412, "version_old")
    change = refused.value.extra["changes"][0]
    assert (change["version"], change["acted_by"], change["what"]["thing"]) == (seen + 1, "ops", "closures")
    assert change["what"]["after"]["reason"] == "flood"


async def test_of_two_schedulers_at_once_one_changes_the_calendar_and_the_other_is_told(calendars: Calendars) -> None:
    seen = await calendars.version()
    days = [weekday(), weekday(30)]

    answers = await asyncio.gather(
        *(calendars.change(closure(day), seen_version=seen, acted_by=str(day)) for day in days), return_exceptions=True
    )

    done = [answer for answer in answers if isinstance(answer, dict)]
    refused = [answer for answer in answers if isinstance(answer, Problem)]
    assert (len(done), len(refused), await calendars.version()) == (1, 1, seen + 1)
    assert refused[0].extra["changes"][0]["acted_by"] == done[0]["what"]["after"]["first_day"]


async def a_free_slot(calendars: Calendars, case: Any, number: int) -> int:
    """One of the places that the household is shown, each time another one of the first days."""

    async def read(uow: UnitOfWork) -> int:
        shown = await places_of(uow, await known(uow, case.case_ref), Span(uow.now, uow.now + timedelta(days=9)))
        return shown[number * 7 % len(shown)].claims[0][0]

    return int(await calendars.scheduling.do(read))


async def test_calendars_change_while_places_are_claimed_without_a_deadlock(calendars: Calendars) -> None:
    calendars.scheduling.database = OnlyOnce(calendars.scheduling.database.url)
    await calendars.scheduling.receive(a_programme(allocation=Allocation.CHOICE, base_minutes=15))
    monday = weekday(0)
    closed = (await calendars.change(closure(monday)))["what"]["after"]["id"]
    answers: list[Any] = []

    for n in range(50):
        households = [a_case(party=Party(attendees=1, adults=1, children=0)) for _ in range(3)]
        await calendars.scheduling.receive(*households)
        slots = [await a_free_slot(calendars, each, 3 * n + k) for k, each in enumerate(households)]
        choices = [
            calendars.scheduling.do(commands.choose, case.case_ref, slot, "scheduler")
            for case, slot in zip(households, slots, strict=True)
        ]
        lifted = keep.change_closure(closed, {"is_lifted": n % 2 == 0, "last_day": monday + timedelta(days=n % 3)})
        answers += await asyncio.gather(calendars.change(lifted), *choices, return_exceptions=True)

    refused = [answer for answer in answers if isinstance(answer, BaseException)]
    assert {getattr(answer, "code", answer) for answer in refused} <= {"place_taken"}
    holders = await calendars.scheduling.rows(
        """select distinct c.appointment_id from slots s join slot_claims c on c.slot_id = s.id
           where s.local_date between :first and :last""",
        first=monday,
        last=monday + timedelta(days=49 % 3),
    )
    stranded = {each["appointment_id"] for each in await calendars.stranded()}
    assert {str(row.appointment_id) for row in holders} == stranded != set()


@pytest.mark.parametrize("change", ["revision", "move"])
async def test_a_date_is_not_kept_on_time_that_closes_in_the_same_moment(calendars: Calendars, change: str) -> None:
    """What a household holds is read before its slots are locked, and may be closed in between."""
    scheduling, case = calendars.scheduling, a_case()
    await scheduling.receive(a_programme(), case)
    await scheduling.do(lambda uow: commands.accept(uow, case.case_ref, "scheduler"))
    before = await scheduling.live(case)
    slots = [each.slot_id for each in await scheduling.rows("select slot_id from slot_claims order by slot_id")]
    fewer = case.model_copy(
        update={"version": 2, "languages": (CaseLanguage(tag="mam", mode="spoken", interpreter=True),)}
    )

    async def kept() -> None:
        if change == "revision":
            await scheduling.receive(fewer)
        else:
            await scheduling.do(lambda uow: commands.move(uow, case.case_ref, slots[1], "scheduler"))

    async with scheduling.database.begin(scheduling.clock.now()) as closing:
        await closing.rows("select id from slots where id = any(:ids) for update", ids=slots)
        keeping = asyncio.create_task(kept())
        await waits_for_a_lock(scheduling)
        await closing.execute("update slots set planned = 0, shrunk_because = 'closed' where id = any(:ids)", ids=slots)
    await keeping

    after = await scheduling.live(case)
    closed = await scheduling.count(
        "select count(*) from slot_claims where appointment_id = :id and slot_id = any(:ids)", id=after.id, ids=slots
    )
    assert after.id == before.id or closed == 0


async def waits_for_a_lock(scheduling: Scheduling) -> None:
    async with asyncio.timeout(10):
        while not await scheduling.count("select count(*) from pg_locks where not granted"):
            await asyncio.sleep(0.01)


async def test_lines_are_noted_to_be_looked_at_in_the_order_of_their_programmes(calendars: Calendars) -> None:
    await calendars.scheduling.receive(a_programme(), a_programme(programme="MX-AAA"))
    await calendars.scheduling.receive(a_programme(programme="MX-AAA", version=2))
    lock = "select 1 from programmes where programme = :name for update"

    async with calendars.scheduling.database.begin(NOW) as other:
        await other.rows(lock, name="MX-AAA")
        noting = asyncio.create_task(calendars.scheduling.do(reference.look_again))
        done, _ = await asyncio.wait([noting], timeout=0.3)
        await asyncio.wait_for(other.rows(lock, name="MX-REF"), 0.5)
    await noting

    assert not done


async def test_whoever_holds_slots_waits_for_no_line_that_a_change_of_a_resource_notes(calendars: Calendars) -> None:
    scheduling = calendars.scheduling
    _, held = await scheduling.booked()
    desk = await scheduling.rows(
        """select r.id, s.id as slot from slot_claims c join slots s on s.id = c.slot_id
           join resources r on r.id = s.resource_id where c.appointment_id = :id""",
        id=held.id,
    )

    async with scheduling.database.begin(NOW) as opening:
        await slots.lock(opening, [row.slot for row in desk])
        changing = asyncio.create_task(calendars.change(keep.change_resource(desk[0].id, {"capacity": 2})))
        done, _ = await asyncio.wait([changing], timeout=0.5)
        await asyncio.wait_for(reference.look_again(opening, TAP), 0.5)
    await changing

    assert not done
