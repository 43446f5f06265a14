"""Every topic is replayed twice and shuffled: into full databases it changes nothing, into empty ones it makes the same."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from random import Random

import pytest
import pytest_asyncio

from services.scheduling.jobs import Jobs
from shared.clock import FixedClock
from shared.kafka.records import Record
from tests.e2e.running import CONSUMED
from tests.faults.observed import records_of
from tests.faults.replay import Databases, Replica
from tests.faults.ride import Ride
from tests.faults.rough import Rough
from tests.life.invariants import INVARIANTS

pytestmark = pytest.mark.faults

WHAT_CASES_HAVE = """
select c.case_ref, c.intake_version, c.state,
       case when a.id is not null or c.waiting = 'no_capacity_before_valid_until' then 'a date, or next in line'
            else c.waiting end
from cases c left join appointments a on a.case_ref = c.case_ref and a.status in ('pending', 'booked')
order by c.case_ref
"""
"""Who has a date, who waits and why, whose case has ended. Not which date, nor who gets none when there are too few:
that depends on who came first, and between streams there is no order."""

IN_LINE = "select count(*) from cases where waiting = 'no_capacity_before_valid_until'"

WHAT_IS_OWED = """
select n.case_ref, n.matter, n.subject from notices n join cases c using (case_ref)
where n.state in ('due', 'sent', 'failed', 'not_reachable') and n.matter in ('offer', 'wait')
  and n.subject in (c.snapshot -> 'appointment' ->> 'id', c.snapshot ->> 'waiting') order by 1, 2, 3
"""
"""What each household must have been told of what is true now. Not what it was told before: a replay that sends nothing
in between owes nobody the end of a date that nobody heard of."""

WHAT_IS_TRUE = "select case_ref, version, programme, snapshot::text from cases order by case_ref"
SITES = "select to_jsonb(s) - 'traceparent' from sites s order by site"
FACTS = "select case_ref, system, fact::text from tellings order by case_ref"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def records(rough: Rough, after_kills: Ride) -> list[Record]:
    """Every record of the run with the kills."""
    return await records_of(rough.config["kafka"])


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def databases(rough: Rough, records: list[Record]) -> AsyncIterator[Databases]:
    """Copies and empty databases, while the services of the run stand still."""
    async with rough.without(*CONSUMED):
        made = Databases(rough, FixedClock(datetime.now(UTC)))
        yield made
        await made.close()


async def test_replaying_everything_twice_into_full_databases_changes_no_row(
    databases: Databases, records: list[Record]
) -> None:
    replicas = [await databases.copy_of(service) for service in CONSUMED]
    before = [await replica.digests() for replica in replicas]

    for replica in replicas:
        await _replay_twice(replica, records)

    assert before == [await replica.digests() for replica in replicas]


async def test_control_without_positions_a_shuffled_replay_brings_back_what_is_over(
    databases: Databases, records: list[Record]
) -> None:
    replica = await databases.copy_of("notifications")
    before = (await replica.digests())["cases"]
    await replica.replay(records, Random(), remembering=False)

    assert before != (await replica.digests())["cases"]


async def test_replaying_everything_into_an_empty_database_gives_every_case_the_same_end(
    databases: Databases, records: list[Record]
) -> None:
    live, again = await databases.copy_of("scheduling"), await databases.empty("scheduling")

    await _replay_twice(again, records)
    await Jobs(again.database, again.clock).look_again()  # at those whose programme came after them

    there_were_places_for_all = await live.rows(IN_LINE) == [(0,)]
    assert await live.rows(WHAT_CASES_HAVE) == await again.rows(WHAT_CASES_HAVE)
    assert not there_were_places_for_all or [(0,)] == await again.rows(IN_LINE)
    assert [(0,)] * len(INVARIANTS) == [(await again.rows(sql))[0] for sql in INVARIANTS.values()]


async def test_replaying_everything_into_an_empty_database_owes_every_household_the_same_notice(
    databases: Databases, records: list[Record]
) -> None:
    live, again = await databases.copy_of("notifications"), await databases.empty("notifications")

    await _replay_twice(again, records)

    questions = (WHAT_IS_OWED, WHAT_IS_TRUE, SITES)
    assert [await live.rows(each) for each in questions] == [await again.rows(each) for each in questions]


async def test_replaying_everything_into_an_empty_intake_gives_it_the_same_sites_and_facts_to_tell(
    databases: Databases, records: list[Record]
) -> None:
    live, again = await databases.copy_of("intake"), await databases.empty("intake")

    await _replay_twice(again, records)

    assert [await live.rows(each) for each in (SITES, FACTS)] == [await again.rows(each) for each in (SITES, FACTS)]


async def _replay_twice(replica: Replica, records: list[Record]) -> None:
    for _ in range(2):
        await replica.replay(records, Random())
