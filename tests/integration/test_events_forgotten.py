"""What is stored of events and spans a moment later, and what is forgotten after a while."""

import asyncio
import time
from datetime import timedelta
from uuid import uuid4

import pytest
from opentelemetry.trace import SpanKind

from shared import crowd, tracing
from shared.events import NoticeKind, NoticeSent, System
from shared.kafka.parked import forget_closed
from shared.outbox import Cause
from shared.outbox_retention import forget_old_rows
from shared.spans import forget_old_spans, processors
from tests.builders import a_case, a_record, unreadable_record, versions
from tests.ledger import TOPIC, Ledger


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
