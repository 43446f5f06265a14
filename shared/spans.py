"""The span store: finished spans go into the service's own database, from a thread of their own.

A database that is away costs spans, never a request: the queue drops its oldest, and an export that fails is forgotten.
"""

import asyncio
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import asyncpg
import orjson
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult

from shared import crowd, tracing
from shared.db import UnitOfWork
from shared.rows import RowType

QUEUE_SPANS = 20_000
EXPORT_SPANS = 2_000
DELAY_MS = 500

SPANS = RowType(
    "span_row",
    "trace_id span_id parent_id name kind service starts_at duration_ms status attributes links case_hash",
)

INSERT = f"""
insert into trace_span ({", ".join(SPANS.fields)})
select {", ".join(SPANS.fields)} from {SPANS}
on conflict do nothing
""".replace(":rows", "$1")  # noqa: S608  only our own constant is put in
"""For asyncpg itself, which numbers its parameters."""


def processors(service_database_url: str, otlp_endpoint: str | None) -> list[SpanProcessor]:
    """Where a service's spans go: its database, and a collector when one is configured."""
    made: list[SpanProcessor] = [_batched(PostgresSpans(service_database_url))]
    if otlp_endpoint:
        # Here, since without a collector a service need not load it: a tenth of its start.
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

        made.append(_batched(OTLPSpanExporter(endpoint=f"{otlp_endpoint.rstrip('/')}/v1/traces")))
    return made


def _batched(exporter: SpanExporter) -> BatchSpanProcessor:
    return BatchSpanProcessor(
        exporter, max_queue_size=QUEUE_SPANS, max_export_batch_size=EXPORT_SPANS, schedule_delay_millis=DELAY_MS
    )


class PostgresSpans(SpanExporter):
    """Writes spans as rows. Runs in the processor's thread, with an event loop and a connection of its own."""

    def __init__(self, database_url: str) -> None:
        self._url = database_url
        self._loop = asyncio.new_event_loop()
        self._connection: asyncpg.Connection | None = None

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        time.sleep(crowd.wait_seconds())
        try:
            self._loop.run_until_complete(self._write(SPANS.of(as_row(span) for span in spans)["rows"]))
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError):
            self._connection = None
            return SpanExportResult.FAILURE
        return SpanExportResult.SUCCESS

    async def _write(self, rows: list[Any]) -> None:
        async with asyncio.timeout(10):
            if self._connection is None or self._connection.is_closed():
                self._connection = await asyncpg.connect(self._url, timeout=5)
            await self._connection.execute(INSERT, rows)

    def shutdown(self) -> None:
        if self._connection is not None:
            self._connection.terminate()


def as_row(span: ReadableSpan) -> dict[str, Any]:
    """A finished span as a row of `trace_span`."""
    started, ended = span.start_time or 0, span.end_time or 0
    attributes = dict(span.attributes or {})
    return {
        "trace_id": f"{span.context.trace_id:032x}",
        "span_id": f"{span.context.span_id:016x}",
        "parent_id": f"{span.parent.span_id:016x}" if span.parent else None,
        "name": span.name,
        "kind": span.kind.name.lower(),
        "service": span.resource.attributes["service.name"],
        "starts_at": datetime.fromtimestamp(started / 1e9, UTC),
        "duration_ms": round((ended - started) / 1e6, 3),
        "status": "error" if span.status.status_code.name == "ERROR" else "ok",
        "attributes": orjson.dumps(attributes, default=str).decode(),
        "links": orjson.dumps(
            [
                {"trace_id": f"{link.context.trace_id:032x}", "span_id": f"{link.context.span_id:016x}"}
                for link in span.links
            ]
        ).decode(),
        "case_hash": attributes.get(tracing.CASE),
    }


async def spans_of_case(uow: UnitOfWork, case_ref: str) -> list[dict[str, Any]]:
    """Every span of every trace in which this service has seen the case, oldest first."""
    rows = await uow.rows(
        """select * from trace_span where trace_id in (select trace_id from trace_span where case_hash = :hash)
           order by starts_at limit 20000""",
        hash=tracing.case_hash(case_ref),
    )
    return [dict(row._mapping) for row in rows]


async def spans_of_trace(uow: UnitOfWork, trace_id: str) -> list[dict[str, Any]]:
    """Every span of a trace that this service has made, oldest first."""
    rows = await uow.rows(
        "select * from trace_span where trace_id = :trace_id order by starts_at limit 20000", trace_id=trace_id
    )
    return [dict(row._mapping) for row in rows]


async def forget_old_spans(uow: UnitOfWork) -> int:
    """Deletes spans older than 30 days; how many there were."""
    return await uow.execute(
        "delete from trace_span where starts_at < cast(:now as timestamptz) - interval '30 days'", now=uow.now
    )
