"""The consume loop of a service: reads all its topics, hands each topic's records to its runner, never loses its place.

Kafka's own commits are for display: the place to go on is in our database (`reading.py`).
"""

import asyncio
import random
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import count

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import KafkaError

from shared import tracing
from shared.clock import Clock
from shared.db import Database, is_lost_race, is_unavailable
from shared.kafka import missed, parked, positions
from shared.kafka.batch import BadRelease, BatchRunner
from shared.kafka.missed import UNREADABLE, SayAgain, ask_nobody
from shared.kafka.reading import ReadingPlaces, stop_quietly
from shared.kafka.records import Record
from shared.kafka.topics import ensure_topics, partitions_of
from shared.logs import cause_of
from shared.web.neighbour import NeighbourAway

log = structlog.get_logger()

MAX_BATCH = 500
BATCH_SECONDS = 0.2
"""Aim for the time of one batch: people's requests wait behind its locks."""
LEAST_BATCH = 100
"""A batch has costs of its own: smaller ones than this take as long and do less."""
HALVE_AFTER_TRIES = 5
SLOW_SECONDS = 5
"""A batch that takes longer is one that fails slowly."""
LONGEST_TRY_SECONDS = 60
"""No statement and no wait for a lock takes so long: a batch whose last try began before that hangs."""


@dataclass
class TopicProgress:
    """What operations see of one topic's consumer."""

    runner: BatchRunner
    batch_size: int = MAX_BATCH
    last_progress: float = field(default_factory=time.monotonic)
    stopped: str | None = None


class _Unreadable(Exception):
    """The client cannot read what comes next in one of the partitions, and does not say where that is."""


