"""Positions: the right to handle an event, and where to go on reading. Both live in the handler's transaction."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from shared.db import UnitOfWork, as_json
from shared.kafka.records import Received, Record
from shared.rows import RowType

UNKNOWN = "?"
"""Instead of the id of the event before a place: what lay there could not be read."""

STREAMS = RowType("stream_row", "topic key sequence")

CLAIM = f"""
insert into stream_position as p (topic, key, sequence)
select topic, key, sequence from {STREAMS} order by topic, key
on conflict (topic, key) do update set sequence = excluded.sequence where p.sequence < excluded.sequence
returning new.topic, new.key, coalesce(old.sequence, 0) as before
"""  # noqa: S608  only our own constant is put in

STORE_OFFSETS = """
insert into consumer_offset (topic, partition, next_offset, last_event_id)
select topic, partition, next_offset, last_event_id
from jsonb_to_recordset(cast(:rows as jsonb)) as r(
  topic text, partition int, next_offset bigint, last_event_id text)
order by topic, partition
on conflict (topic, partition) do update
set next_offset = excluded.next_offset, last_event_id = excluded.last_event_id
"""

COUNT_PROGRESS = """
insert into consumer_progress as c (topic, handled, superseded, jumps, progressed_at)
values (:topic, :handled, :superseded, :jumps, :now)
on conflict (topic) do update
set handled = c.handled + excluded.handled, superseded = c.superseded + excluded.superseded,
    jumps = c.jumps + excluded.jumps, progressed_at = excluded.progressed_at
"""


class Claimed(NamedTuple):
    """An event that is ours to handle, and the sequence its stream had before."""

    received: Received
    before: int


async def claim(uow: UnitOfWork, events: Sequence[Received]) -> list[Claimed]:
    """The events that are newer than what was handled of their stream; theirs is the transaction from here on.

    At most one event a stream. Another owner of the same event waits here, then gets nothing.
    """
    if not events:
        return []
    won = {(row.topic, row.key): row.before for row in await uow.rows(CLAIM, **STREAMS.of(streams_of(events)))}
    return [Claimed(event, won[event.stream]) for event in events if event.stream in won]


def streams_of(events: Iterable[Received]) -> list[dict[str, Any]]:
    """The stream of each event, and the event's sequence in it, as rows of STREAMS."""
    return [{"topic": e.event.topic, "key": e.event.key, "sequence": e.event.version} for e in events]


async def store_offsets(uow: UnitOfWork, last_records: Iterable[tuple[Record, str]]) -> None:
    """Remembers the place after the last record of each partition, and that record's event id."""
    rows = [
        {"topic": r.topic, "partition": r.partition, "next_offset": r.offset + 1, "last_event_id": event_id}
        for r, event_id in last_records
    ]
    if rows:
        await uow.execute(STORE_OFFSETS, rows=as_json(rows))


async def store_place(uow: UnitOfWork, topic: str, partition: int, next_offset: int) -> None:
    """Remembers a place to go on at, before which there is nothing to be read."""
    row = {"topic": topic, "partition": partition, "next_offset": next_offset, "last_event_id": UNKNOWN}
    await uow.execute(STORE_OFFSETS, rows=as_json([row]))


async def count_progress(uow: UnitOfWork, topic: str, *, handled: int, superseded: int, jumps: int) -> None:
    """Adds to what the topic's consumer has done."""
    await uow.execute(COUNT_PROGRESS, topic=topic, handled=handled, superseded=superseded, jumps=jumps, now=uow.now)


async def stored_offsets(uow: UnitOfWork, topics: Sequence[str]) -> dict[tuple[str, int], tuple[int, str]]:
    """(topic, partition) -> (next offset, id of the event before it)."""
    rows = await uow.rows(
        "select topic, partition, next_offset, last_event_id from consumer_offset where topic = any(:topics)",
        topics=list(topics),
    )
    return {(row.topic, row.partition): (row.next_offset, row.last_event_id) for row in rows}
