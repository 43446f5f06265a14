"""What becomes of a batch, on a real PostgreSQL: claims, superseding, parking, dead ones, a bad release, two owners."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio
from opentelemetry.trace import SpanKind

from shared import crowd, tracing
from shared.db import LostRace
from shared.events import CaseChanged, NoticeKind, NoticeSent, System
from shared.kafka import positions
from shared.kafka.batch import BadRelease
from shared.kafka.parked import NEXT_TRY, forget_closed
from shared.kafka.positions import Claimed
from shared.kafka.records import Received, Record
from shared.outbox import Cause
from shared.outbox_retention import forget_old_rows
from shared.spans import forget_old_spans, processors
from tests.builders import a_case, a_record, unreadable_record
from tests.conftest import MakeDatabase
from tests.ledger import TOPIC, Ledger

LONG = "".join(random.Random(1).choices("ABCDEFGHJKMNPQRSTVWXYZ0123456789", k=20_000))


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def template(new_database: MakeDatabase) -> str:
    return await Ledger.prepare(await new_database("template0"))


@pytest_asyncio.fixture(loop_scope="session")
async def ledger(new_database: MakeDatabase, template: str) -> AsyncIterator[Ledger]:
    running = Ledger(await new_database(template))
    yield running
    await running.database.close()


def versions(case: CaseChanged, *numbers: int) -> list[CaseChanged]:
    return [case.model_copy(update={"version": n}) for n in numbers]


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


async def test_one_event_at_fault_is_parked_and_the_rest_go_on(ledger: Ledger) -> None:
    cases = [a_case() for _ in range(50)]
    ledger.poison = {(cases[17].case_ref, 1)}

    await ledger.run([a_record(case) for case in cases])

    assert len(await ledger.handled()) == 49
    assert await ledger.parked() == [(1, "parked", 1)]


async def test_poison_as_the_newest_of_two_leaves_the_older_one_handled(ledger: Ledger) -> None:
    case = a_case()
    ledger.poison = {(case.case_ref, 2)}

    await ledger.run([a_record(event) for event in versions(case, 1, 2)])

    assert await ledger.handled(case) == [1]
    assert await ledger.parked() == [(2, "parked", 1)]


async def test_control_marking_older_ones_superseded_at_once_loses_the_household(
    new_database: MakeDatabase, template: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.kafka.batch.Batch.before", lambda self, received: None)
    ledger = Ledger(await new_database(template))
    case = a_case()
    ledger.poison = {(case.case_ref, 2)}

    await ledger.run([a_record(event) for event in versions(case, 1, 2)])

    assert await ledger.handled(case) == []


async def test_a_parked_event_is_tried_again_and_handled_when_the_cause_is_gone(ledger: Ledger) -> None:
    case = a_case()
    ledger.poison = {(case.case_ref, 1)}
    await ledger.run([a_record(case)])
    ledger.poison = set()

    ledger.clock.advance(NEXT_TRY[0])
    await ledger.retry_due()

    assert await ledger.handled(case) == [1]
    assert await ledger.parked() == [(1, "handled", 1)]


async def test_a_parked_event_is_closed_as_superseded_when_a_newer_one_succeeds(ledger: Ledger) -> None:
    first, second = versions(a_case(), 1, 2)
    ledger.poison = {(first.case_ref, 1)}

    await ledger.run([a_record(first)])
    await ledger.run([a_record(second)])

    assert await ledger.parked() == [(1, "superseded", 1)]


async def test_after_the_last_try_an_event_is_dead_and_waits_for_people(ledger: Ledger) -> None:
    case = a_case()
    ledger.poison = {(case.case_ref, 1)}
    await ledger.run([a_record(case)])

    for wait in NEXT_TRY:
        ledger.clock.advance(wait)
        await ledger.retry_due()
    ledger.clock.advance(timedelta(days=1))
    await ledger.retry_due()

    assert await ledger.parked() == [(1, "dead", 1 + len(NEXT_TRY))]


async def test_bytes_that_nobody_can_read_are_dead_at_once_and_kept(ledger: Ledger) -> None:
    case = a_case()

    await ledger.run([unreadable_record(TOPIC), a_record(case)])

    assert await ledger.handled(case) == [1]
    assert await ledger.parked() == [(None, "dead", 1)]


async def test_the_same_unreadable_bytes_again_are_kept_once(ledger: Ledger) -> None:
    record = unreadable_record(TOPIC)

    await ledger.run([record])
    await ledger.run([record])

    assert await ledger.parked() == [(None, "dead", 1)]


@pytest.mark.parametrize(
    "record",
    [
        pytest.param(lambda: _with_header("ce_type", b"a\0.v2"), id="a zero byte in an unknown type"),
        pytest.param(lambda: _with_header("ce_type", b"a\0.v1", value=b""), id="a zero byte in the type of no value"),
        pytest.param(lambda: _with_header("ce_id", b"a\0b"), id="a zero byte in the id"),
        pytest.param(lambda: _with_header("ce_id", None), id="an id that is null"),
        pytest.param(lambda: _with_header("ce_type", None), id="a type that is null"),
        pytest.param(lambda: a_record(a_case(case_ref="a\0b")), id="a zero byte in the key"),
        pytest.param(lambda: a_record(a_case(case_ref=LONG)), id="a key that no index takes"),
        pytest.param(lambda: a_record(a_case(version=2**63)), id="a sequence that no column takes"),
    ],
)
async def test_what_no_database_holds_is_dead_at_once_and_stops_no_topic(
    ledger: Ledger, record: Callable[[], Record]
) -> None:
    """Otherwise the process would end at the same record at each of its starts."""
    case, bad = a_case(), record()

    await ledger.run([a_record(case), bad])

    assert await ledger.handled(case) == [1]
    assert await ledger.parked() == [(None, "dead", 1)]
    assert [bad.offset + 1] == [row.next_offset for row in await ledger.rows("select next_offset from consumer_offset")]


def _with_header(name: str, said: bytes | None, **changes: Any) -> Record:
    record = a_record(a_case())
    headers = tuple((each, said if each == name else value) for each, value in record.headers)
    return replace(record, headers=headers, **changes)


async def test_unreadable_bytes_however_many_do_not_stop_a_topic(ledger: Ledger) -> None:
    case = a_case()

    await ledger.run([*[unreadable_record(TOPIC) for _ in range(30)], a_record(case)])

    assert await ledger.handled(case) == [1]


@pytest.mark.parametrize("error", [LostRace, TimeoutError])
async def test_what_looks_like_a_passing_failure_for_too_long_is_the_events_own(
    ledger: Ledger, error: type[Exception]
) -> None:
    cases = [a_case() for _ in range(8)]
    ledger.poison, ledger.error = {(cases[3].case_ref, 1)}, error
    records = [a_record(case) for case in cases]
    with pytest.raises(error):
        await ledger.run(records)

    await ledger.runner.run(records, stubborn=True)

    assert len(await ledger.handled()) == 7
    assert await ledger.parked() == [(1, "parked", 1)]


async def test_a_parked_event_that_keeps_losing_races_holds_no_other_one_back(ledger: Ledger) -> None:
    hopeless, healed = a_case(), a_case()
    ledger.poison, ledger.error = {(hopeless.case_ref, 1), (healed.case_ref, 1)}, LostRace
    await ledger.runner.run([a_record(hopeless), a_record(healed)], stubborn=True)
    ledger.poison = {(hopeless.case_ref, 1)}

    ledger.clock.advance(NEXT_TRY[0])
    await ledger.retry_due()

    assert await ledger.handled(healed) == [1]
    assert sorted(await ledger.parked()) == [(1, "handled", 1), (1, "parked", 2)]


async def test_an_unknown_type_of_a_known_version_is_read_as_its_topics_snapshot(ledger: Ledger) -> None:
    case = a_case()
    record = a_record(case)
    headers = tuple((n, b"puente.intake.case.renamed.v1" if n == "ce_type" else v) for n, v in record.headers)

    await ledger.run([record.__class__(**{**_fields(record), "headers": headers})])

    assert await ledger.handled(case) == [1]


def _fields(record: Any) -> dict[str, Any]:
    return {name: getattr(record, name) for name in ("topic", "partition", "offset", "key", "value", "headers")}


async def test_when_too_many_fail_alike_the_topic_stops_and_nothing_is_lost(ledger: Ledger) -> None:
    cases = [a_case() for _ in range(100)]
    ledger.poison = {(case.case_ref, 1) for case in cases[:40]}

    with pytest.raises(BadRelease):
        await ledger.run([a_record(case) for case in cases])

    assert await ledger.rows("select 1 from consumer_offset") == []
    assert len(await ledger.parked()) == 20


async def test_nineteen_failures_in_a_small_batch_are_the_events_fault(ledger: Ledger) -> None:
    cases = [a_case() for _ in range(40)]
    ledger.poison = {(case.case_ref, 1) for case in cases[:19]}

    await ledger.run([a_record(case) for case in cases])

    assert len(await ledger.handled()) == 21


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


async def test_two_owners_of_one_partition_apply_an_event_once(new_database: MakeDatabase, template: str) -> None:
    assert await frozen_and_awake(await new_database(template)) == [1]


async def test_control_without_the_claim_two_owners_apply_it_twice(
    new_database: MakeDatabase, template: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def without_claim(_: Any, events: list[Received]) -> list[Claimed]:
        return [Claimed(event, 0) for event in events]

    monkeypatch.setattr(positions, "claim", without_claim)

    assert await frozen_and_awake(await new_database(template)) == [1, 1]


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


async def test_spans_that_end_while_a_crowd_comes_are_stored_a_moment_later(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crowd, "WAIT_SECONDS", 0.5)
    monkeypatch.setattr(crowd, "_seen_at", -crowd.QUIET_SECONDS)
    tracing.configure("test", processors(ledger.database.url, None))
    crowd.seen()

    for n in range(3):
        tracing.Span("sent", SpanKind.INTERNAL, tracing.new_root(), starts_ns=n).end()
    began = time.monotonic()
    await asyncio.to_thread(tracing.shutdown)  # stores what is queued

    assert 0.3 < time.monotonic() - began < 2
    assert len(await ledger.rows("select 1 from trace_span")) == 3


async def test_old_outbox_rows_and_spans_are_forgotten_but_never_the_newest_of_a_stream(ledger: Ledger) -> None:
    case = a_case()
    async with ledger.database.begin(ledger.clock.now()) as uow:
        for event in versions(case, 1, 2):
            uow.publish(event, cause=Cause.first(tracing.new_root()))
    await ledger.execute("delete from outbox_unpublished")
    await ledger.execute(
        """insert into trace_span values ('t', 's', null, 'n', 'internal', 'x', :now, 1, 'ok', '{}', '[]', null)""",
        now=ledger.clock.now(),
    )
    ledger.clock.advance(timedelta(days=31))

    for forget in (forget_old_rows, forget_old_spans):
        await ledger.database.run(ledger.clock.now(), forget)

    assert [row.sequence for row in await ledger.rows("select sequence from outbox")] == [2]
    assert await ledger.rows("select 1 from trace_span") == []


async def test_a_parked_event_is_forgotten_a_month_after_it_was_closed_and_a_dead_one_never(ledger: Ledger) -> None:
    older, newer = versions(a_case(), 1, 2)
    ledger.poison = {(older.case_ref, 1)}
    await ledger.run([a_record(older), unreadable_record(TOPIC)])
    await ledger.run([a_record(newer)])

    left = []
    for days_later in (29, 2):
        ledger.clock.advance(timedelta(days=days_later))
        await ledger.database.run(ledger.clock.now(), forget_closed)
        left.append([state for _, state, _ in await ledger.parked()])

    assert [["dead", "superseded"], ["dead"]] == left


async def test_a_notice_that_was_sent_leaves_the_outbox_too(ledger: Ledger) -> None:
    """Each has a stream of its own: kept for ever they would only grow, and all go out again after a lost log."""
    notice = NoticeSent(
        version=1,
        notice_id=uuid4(),
        kind=NoticeKind.BOOKED,
        case_ref="NA7K-3QF2-M9X0",
        system=System.MX,
        channel="email",
        language="es",
    )
    async with ledger.database.begin(ledger.clock.now()) as uow:
        uow.publish(notice, cause=Cause.first(tracing.new_root()))
    await ledger.execute("delete from outbox_unpublished")
    at_thirteen_days = await _forgotten_after(ledger, timedelta(days=13))

    assert (0, 1) == (at_thirteen_days, await _forgotten_after(ledger, timedelta(days=2)))


async def _forgotten_after(ledger: Ledger, span: timedelta) -> int:
    ledger.clock.advance(span)
    return await ledger.database.run(ledger.clock.now(), forget_old_rows)
