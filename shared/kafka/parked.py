"""Parked events: kept whole and encrypted, tried again, closed as superseded when a newer one of the stream succeeds."""

import base64
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from shared.crypto import Sealer
from shared.db import UnitOfWork
from shared.kafka.positions import STREAMS, Claimed, streams_of
from shared.kafka.records import Received, Record

NEXT_TRY = (
    timedelta(seconds=5),
    timedelta(minutes=1),
    timedelta(minutes=10),
    timedelta(hours=1),
    timedelta(hours=6),
)
"""Wait before each further try; after the last one the event is dead. Source: docs/domain.md, "Parking"."""

PARK = """
insert into parked_event (topic, partition, "offset", key, sequence, raw, digest, cause, state, attempts, parked_at,
                          next_try_at, traceparent)
values (:topic, :partition, :offset, :key, :sequence, :raw, :digest, :cause, :state, 1, :now, :next_try_at,
        :traceparent)
on conflict do nothing
"""

HAS_OPEN = "select 1 from parked_event where topic = any(:topics) and state in ('parked', 'dead') limit 1"

CLOSE = f"""
update parked_event p
set state = case when p.sequence = r.sequence then 'handled' else 'superseded' end,
    next_try_at = null, closed_at = :now
from {STREAMS}
where p.topic = r.topic and p.key = r.key and p.sequence <= r.sequence and p.state in ('parked', 'dead')
"""  # noqa: S608  only our own constant is put in

DUE = """
select id, topic, partition, "offset", raw, attempts, traceparent, key is null as is_stretch from parked_event
where state = 'parked' and next_try_at <= :now and topic = any(:topics) order by next_try_at, id limit :limit
"""


OPEN = """
select id, topic, partition, "offset", key, sequence, cause, state, attempts, parked_at, next_try_at, traceparent
from parked_event where state in ('parked', 'dead') order by id limit :limit
"""

TRY = """
update parked_event set state = 'parked', next_try_at = :now
where id = :id and key is not null and state in ('parked', 'dead')
"""

DISCARD = """
update parked_event
set state = 'discarded', next_try_at = null, closed_at = :now, cause = cause || '; discarded: ' || cast(:reason as text)
where id = :id and state in ('parked', 'dead')
"""


@dataclass(frozen=True, slots=True)
class ParkedEvent:
    """A parked event whose time has come, still sealed."""

    id: int
    topic: str
    partition: int
    offset: int
    raw: bytes
    attempts: int
    traceparent: str | None
    is_stretch: bool
    """It stands for offsets at which there is nothing to be read any more: who said what lay there is asked to say it again."""


async def park(uow: UnitOfWork, received: Received, cause: str, sealer: Sealer, traceparent: str) -> None:
    """Keeps an event that could not be handled; one that is kept already stays as it is."""
    record = received.record
    await uow.execute(
        PARK,
        **_place(record),
        key=received.event.key,
        sequence=received.event.version,
        raw=seal(record, sealer),
        digest=_digest(record),
        cause=cause,
        state="parked",
        now=uow.now,
        next_try_at=uow.now + NEXT_TRY[0],
        traceparent=traceparent,
    )


async def bury(uow: UnitOfWork, record: Record, cause: str, sealer: Sealer) -> bool:
    """Keeps bytes that no one can read, among the dead ones; True when they were not there yet."""
    inserted = await uow.execute(
        PARK,
        **_place(record),
        key=None,
        sequence=None,
        raw=seal(record, sealer),
        digest=_digest(record),
        cause=cause,
        state="dead",
        now=uow.now,
        next_try_at=None,
        traceparent=None,
    )
    return inserted > 0


async def park_stretch(
    uow: UnitOfWork, topic: str, partition: int, offsets: tuple[int, int], cause: str, sealer: Sealer, is_owed: bool
) -> None:
    """Notes the offsets from the first to before the second that could not be read: owed until what lay there was said
    again, or dead when nobody said it."""
    first, end = offsets
    marker = Record(topic, partition, first, None, None, (("end", b"%d" % end),))
    await uow.execute(
        PARK,
        **_place(marker),
        key=None,
        sequence=None,
        raw=seal(marker, sealer),
        digest=_digest(marker),
        cause=f"{cause} (up to {end - 1})",
        state="parked" if is_owed else "dead",
        now=uow.now,
        next_try_at=uow.now if is_owed else None,
        traceparent=None,
    )


