"""Invented cases, programmes and records. Every argument that a test does not name has a usual value."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

from shared import tracing
from shared.events import (
    CASE_EVENTS,
    Allocation,
    CaseChanged,
    CaseLanguage,
    CaseState,
    Counts,
    Event,
    Party,
    ProgrammeChanged,
    ProgrammeStatus,
    Reachable,
    System,
    Urgency,
)
from shared.kafka.records import Record, headers_of
from shared.outbox import Cause, OutboxRow
from shared.reference import new_case_ref

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
_offsets: dict[tuple[str, int], int] = {}


def a_case(**changes: Any) -> CaseChanged:
    """An eligible household of two adults and a child under MX-REF, registered in May 2026."""
    state = CaseState(changes.pop("state", CaseState.ELIGIBLE))
    usual: dict[str, Any] = {
        "version": 1,
        "case_ref": changes.pop("case_ref", None) or new_case_ref(),
        "system": System.MX,
        "state": state,
        "revision": 1,
        "programme": "MX-REF",
        "party": Party(attendees=3, adults=2, children=1),
        "sites": ("MX-TAP-01",),
        "languages": (CaseLanguage(tag="es", mode="spoken", interpreter=False),),
        "urgency": Urgency.ROUTINE,
        "registered_at": datetime(2026, 5, 4, 10, tzinfo=UTC),
        "valid_until": date(2027, 6, 1),
        "referrer": "un",
        "reachable": Reachable.YES,
        "locale": "es",
    }
    return CASE_EVENTS[state](**{**usual, **changes})


def a_programme(**changes: Any) -> ProgrammeChanged:
    """MX-REF: open, immediate, officers, 90 + 45 + 10 minutes, 48 hours to answer."""
    usual: dict[str, Any] = {
        "version": 1,
        "programme": "MX-REF",
        "system": System.MX,
        "pathway": "refugee",
        "title": "Refugee status interview (COMAR)",
        "status": ProgrammeStatus.OPEN,
        "opens_on": date(2011, 1, 28),
        "on_close": "rebook",
        "allocation": Allocation.IMMEDIATE,
        "base_minutes": 90,
        "per_adult_minutes": 45,
        "per_child_minutes": 10,
        "counts": Counts.OFFICER,
        "offer_hours": 48,
        "sites": ("MX-TAP-01", "MX-TIJ-01"),
    }
    return ProgrammeChanged(**{**usual, **changes})


def a_record(event: Event, *, partition: int = 0, at: datetime = NOW, event_id: str | None = None) -> Record:
    """The event as it lies in Kafka, at the next offset of its partition."""
    made = OutboxRow.of(event, Cause.first(tracing.new_root()), at)
    columns = {**made.columns(), "attributes": made.attributes(), "created_at": at}
    columns["event_id"] = event_id or columns["event_id"]
    place = (event.topic, partition)
    _offsets[place] = _offsets.get(place, -1) + 1
    row = type("Row", (), columns)
    headers = tuple(headers_of(row, "urn:puente:test"))
    return Record(event.topic, partition, _offsets[place], event.key.encode(), made.value.encode(), headers)


def unreadable_record(topic: str, value: bytes = b"\xff\x00 no event") -> Record:
    """Bytes that nobody can read."""
    place = (topic, 0)
    _offsets[place] = _offsets.get(place, -1) + 1
    return Record(topic, 0, _offsets[place], str(uuid4()).encode(), value, ())


def days(n: float) -> timedelta:
    return timedelta(days=n)


def versions(case: CaseChanged, *numbers: int) -> list[CaseChanged]:
    """The same case, once with each number."""
    return [case.model_copy(update={"version": n}) for n in numbers]
