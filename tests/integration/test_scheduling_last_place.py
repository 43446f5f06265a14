"""The last place, 50 claimants at once, 100 times (200, 500 times in the long form); and what happens when the lock, or the lock and the CHECK, are gone."""

import asyncio
import os
from collections import Counter
from collections.abc import AsyncIterator
from datetime import date, timedelta
from uuid import UUID

import pytest_asyncio
from sqlalchemy.exc import IntegrityError

from services.scheduling.domain.admission import admit
from services.scheduling.domain.needs import Need, Setting
from services.scheduling.domain.places import Place
from services.scheduling.repository import slots
from shared.db import Database, UnitOfWork
from tests.builders import NOW, a_case, a_programme
from tests.conftest import MakeDatabase
from tests.databases import TYPES
from tests.scheduling import Scheduling

LONG = os.environ.get("PUENTE_FAULTS") == "long"
CLAIMANTS, ROUNDS = (200, 500) if LONG else (50, 200)
CONNECTIONS = 50
SETTING = Setting(15, 1)
NEED = Need("", "", "desk", (), (SETTING,), 1, 1, (), frozenset(), NOW, date(2027, 1, 1), 24)


@pytest_asyncio.fixture(loop_scope="session")
async def scheduling(new_database: MakeDatabase, scheduling_template: str) -> AsyncIterator[Scheduling]:
    running = Scheduling(await new_database(scheduling_template))
    running.database = Database(running.database.url, pool_size=CONNECTIONS, types=TYPES)
    yield running
    await running.database.close()


async def appointments(scheduling: Scheduling) -> list[UUID]:
    """Appointments of as many households, to hold claims that the test makes."""
    cases = [a_case() for _ in range(CLAIMANTS)]
    await scheduling.receive(a_programme(), *cases)
    return [row.id for row in await scheduling.rows("select id from appointments order by id")]


async def a_last_place(scheduling: Scheduling, number: int) -> int:
    """A new slot with room for one."""

    async def make(uow: UnitOfWork) -> int:
        made = await uow.rows(
            """insert into slots (resource_id, site, kind, starts_at, wall_time, local_date, capacity)
               select id, site, kind, :at, '2027-01-01', '2027-01-01', 1 from resources order by id limit 1
               returning id""",
            at=NOW + timedelta(days=1000, minutes=number),
        )
        return int(made[0].id)

    return int(await scheduling.do(make))


async def claim_locked(database: Database, slot: int, holder: UUID) -> str:
    """As offers do it: lock, decide on what the lock returned, claim."""
    async with database.begin(NOW) as uow:
        left = await slots.lock(uow, [slot])
        return await _claim(uow, slot, holder, left)


async def claim_unlocked(database: Database, slot: int, holder: UUID) -> str:
    """Without the lock: decided on what everybody sees."""
    try:
        async with database.begin(NOW) as uow:
            rows = await uow.rows("select id, capacity - taken as left from slots where id = :id", id=slot)
            await asyncio.sleep(0.02)
            return await _claim(uow, slot, holder, {row.id: row.left for row in rows})
    except IntegrityError:
        return "refused by the CHECK"


async def _claim(uow: UnitOfWork, slot: int, holder: UUID, left: dict[int, int]) -> str:
    place = Place(NEED, SETTING, "", NOW, NOW.date(), ((slot, 1),))
    winners, _ = admit([place], left)
    if not winners:
        return "too late"
    await slots.claim(uow, [(holder, place)])
    return "won"


async def test_the_last_place_is_given_once_however_many_claim_it_at_once(scheduling: Scheduling) -> None:
    holders = await appointments(scheduling)
    answers: Counter[str] = Counter()

    for number in range(ROUNDS):
        slot = await a_last_place(scheduling, number)
        answers.update(await asyncio.gather(*(claim_locked(scheduling.database, slot, h) for h in holders)))

    assert answers == {"won": ROUNDS, "too late": ROUNDS * (CLAIMANTS - 1)}
    await scheduling.check()


async def test_control_without_the_lock_the_check_refuses(scheduling: Scheduling) -> None:
    holders = await appointments(scheduling)
    slot = await a_last_place(scheduling, 0)

    answers = Counter(await asyncio.gather(*(claim_unlocked(scheduling.database, slot, h) for h in holders)))

    assert answers["won"] == 1
    assert answers["refused by the CHECK"] > 0


async def test_control_without_the_lock_and_the_check_it_oversells(scheduling: Scheduling) -> None:
    holders = await appointments(scheduling)
    slot = await a_last_place(scheduling, 0)
    await scheduling.do(lambda uow: uow.execute("alter table slots drop constraint slot_not_oversold"))

    answers = Counter(await asyncio.gather(*(claim_unlocked(scheduling.database, slot, h) for h in holders)))

    assert answers["won"] > 1


async def test_two_households_that_want_the_same_place_at_once_both_get_one(scheduling: Scheduling) -> None:
    await scheduling.receive(a_programme())
    first, second = a_case(), a_case()

    await asyncio.gather(scheduling.receive(first), scheduling.receive(second))

    places = {(await scheduling.live(case)).id: await scheduling.live(case) for case in (first, second)}
    assert len(places) == 2
    await scheduling.check()
