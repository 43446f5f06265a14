"""Events as Kafka records and back: CloudEvents 1.0, binary mode. Source: CloudEvents Kafka protocol binding 1.0."""

from typing import Any, NamedTuple

from aiokafka import ConsumerRecord
from opentelemetry.trace import SpanContext
from pydantic import ValidationError

from shared import tracing
from shared.events import EVENT_TYPES, SNAPSHOTS, Event
from shared.outbox import Cause

SEQUENCE_DIGITS = 19
HIGHEST_SEQUENCE = 2**63 - 1
LONGEST_KEY = 1_000
"""In bytes: an index of the database takes no more than 2,700 for topic and key."""


class Unreadable(ValueError):
    """These bytes are no event of ours: they will never be, so they go to the dead ones at once."""


class Record(NamedTuple):
    """What came from Kafka, as it came."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]

    @classmethod
    def of(cls, message: ConsumerRecord) -> "Record":
        return cls(message.topic, message.partition, message.offset, message.key, message.value, tuple(message.headers))


class Received(NamedTuple):
    """An event in hand: the record it was in, who made it, and the span in which it is handled."""

    record: Record
    event: Event
    event_id: str
    source: str
    correlation_id: str
    made_in: SpanContext | None
    context: SpanContext
    stream: tuple[str, str]

    def as_cause(self) -> Cause:
        return Cause(self.event_id, self.correlation_id, self.context)


def headers_of(row: Any, source: str) -> list[tuple[str, bytes]]:
    """The record headers of an outbox row: CloudEvents attributes with `ce_`, and the W3C traceparent."""
    key, created = row.key.encode(), row.created_at.isoformat()
    extensions = [(f"ce_{name}", value.encode()) for name, value in row.attributes.items() if name != "traceparent"]
    return [
        ("ce_specversion", b"1.0"),
        ("ce_id", str(row.event_id).encode()),
        ("ce_source", source.encode()),
        ("ce_type", row.type.encode()),
        ("ce_time", created.encode()),
        ("ce_subject", key),
        ("ce_partitionkey", key),
        ("ce_sequence", b"%0*d" % (SEQUENCE_DIGITS, row.sequence)),
        *extensions,
        ("content-type", b"application/json"),
        ("traceparent", row.attributes["traceparent"].encode()),
    ]


def event_id_of(record: Record) -> str:
    """The event id that a record names, without what no text of the database holds; empty when it names none."""
    named = next((value for name, value in record.headers if name == "ce_id"), None)
    return (named or b"").decode(errors="replace").replace("\0", "")


def read(record: Record) -> Received:
    """The event in a record. Raises: Unreadable."""
    try:
        headers = {name: value or b"" for name, value in record.headers}
        kind, event_id, sequence = headers["ce_type"].decode(), headers["ce_id"].decode(), int(headers["ce_sequence"])
        source, traceparent = headers.get("ce_source", b"").decode(), headers.get("traceparent", b"").decode()
        correlation = headers.get("ce_correlationid", headers["ce_id"]).decode()
        key = (record.key or b"").decode()
    except (KeyError, ValueError) as error:
        raise Unreadable(f"{record.topic}: no readable CloudEvents headers") from error
    event = _read_value(record, kind)
    if not event_id or event.key != key or event.version != sequence or event.topic != record.topic:
        raise Unreadable(f"{record.topic}: no id, or key, sequence or topic do not agree with the value")
    if len(record.key or b"") > LONGEST_KEY or abs(sequence) > HIGHEST_SEQUENCE or "\0" in key + event_id + correlation:
        raise Unreadable(f"{record.topic}: no database holds such a key, id or sequence")
    made_in = tracing.from_traceparent(traceparent)
    context = tracing.child_of(made_in) if made_in else tracing.new_root()
    return Received(record, event, event_id, source, correlation, made_in, context, (event.topic, key))


def _read_value(record: Record, kind: str) -> Event:
    """An unknown type of a known version is read as its topic's snapshot: the type only says what happened."""
    model = EVENT_TYPES.get(kind) or (SNAPSHOTS.get(record.topic) if kind.endswith(".v1") else None)
    if model is None:
        raise Unreadable(f"{record.topic}: unknown type {kind[:100]!a}")
    try:
        return model.model_validate_json(record.value or b"")
    except ValidationError as error:
        raise Unreadable(f"{record.topic}: the value is no {kind[:100]!a}") from error
