"""What of a topic this service can never read: deleted before it came, or spoilt on the broker's disk.

The outbox of whoever said it still has the newest of every stream, so that one is asked to say it again. Until it did,
the stretch is among the parked events, where operations see it.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import CorruptRecordException, UnsupportedCodecError

from shared.crypto import Sealer
from shared.db import UnitOfWork
from shared.kafka import parked, positions
from shared.web.neighbour import NeighbourAway

log = structlog.get_logger()

SayAgain = Callable[[str], Awaitable[None]]
"""Asks whoever publishes a topic for the newest of its every stream. Raises: NeighbourAway."""

UNREADABLE = (CorruptRecordException, UnsupportedCodecError, ValueError)
"""What the client raises for bytes that it cannot read: a wrong checksum, no record, a header's name that is no text."""
LONGEST_WAIT_MS = 2_000


async def ask_nobody(topic: str) -> None:
    """For whoever knows none of those who publish. Raises: NeighbourAway."""
    raise NeighbourAway(f"nobody is known who publishes {topic}")


@dataclass(frozen=True)
class Stretch:
    """Offsets of a partition, from `first` to before `end`. `is_owed`: somebody's events are or may be among them."""

    partition: TopicPartition
    first: int
    end: int
    reason: str
    is_owed: bool = True


async def deleted_unread(uow: UnitOfWork, topics: list[str], begins: Mapping[TopicPartition, int]) -> list[Stretch]:
    """What lies between our places and where the logs begin now: a consumer that was away longer than they are kept, or
    that is new."""
    stored = await positions.stored_offsets(uow, topics)
    places = {each: stored.get((each.topic, each.partition), (0, ""))[0] for each in begins}
    reason = "deleted before it was read"
    return [Stretch(each, places[each], begin, reason) for each, begin in begins.items() if places[each] < begin]


async def step_over(uow: UnitOfWork, stretch: Stretch, sealer: Sealer) -> None:
    """Goes on behind the stretch, of which a row of the parked events is kept."""
    topic, partition = stretch.partition
    await parked.park_stretch(
        uow, topic, partition, (stretch.first, stretch.end), stretch.reason, sealer, stretch.is_owed
    )
    await positions.store_place(uow, topic, partition, stretch.end)
    log.critical(
        "consumer.stepped_over", topic=topic, partition=partition, first=stretch.first, end=stretch.end,
        reason=stretch.reason, is_said_again=stretch.is_owed,
    )  # fmt: skip


async def find_unreadable(
    reader: AIOKafkaConsumer, partition: TopicPartition, place: int, most: int
) -> tuple[list[ConsumerRecord], Stretch | None]:
    """The first bytes within so many records from the place that the client cannot read, up to the next ones that it can;
    and the records before them."""
    reader.assign([partition])
    before: list[ConsumerRecord] = []
    first, end = place, int((await reader.end_offsets([partition]))[partition])
    while first < end and len(before) < most:
        try:
            found = await _next(reader, partition, first)
        except UNREADABLE as error:
            after = await _readable_after(reader, partition, first, end)
            reason = f"{type(error).__name__}: the bytes at these offsets cannot be read"
            return before, Stretch(partition, first, after, reason, isinstance(error, CorruptRecordException))
        if found is None:
            break
        before.append(found)
        first = found.offset + 1
    return before, None


async def _next(reader: AIOKafkaConsumer, partition: TopicPartition, at: int) -> ConsumerRecord | None:
    """The next record from here on; None when nothing comes."""
    if await reader.position(partition) != at:
        reader.seek(partition, at)
    records = (await reader.getmany(partition, timeout_ms=LONGEST_WAIT_MS, max_records=1)).get(partition)
    return records[0] if records else None


async def _readable_after(reader: AIOKafkaConsumer, partition: TopicPartition, first: int, end: int) -> int:
    for after in range(first + 1, end):
        reader.seek(partition, after)
        try:
            await _next(reader, partition, after)
            return after
        except UNREADABLE:
            continue
    return end
