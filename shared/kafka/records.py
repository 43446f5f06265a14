"""Events as Kafka records and back: CloudEvents 1.0, binary mode. Source: CloudEvents Kafka protocol binding 1.0."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from opentelemetry.trace import SpanContext
from pydantic import ValidationError

from shared import tracing
from shared.events import EVENT_TYPES, SNAPSHOTS, Event
from shared.outbox import Cause

SEQUENCE_DIGITS = 19


class Unreadable(ValueError):
    """These bytes are no event of ours: they will never be, so they go to the dead ones at once."""


@dataclass(frozen=True, slots=True)
class Record:
    """What came from Kafka, as it came."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]


@dataclass(frozen=True, slots=True)
class Received:
    """An event in hand: the record it was in, who made it, and the span in which it is handled."""

    record: Record
    event: Event
    event_id: str
    source: str
    correlation_id: str
    made_in: SpanContext | None
    context: SpanContext

    @property
    def stream(self) -> tuple[str, str]:
        return (self.event.topic, self.event.key)

    def as_cause(self) -> Cause:
        return Cause(self.event_id, self.correlation_id, self.context)


def headers_of(row: Any, source: str) -> list[tuple[str, bytes]]:
    """The record headers of an outbox row: CloudEvents attributes with `ce_`, and the W3C traceparent."""
    attributes = dict(row.attributes)
    traceparent = attributes.pop("traceparent")
    created: datetime = row.created_at
    fixed = {
        "specversion": "1.0",
        "id": str(row.event_id),
        "source": source,
        "type": row.type,
        "time": created.isoformat(),
        "subject": row.key,
        "partitionkey": row.key,
        "sequence": f"{row.sequence:0{SEQUENCE_DIGITS}d}",
    }
    named = [(f"ce_{name}", str(value).encode()) for name, value in {**fixed, **attributes}.items()]
    return [*named, ("content-type", b"application/json"), ("traceparent", traceparent.encode())]


def event_id_of(record: Record) -> str:
    """The event id that a record names; empty when it names none."""
    return next((value.decode(errors="replace") for name, value in record.headers if name == "ce_id"), "")


def read(record: Record) -> Received:
    """The event in a record. Raises: Unreadable."""
    try:
        headers = {name: value.decode() for name, value in record.headers}
        kind, event_id, sequence = headers["ce_type"], headers["ce_id"], int(headers["ce_sequence"])
        key = (record.key or b"").decode()
    except (KeyError, ValueError) as error:
        raise Unreadable(f"{record.topic}: no readable CloudEvents headers") from error
    event = _read_value(record, kind)
    if event.key != key or event.version != sequence or event.topic != record.topic:
        raise Unreadable(f"{record.topic}: key, sequence or topic do not agree with the value")
    made_in = tracing.from_traceparent(headers.get("traceparent"))
    context = tracing.child_of(made_in) if made_in else tracing.new_root()
    correlation = headers.get("ce_correlationid", event_id)
    return Received(record, event, event_id, headers.get("ce_source", ""), correlation, made_in, context)


def _read_value(record: Record, kind: str) -> Event:
    """An unknown type of a known version is read as its topic's snapshot: the type only says what happened."""
    model = EVENT_TYPES.get(kind) or (SNAPSHOTS.get(record.topic) if kind.endswith(".v1") else None)
    if model is None:
        raise Unreadable(f"{record.topic}: unknown type {kind}")
    try:
        return model.model_validate_json(record.value or b"")
    except ValidationError as error:
        raise Unreadable(f"{record.topic}: the value is no {kind}") from error
