"""Events that fail, on a real PostgreSQL: parked, tried again, dead; and the bad release that stops its topic."""

import random
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from shared.db import LostRace
from shared.kafka import parked
from shared.kafka.batch import BadRelease
from shared.kafka.parked import NEXT_TRY
from shared.kafka.records import Record
from tests.builders import a_case, a_record, unreadable_record, versions
from tests.conftest import MakeDatabase
from tests.ledger import TOPIC, Ledger

LONG = "".join(random.Random(1).choices("ABCDEFGHJKMNPQRSTVWXYZ0123456789", k=20_000))


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
    new_database: MakeDatabase, ledger_template: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.kafka.batch.Batch.before", lambda self, received: None)
    ledger = Ledger(await new_database(ledger_template))
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


async def test_a_dead_event_that_someone_has_tried_once_more_is_handled_or_dead_again(ledger: Ledger) -> None:
    cases = [a_case(), a_case()]
    ledger.poison = {(case.case_ref, 1) for case in cases}
    await ledger.run([a_record(case) for case in cases])
    for wait in NEXT_TRY:
        ledger.clock.advance(wait)
        await ledger.retry_due()
    ledger.poison.remove((cases[0].case_ref, 1))

    async with ledger.database.begin(ledger.clock.now()) as uow:
        for each in await parked.open_events(uow, limit=10):
            assert await parked.try_now(uow, each["id"])
    await ledger.retry_due()

    assert await ledger.handled() == [1]
    assert sorted(state for _, state, _ in await ledger.parked()) == ["dead", "handled"]


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
    return record._replace(headers=headers, **changes)


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
