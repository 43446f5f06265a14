"""Spans that follow one result from its POST to the delivered message, through outbox and broker.

The only module that knows OpenTelemetry's attribute names (semantic conventions 1.44, messaging still "Development").
Spans are built as finished records: of a batch all at once, after its transaction. A `process` span of one event has the
creating span as its parent *and* as a link; both on purpose, since trace stores ignore links when they draw a trace.
"""

import hashlib
import random
import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode, TraceFlags

CASE = "app.case_ref"
"""A hash of the case's reference: enough to find its spans, not enough to open the case."""
SYSTEM = "app.system"
SUPERSEDED = "app.superseded_events"
REQUESTS = "app.requests"
"""How many requests the span stands for: refused at the same moment for the same reason, with nothing changed."""
ATTEMPT = "app.attempt"
OUTBOX_WAIT_MS = "app.outbox_wait_ms"
MESSAGING_SYSTEM = "messaging.system"
OPERATION_NAME = "messaging.operation.name"
OPERATION_TYPE = "messaging.operation.type"
DESTINATION = "messaging.destination.name"
PARTITION = "messaging.destination.partition.id"
OFFSET = "messaging.kafka.offset"
GROUP = "messaging.consumer.group.name"
MESSAGE_ID = "messaging.message.id"
EVENT_TYPE = "cloudevents.event_type"
HTTP_METHOD = "http.request.method"
HTTP_ROUTE = "http.route"
HTTP_STATUS = "http.response.status_code"
ERROR_TYPE = "error.type"

TRACEPARENT = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")
_SAMPLED = TraceFlags(TraceFlags.SAMPLED)
_SCOPE = InstrumentationScope("puente")

_processors: list[SpanProcessor] = []
_resource = Resource.create({"service.name": "puente"})
_current: ContextVar[SpanContext | None] = ContextVar("current_span", default=None)


def configure(service: str, processors: Sequence[SpanProcessor]) -> None:
    """Where this process sends its finished spans, and the service name that they bear."""
    global _resource
    _resource = Resource.create({"service.name": service})
    _processors[:] = processors


def shutdown() -> None:
    """Sends what is still queued and forgets the processors."""
    for processor in _processors:
        processor.shutdown()
    _processors.clear()


def new_root() -> SpanContext:
    """The context of a span that starts a trace."""
    return SpanContext(random.getrandbits(128) or 1, random.getrandbits(64) or 1, False, _SAMPLED)


def child_of(parent: SpanContext) -> SpanContext:
    """The context of a new span in the parent's trace."""
    return SpanContext(parent.trace_id, random.getrandbits(64) or 1, False, _SAMPLED)


def to_traceparent(context: SpanContext) -> str:
    """W3C Trace Context, version 00."""
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-01"


def from_traceparent(header: str | None) -> SpanContext | None:
    """The context in a W3C header; None when there is none or it is invalid, which means: start a trace."""
    match = TRACEPARENT.fullmatch(header or "")
    if match is None:
        return None
    trace_id, span_id = int(match[1], 16), int(match[2], 16)
    if not trace_id or not span_id:
        return None
    return SpanContext(trace_id, span_id, True, _SAMPLED)


def current() -> SpanContext:
    """The span of the request or tick that runs now; a new trace when there is none."""
    return _current.get() or new_root()


@lru_cache(maxsize=4096)
def case_hash(case_ref: str) -> str:
    """What spans say instead of a case's reference."""
    return hashlib.sha256(case_ref.encode()).hexdigest()[:16]


def about_case(event: object) -> dict[str, str]:
    """The attribute that finds the spans of an event's case; nothing for events about other things."""
    case_ref = getattr(event, "case_ref", None)
    return {CASE: case_hash(case_ref)} if case_ref else {}


@dataclass(slots=True)
class Span:
    """A span in the making: attributes, links and an error may be added until it ends."""

    name: str
    kind: SpanKind
    context: SpanContext
    parent: SpanContext | None = None
    attributes: dict[str, Any] = field(default_factory=dict)
    links: tuple[SpanContext, ...] = ()
    starts_ns: int = 0
    error: str | None = None

    def end(self, ends_ns: int | None = None) -> None:
        """Hands the finished span on. Never blocks and never raises for a store that is away."""
        if not _processors:
            return
        if self.error:
            self.attributes[ERROR_TYPE] = self.error
        finished = ReadableSpan(
            name=self.name,
            context=self.context,
            parent=self.parent,
            resource=_resource,
            attributes=self.attributes,
            links=[Link(context) for context in self.links],
            kind=self.kind,
            instrumentation_scope=_SCOPE,
            status=Status(StatusCode.ERROR) if self.error else Status(StatusCode.UNSET),
            start_time=self.starts_ns,
            end_time=ends_ns or time.time_ns(),
        )
        for processor in _processors:
            processor.on_end(finished)


@contextmanager
def span(
    name: str,
    kind: SpanKind = SpanKind.INTERNAL,
    *,
    parent: SpanContext | None = None,
    links: Sequence[SpanContext] = (),
    attributes: dict[str, Any] | None = None,
) -> Iterator[Span]:
    """A span around what happens inside, current while it does. Without a parent it starts a trace."""
    context = child_of(parent) if parent else new_root()
    made = Span(name, kind, context, parent, attributes or {}, tuple(links), time.time_ns())
    token = _current.set(context)
    try:
        yield made
    except BaseException as error:
        made.error = type(error).__qualname__
        raise
    finally:
        _current.reset(token)
        made.end()
