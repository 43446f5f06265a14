"""What a transaction says to the world, before it is sent: rows that carry their cause."""

import time
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import orjson
from opentelemetry.trace import SpanContext, SpanKind

from shared import tracing
from shared.events import Event
from shared.ids import random_id

MAX_VALUE_BYTES = 64 * 1024
"""Largest event value. Source: CloudEvents 1.0, "Size limits"."""


class EventTooLarge(ValueError):
    """An event may have 64 KB at most: publish a reference to what it is about instead."""


class Cause(NamedTuple):
    """The one event, request or tick that led to something: its event id, the first cause of the chain, its span.

    `links` are spans of other traces that it belongs to, such as the one that made the offer now accepted.
    """

    event_id: str | None
    correlation_id: str
    context: SpanContext
    links: tuple[SpanContext, ...] = ()

    @classmethod
    def first(cls, context: SpanContext, *links: SpanContext) -> "Cause":
        """A chain that begins here: a request or a tick."""
        return cls(None, str(uuid4()), context, links)


class OutboxRow(NamedTuple):
    """One event as it stands in the outbox, with the span that says where it was made."""

    event: Event
    event_id: UUID
    value: str
    cause: Cause
    context: SpanContext
    recorded_at: datetime
    starts_ns: int

    @classmethod
    def of(cls, event: Event, cause: Cause, now: datetime) -> "OutboxRow":
        """Raises: EventTooLarge."""
        value = event.model_dump_json(exclude_none=True)
        if len(value.encode()) > MAX_VALUE_BYTES:
            raise EventTooLarge(f"{event.type} {event.key} version {event.version} is over 64 KB")
        return cls(event, random_id(), value, cause, tracing.child_of(cause.context), now, time.time_ns())

    def as_cause(self) -> Cause:
        return Cause(str(self.event_id), self.cause.correlation_id, self.context)

    def attributes(self) -> dict[str, str]:
        """What the event says of itself beside its stream and type: CloudEvents extensions and the traceparent."""
        attributes = {
            "correlationid": self.cause.correlation_id,
            "causationid": self.cause.event_id,
            "recordedtime": self.recorded_at.isoformat(),
            "traceparent": tracing.to_traceparent(self.context),
        }
        return {name: value for name, value in attributes.items() if value is not None}

    def columns(self) -> dict[str, Any]:
        return {
            "topic": self.event.topic,
            "key": self.event.key,
            "sequence": self.event.version,
            "event_id": self.event_id,
            "type": self.event.type,
            "attributes": orjson.dumps(self.attributes()).decode(),
            "value": self.value,
        }

    def end_span(self) -> None:
        """Records the `create` span: from saying it to its commit."""
        attributes = {
            tracing.MESSAGING_SYSTEM: "kafka",
            tracing.OPERATION_NAME: "create",
            tracing.OPERATION_TYPE: "create",
            tracing.DESTINATION: self.event.topic,
            tracing.MESSAGE_ID: str(self.event_id),
            tracing.EVENT_TYPE: self.event.type,
            **tracing.about_case(self.event),
        }
        name, parent, links = f"create {self.event.topic}", self.cause.context, self.cause.links
        tracing.Span(name, SpanKind.PRODUCER, self.context, parent, attributes, links, self.starts_ns).end()
