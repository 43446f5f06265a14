"""What becomes of a batch, on a real PostgreSQL: claims, superseding, late events, two owners."""

import asyncio
import random
from typing import Any

import pytest

from shared.events import CaseChanged
from shared.kafka import positions
from shared.kafka.positions import Claimed
from shared.kafka.records import Received
from tests.builders import a_case, a_record, versions
from tests.conftest import MakeDatabase
from tests.ledger import TOPIC, Ledger


async def test_a_batch_is_handled_in_one_call_and_remembers_its_place(ledger: Ledger) -> None:
    records = [a_record(a_case(), partition=7) for _ in range(5)]

    await ledger.run(records)

    assert [[1] * 5] == ledger.batches
    place = await ledger.rows("select next_offset from consumer_offset where partition = 7")
    assert [records[-1].offset + 1] == [row.next_offset for row in place]


async def test_the_same_records_again_change_nothing(ledger: Ledger) -> None:
    records = [a_record(a_case()) for _ in range(5)]

    await ledger.run(records)
    await ledger.run(records)

    assert len(await ledger.handled()) == 5


async def test_only_the_newest_of_a_stream_is_handled_and_the_older_ones_are_superseded(ledger: Ledger) -> None:
    case = a_case()

    await ledger.run([a_record(event) for event in versions(case, 1, 2, 3)])

    assert await ledger.handled(case) == [3]
    assert (await ledger.rows("select superseded, jumps from consumer_progress"))[0] == (2, 0)


async def test_an_event_that_comes_late_is_history(ledger: Ledger) -> None:
    newer, older = versions(a_case(), 2, 1)

    await ledger.run([a_record(newer)])
    await ledger.run([a_record(older)])

    assert await ledger.handled() == [2]


async def test_a_jump_over_numbers_that_never_came_is_counted(ledger: Ledger) -> None:
    case = a_case()

    await ledger.run([a_record(event) for event in versions(case, 1)])
    await ledger.run([a_record(event) for event in versions(case, 3, 6)])

    assert (await ledger.rows("select superseded, jumps from consumer_progress"))[0] == (1, 3)


async def frozen_and_awake(url: str) -> list[int]:
    """Two owners of one record: the first freezes inside its transaction, the second takes over, the first wakes up."""
    frozen, awake = Ledger(url), Ledger(url)
    record = a_record(a_case())
    frozen.hold.clear()
    first = asyncio.create_task(frozen.run([record]))
    while not frozen.batches:
        await asyncio.sleep(0.01)
    second = asyncio.create_task(awake.run([record]))
    await asyncio.sleep(0.2)
    frozen.hold.set()
    await asyncio.gather(first, second)
    return await awake.handled()


async def test_two_owners_of_one_partition_apply_an_event_once(
    new_database: MakeDatabase, ledger_template: str
) -> None:
    assert await frozen_and_awake(await new_database(ledger_template)) == [1]


async def test_control_without_the_claim_two_owners_apply_it_twice(
    new_database: MakeDatabase, ledger_template: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def without_claim(_: Any, events: list[Received]) -> list[Claimed]:
        return [Claimed(event, 0) for event in events]

    monkeypatch.setattr(positions, "claim", without_claim)

    assert await frozen_and_awake(await new_database(ledger_template)) == [1, 1]


async def test_an_event_waits_for_another_owner_that_then_gives_up(ledger: Ledger) -> None:
    case = a_case()
    lost = asyncio.create_task(_hold_position(ledger, case))
    await asyncio.sleep(0.1)

    await ledger.run([a_record(case)])

    await lost
    assert await ledger.handled(case) == [1]


async def _hold_position(ledger: Ledger, case: CaseChanged) -> None:
    """Takes the stream's position for a while and gives it back undone."""
    try:
        async with ledger.database.begin(ledger.clock.now()) as uow:
            await uow.execute("insert into stream_position values (:t, :k, 1)", t=TOPIC, k=case.case_ref)
            await asyncio.sleep(0.3)
            raise InterruptedError
    except InterruptedError:
        pass


async def test_replaying_everything_twice_and_shuffled_changes_nothing(ledger: Ledger) -> None:
    cases = [a_case() for _ in range(100)]
    records = [a_record(event, partition=n % 6) for n, case in enumerate(cases) for event in versions(case, 1, 2, 3)]
    await ledger.run(records)
    before = await ledger.rows("select key, version from ledger order by key, version")

    for _ in range(2):
        random.shuffle(records)
        for n in range(0, len(records), 50):
            await ledger.run(records[n : n + 50])

    assert before == await ledger.rows("select key, version from ledger order by key, version")
