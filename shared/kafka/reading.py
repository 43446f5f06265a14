"""Where a consumer goes on in each partition: after what our database says, checked against the record before it."""

import asyncio
from collections.abc import Collection, Iterable, Sequence

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError

from shared.clock import Clock
from shared.db import Database
from shared.kafka import positions
from shared.kafka.records import Record, event_id_of

log = structlog.get_logger()


class ReadingPlaces:
    """Of one consumer, whichever of its clients reads."""

    def __init__(self, database: Database, clock: Clock, topics: Collection[str]) -> None:
        self._database = database
        self._clock = clock
        self._topics = topics
        self._to_verify: dict[TopicPartition, tuple[int, str]] = {}
        self._known: set[TopicPartition] = set()
        self._next: dict[TopicPartition, int] = {}

    def forget(self) -> None:
        """Until `seek` says again where to go on, nothing of any partition is handled."""
        self._known.clear()
        self._next.clear()

    def is_unchecked(self, partition: TopicPartition) -> bool:
        """Whether it is the log that we know was not looked at yet."""
        return partition in self._to_verify

    async def seek(self, kafka: AIOKafkaConsumer, assigned: Iterable[TopicPartition]) -> None:
        """Goes to our place in each assigned partition, one record early."""
        async with self._database.begin(self._clock.now()) as uow:
            stored = await positions.stored_offsets(uow, list(self._topics))
        for partition in assigned:
            self._to_verify.pop(partition, None)
            next_offset, event_id = stored.get((partition.topic, partition.partition), (0, ""))
            is_checked = next_offset > 0 and event_id != positions.UNKNOWN
            if is_checked:
                self._to_verify[partition] = (next_offset - 1, event_id)
            kafka.seek(partition, next_offset - 1 if is_checked else next_offset)
            self._next[partition] = next_offset
            self._known.add(partition)

    async def in_place(
        self, kafka: AIOKafkaConsumer, partition: TopicPartition, messages: Sequence[ConsumerRecord]
    ) -> list[Record]:
        """The records, after checking on the first read that the log is the one we know.

        The read starts one record before our place. If another record is there, or the place is beyond the log, the log
        was lost and refilled: read from the start; positions say what is new.
        """
        if partition not in self._known:
            return []
        expected = self._to_verify.pop(partition, None)
        records = [Record.of(message) for message in messages]
        await self._require_all(kafka, partition, records[0].offset)
        self._next[partition] = records[-1].offset + 1
        if expected is None:
            return records
        offset, event_id = expected
        first = records[0]
        if first.offset == offset and event_id_of(first) == event_id:
            return records[1:]
        del self._next[partition]
        log.warning("consumer.log_changed", topic=partition.topic, partition=partition.partition, offset=offset)
        await kafka.seek_to_beginning(partition)
        return []

    async def _require_all(self, kafka: AIOKafkaConsumer, partition: TopicPartition, offset: int) -> None:
        """Raises: KafkaError when events before this offset were deleted while we were about to read them, as when the
        process was suspended for longer than they are kept: who begins anew steps over them and asks."""
        expected = self._next.get(partition, offset)
        if offset > expected and (await kafka.beginning_offsets([partition]))[partition] > expected:
            raise KafkaError(f"{partition} lacks what it had from {expected} on")


async def stop_quietly(client: AIOKafkaConsumer) -> None:
    """Stops a client within five seconds; one that cannot say good-bye is let go."""
    try:
        async with asyncio.timeout(5):
            await client.stop()
    except (KafkaError, OSError) as error:
        log.info("consumer.close_skipped", error=type(error).__name__)