class Consumer:
    """Consumes a service's topics, in one group with a static member, until it is cancelled."""

    def __init__(
        self,
        bootstrap: str,
        group: str,
        runners: Iterable[BatchRunner],
        *,
        database: Database,
        clock: Clock,
        say_again: SayAgain = ask_nobody,
    ) -> None:
        self.topics = {runner.topic: TopicProgress(runner) for runner in runners}
        self.group = group
        self._bootstrap = bootstrap
        self._database = database
        self._clock = clock
        self._say_again = say_again
        self._places = ReadingPlaces(database, clock, self.topics)
        self._at_work: tuple[BatchRunner, float] | None = None

    def tries_slowly(self) -> bool:
        """True while one batch is tried again and again: all others wait for it, and it comes to its end by itself."""
        if self._at_work is None:
            return False
        (runner, began), now = self._at_work, time.monotonic()
        return now - began > SLOW_SECONDS and now - runner.last_try < LONGEST_TRY_SECONDS

    async def run(self) -> None:
        """Consumes until cancelled. A broker that is away is waited for; a failure of ours ends the process."""
        while True:
            try:
                await self._consume()
            except Exception as error:
                if not (isinstance(error, KafkaError) or is_unavailable(error)):
                    raise
                log.warning("consumer.reconnects", group=self.group, error=type(error).__name__)
                await asyncio.sleep(1)

    async def _consume(self) -> None:
        """Until something cannot be read, which is stepped over."""
        kafka = self._new_client()
        try:
            await ensure_topics(self._bootstrap)
            await kafka.start()
            await self._step_over_deleted(kafka)
            kafka.subscribe(list(self.topics), listener=_Assigned(self._places, self._pause_stopped, kafka))
            while True:
                await self._read(kafka)
        except _Unreadable:
            log.warning("consumer.unreadable", group=self.group)
        finally:
            await stop_quietly(kafka)
        await self._step_over_unreadable()

    async def _step_over_deleted(self, kafka: AIOKafkaConsumer) -> None:
        begins = await kafka.beginning_offsets(await partitions_of(self._bootstrap, self.topics))
        async with self._database.begin(self._clock.now()) as uow:
            for stretch in await missed.deleted_unread(uow, list(self.topics), begins):
                await missed.step_over(uow, stretch, self.topics[stretch.partition.topic].runner.sealer)

    async def _step_over_unreadable(self) -> None:
        """Finds it near our places, whatever else waits to be read, and handles what lies before it."""
        async with self._database.begin(self._clock.now()) as uow:
            stored = await positions.stored_offsets(uow, list(self.topics))
        reader = AIOKafkaConsumer(bootstrap_servers=self._bootstrap, auto_offset_reset="earliest")
        try:
            await reader.start()
            for partition in await partitions_of(self._bootstrap, self.topics):
                place, _ = stored.get((partition.topic, partition.partition), (0, ""))
                if not self.topics[partition.topic].stopped:
                    await self._step_over_in(reader, partition, place)
        finally:
            await stop_quietly(reader)

    async def _step_over_in(self, reader: AIOKafkaConsumer, partition: TopicPartition, place: int) -> None:
        before, stretch = await missed.find_unreadable(reader, partition, place, MAX_BATCH)
        if stretch is None:
            return
        topic = self.topics[partition.topic]
        if before:
            await self._handle(None, partition.topic, [Record.of(message) for message in before])
        if topic.stopped:
            return
        if self._places.is_unchecked(partition):
            stretch = replace(stretch, is_owed=True)
        async with self._database.begin(self._clock.now()) as uow:
            await missed.step_over(uow, stretch, topic.runner.sealer)

    def _new_client(self) -> AIOKafkaConsumer:
        """Settings and their reasons: docs/domain.md, "The Kafka client"."""
        return AIOKafkaConsumer(
            bootstrap_servers=self._bootstrap,
            group_id=self.group,
            group_instance_id=f"{self.group}-0",
            client_id=self.group,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            session_timeout_ms=30_000,
            heartbeat_interval_ms=3_000,
            rebalance_timeout_ms=60_000,
            max_poll_interval_ms=300_000,
            fetch_max_wait_ms=200,
            metadata_max_age_ms=5_000,
        )

    async def _read(self, kafka: AIOKafkaConsumer) -> None:
        if (task := asyncio.current_task()) and task.cancelling():
            raise asyncio.CancelledError  # the client's `wait_for` lost it, as Python 3.11's may
        size = min(progress.batch_size for progress in self.topics.values())
        try:
            fetched = await kafka.getmany(timeout_ms=200, max_records=size)
        except UNREADABLE as error:
            raise _Unreadable from error
        by_topic: dict[str, list[Record]] = defaultdict(list)
        for partition, messages in fetched.items():
            by_topic[partition.topic] += await self._places.in_place(kafka, partition, messages)
        for topic, records in by_topic.items():
            if records:
                await self._handle(kafka, topic, records)

    async def _handle(self, kafka: AIOKafkaConsumer | None, topic: str, records: list[Record]) -> None:
        """`kafka`: the client of our group, if it is it that has read them."""
        progress = self.topics[topic]
        started = time.monotonic()
        self._at_work = progress.runner, started
        try:
            await self._until_done(progress.runner, records)
        except BadRelease as error:
            progress.stopped = str(error)
            if kafka:
                self._pause_stopped(kafka)
            log.critical("consumer.stopped", topic=topic, reason=str(error))
            return
        finally:
            self._at_work = None
        progress.batch_size = _adapted(progress.batch_size, time.monotonic() - started)
        progress.last_progress = time.monotonic()
        if kafka:
            await self._show_place(kafka, records)

    def _pause_stopped(self, kafka: AIOKafkaConsumer) -> None:
        kafka.pause(*[partition for partition in kafka.assignment() if self.topics[partition.topic].stopped])

    async def _until_done(self, runner: BatchRunner, records: Sequence[Record]) -> None:
        """The same batch again, with back-off, while the database is away or races are lost."""
        tries = 0
        while True:
            try:
                stubborn = tries >= HALVE_AFTER_TRIES and await self._database.answers()
                await runner.run(records, stubborn=stubborn)
                return
            except Exception as error:
                if not (is_lost_race(error) or is_unavailable(error)):
                    raise
                tries += 1
                log.warning("batch.again", topic=runner.topic, tries=tries, error=type(error).__name__)
            await asyncio.sleep(min(0.05 * 2**tries, 5) * random.uniform(0.5, 1))

    async def _show_place(self, kafka: AIOKafkaConsumer, records: Sequence[Record]) -> None:
        """Commits to Kafka for its own tools. Failing is fine: our place is in the database."""
        offsets = {TopicPartition(r.topic, r.partition): r.offset + 1 for r in records}
        try:
            async with asyncio.timeout(5):
                await kafka.commit({tp: offset for tp, offset in offsets.items() if tp in kafka.assignment()})
        except (KafkaError, TimeoutError, ValueError) as error:
            log.info("consumer.commit_skipped", error=type(error).__name__)

    async def retry_parked(self) -> int:
        """Tries every parked event whose time has come; how many were tried. A stopped topic's events wait too."""
        going = [topic for topic, progress in self.topics.items() if not progress.stopped]
        async with self._database.begin(self._clock.now(), reads=True) as uow:
            due = await parked.due(uow, going)
        for topic in dict.fromkeys(event.topic for event in due if event.is_stretch):
            await self._have_said_again(topic, [event for event in due if event.is_stretch and event.topic == topic])
        for event in due:
            if not event.is_stretch:
                await self.topics[event.topic].runner.retry_parked(event)
        return len(due)

    async def _have_said_again(self, topic: str, stretches: Sequence[parked.ParkedEvent]) -> None:
        """Asks once for all of them."""
        failure = None
        try:
            await self._say_again(topic)
        except NeighbourAway as error:
            failure = cause_of(error)
        async with self._database.begin(self._clock.now()) as uow:
            for each in stretches:
                if failure is None:
                    await parked.supersede(uow, each)
                else:
                    await parked.failed_again(uow, each, failure, tracing.to_traceparent(tracing.new_root()))


class _Assigned(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka has no types
    def __init__(
        self, places: ReadingPlaces, pause_stopped: Callable[[AIOKafkaConsumer], None], kafka: AIOKafkaConsumer
    ) -> None:
        self._places = places
        self._pause_stopped = pause_stopped
        self._kafka = kafka

    async def on_partitions_revoked(self, revoked: list[TopicPartition]) -> None:
        """What is in hand is guarded by its positions; nothing more is read of them before their place is known again."""
        self._places.forget()

    async def on_partitions_assigned(self, assigned: list[TopicPartition]) -> None:
        for attempt in count():
            try:
                await self._places.seek(self._kafka, assigned)
                return self._pause_stopped(self._kafka)
            except Exception as error:
                if not is_unavailable(error):
                    raise
                await asyncio.sleep(min(0.1 * 2 ** min(attempt, 6), 5))


def _adapted(size: int, seconds: float) -> int:
    """Half the batch when it took too long, twice as much when it was quick."""
    if seconds > 2 * BATCH_SECONDS:
        return max(size // 2, LEAST_BATCH)
    return min(size * 2, MAX_BATCH) if seconds < BATCH_SECONDS else size