async def close_older(uow: UnitOfWork, claimed: Sequence[Claimed]) -> None:
    """Closes what is parked or dead of the streams just handled: the same event as handled, older ones as superseded."""
    topics = {one.received.event.topic for one in claimed}
    if await uow.rows(HAS_OPEN, topics=sorted(topics)):
        await uow.execute(CLOSE, **STREAMS.of(streams_of(one.received for one in claimed)), now=uow.now)


async def due(uow: UnitOfWork, topics: Sequence[str], limit: int = 100) -> list[ParkedEvent]:
    """The parked events of these topics to try again now, longest waiting first."""
    return [
        ParkedEvent(
            row.id, row.topic, row.partition, row.offset, row.raw, row.attempts, row.traceparent, row.is_stretch
        )
        for row in await uow.rows(DUE, now=uow.now, topics=list(topics), limit=limit)
    ]


async def failed_again(uow: UnitOfWork, event: ParkedEvent, cause: str, traceparent: str) -> None:
    """Sets the next try, or makes the event dead after the last one. A stretch has no last one."""
    again = event.is_stretch or event.attempts < len(NEXT_TRY)
    await uow.execute(
        """update parked_event set attempts = attempts + 1, cause = :cause, traceparent = :traceparent,
             state = case when :again then 'parked' else 'dead' end, next_try_at = :next_try_at
           where id = :id and state = 'parked'""",
        id=event.id,
        cause=cause,
        traceparent=traceparent,
        again=again,
        next_try_at=uow.now + NEXT_TRY[min(event.attempts, len(NEXT_TRY) - 1)] if again else None,
    )


async def supersede(uow: UnitOfWork, event: ParkedEvent) -> None:
    """Closes a parked event whose stream has gone on without it, or a stretch of which all was said again."""
    await uow.execute(
        """update parked_event set state = 'superseded', next_try_at = null, closed_at = :now
           where id = :id and state = 'parked'""",
        id=event.id,
        now=uow.now,
    )


async def open_events(uow: UnitOfWork, limit: int) -> list[dict[str, Any]]:
    """Parked and dead events as operations see them, the oldest first: where they lay and why they failed, never what they say."""
    return [dict(row._mapping) for row in await uow.rows(OPEN, limit=limit)]


async def try_now(uow: UnitOfWork, id: int) -> bool:
    """Has an event tried at once, a dead one once more; False when none of this id is open, or nobody can read it."""
    return await uow.execute(TRY, id=id, now=uow.now) > 0


async def discard(uow: UnitOfWork, id: int, reason: str) -> bool:
    """Closes an event for good; False when none of this id is open."""
    return await uow.execute(DISCARD, id=id, reason=reason, now=uow.now) > 0


async def forget_closed(uow: UnitOfWork) -> int:
    """Deletes what was closed over 30 days ago; how many there were. By then Kafka holds none of these events any more."""
    closed = "closed_at < cast(:now as timestamptz) - interval '30 days'"
    return await uow.execute(f"delete from parked_event where {closed}", now=uow.now)  # noqa: S608  our own constant


def _place(record: Record) -> dict[str, object]:
    return {"topic": record.topic, "partition": record.partition, "offset": record.offset}


def seal(record: Record, sealer: Sealer) -> bytes:
    """The whole record, encrypted for its place."""
    plain = {
        "key": _text(record.key),
        "value": _text(record.value),
        "headers": [[name, _text(value)] for name, value in record.headers],
    }
    return sealer.seal(json.dumps(plain).encode(), f"parked_event/{record.topic}/{record.partition}/{record.offset}")


def unseal(event: ParkedEvent, sealer: Sealer) -> Record:
    """The record of a parked event. Raises: Undecipherable."""
    topic, partition, offset = event.topic, event.partition, event.offset
    plain = json.loads(sealer.open(event.raw, f"parked_event/{topic}/{partition}/{offset}"))
    headers = tuple((name, _bytes(value) or b"") for name, value in plain["headers"])
    return Record(topic, partition, offset, _bytes(plain["key"]), _bytes(plain["value"]), headers)


def _digest(record: Record) -> bytes:
    """Tells the same bytes at the same place from others, after the log was lost."""
    return hashlib.sha256(repr((record.key, record.value, record.headers)).encode()).digest()


def _text(value: bytes | None) -> str | None:
    return None if value is None else base64.b64encode(value).decode()


def _bytes(value: str | None) -> bytes | None:
    return None if value is None else base64.b64decode(value)
