"""The relay: puts outbox rows on Kafka in order, notes partition and offset of each, and notices when the log was lost.

The outbox is the truth. One relay is active per service (advisory lock). Rows go out in their order; a row that Kafka
refused goes out again, perhaps after a newer one of its stream, and is history to everyone then. A partition in failure is skipped, never its neighbours. When an acknowledged offset is not higher than the
last one of its partition, when the log is shorter than what we put there, or when the cluster is another one, the newest
row of every stream goes out again.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError
from aiokafka.partitioner import DefaultPartitioner
from aiokafka.producer.message_accumulator import BatchBuilder
from opentelemetry.trace import SpanKind
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from shared import crowd, tracing
from shared.clock import Clock
from shared.db import PASSING, Database, as_json, is_unavailable
from shared.kafka.log_watch import (
    LogLost,
    holds_others,
    remember_acknowledged,
    remember_cluster,
    republish,
    shorter_than_published,
)
from shared.kafka.reading import stop_quietly
from shared.kafka.records import headers_of
from shared.kafka.topics import ensure_topics

log = structlog.get_logger()

BATCH_ROWS = 500
POLL_SECONDS = 1.0
"""How often it is looked for rows that it was not woken for: what other processes said, or what is to be said again."""
ACK_SECONDS = 3
"""How long to wait for acknowledgements before the partition is left alone and the others go on."""
REFUSED_SECONDS = 1
"""How long a partition is left alone that refused what it was sent."""
REQUEST_SECONDS = 10
"""Deadline of everything else that is asked of the broker."""
REBUILD_SECONDS = 10
"""How long a broker may answer and yet acknowledge nothing before the producer is given up."""
CHECK_SECONDS = 60

UNPUBLISHED = """
select id, topic, key, sequence, event_id, type, attributes, value, created_at from outbox
where id = any(array(select id from outbox_unpublished where id > :after order by id limit :limit)) order by id
"""
"""By an array, so that it finds them by their key however large the outbox is: a join may read all of it."""

PUBLISHED = """
with published as (delete from outbox_unpublished where id = any(cast(:ids as bigint[])))
insert into outbox_published (topic, partition, first_offset, ids, published_at)
select topic, partition, first_offset, ids, :now
from jsonb_to_recordset(cast(:rows as jsonb)) as r(topic text, partition int, first_offset bigint, ids bigint[])
"""


@dataclass
class Sent:
    """Outbox rows handed to the producer as one batch. Its future is kept: sending them again would make duplicates."""

    rows: Sequence[Any]
    future: "asyncio.Future[Any]"
    starts_ns: int

    @property
    def first_offset(self) -> int:
        """Where Kafka put the first of them, once they were acknowledged; the others follow it without a gap."""
        return int(self.future.result().offset)


class Relay:
    """Publishes one service's outbox until it is cancelled."""

    def __init__(self, database: Database, bootstrap: str, *, service: str, clock: Clock) -> None:
        self._database = database
        self._bootstrap = bootstrap
        self._source = f"urn:puente:{service}"
        self._service = service
        self._clock = clock
        self._wake = asyncio.Event()
        self._partitioner = DefaultPartitioner()
        self._in_flight: dict[TopicPartition, Sent] = {}
        self._refused: dict[TopicPartition, float] = {}
        self._producer: AIOKafkaProducer | None = None
        self._checked = 0.0
        self._silent_since: float | None = None
        self._is_away = False
        database.when_published(lambda _: self._wake.set())

    async def run(self) -> None:
        """Publishes until cancelled; waits for a broker or a database that is away."""
        while True:
            try:
                await self._publish_as_the_one()
            except LogLost as lost:
                await self._say_all_again(lost)
            except Exception as error:
                if not (isinstance(error, KafkaError) or is_unavailable(error)):
                    raise
                log.warning("relay.waits", error=type(error).__name__)
            await asyncio.sleep(1)

    async def _publish_as_the_one(self) -> None:
        """Publishes while the lock of this service's relay is ours.

        The lock is a session's, so its connection is closed afterwards, never given back: another one from the pool
        would find it taken for ever. An open transaction would be ended as idle, and the lock with it: there is none.
        """
        lease = await self._database.engine.connect()
        try:
            await lease.execution_options(isolation_level="AUTOCOMMIT")
            if (await lease.execute(text("select pg_try_advisory_lock(7002)"))).scalar_one():
                await self._publish_all(lease)
        finally:
            await self._give_up_producer()
            await lease.invalidate()
            await lease.close()

    async def _publish_all(self, lease: AsyncConnection) -> None:
        cluster = await ensure_topics(self._bootstrap)
        await remember_cluster(self._database, self._clock.now(), cluster)
        self._producer = await self._new_producer()
        self._checked = 0.0
        while True:
            self._wake.clear()
            await lease.execute(text("select 1"))  # the lock's connection still stands
            await self._check_log()
            if not await self._publish_some():
                await self._wait_for_news()

    async def _wait_for_news(self) -> None:
        try:
            async with asyncio.timeout(POLL_SECONDS):
                await self._wake.wait()
        except TimeoutError:
            pass
        await asyncio.sleep(crowd.wait_seconds())

    async def _new_producer(self) -> AIOKafkaProducer:
        """Settings and their reasons: docs/domain.md, "The Kafka client"."""
        producer = AIOKafkaProducer(
            bootstrap_servers=self._bootstrap,
            client_id=f"{self._service}-relay",
            acks="all",
            enable_idempotence=False,  # docs/adr/0002: its ids collide on a new cluster; positions drop duplicates
            max_batch_size=524_288,
            request_timeout_ms=30_000,
        )
        async with asyncio.timeout(15):
            await producer.start()
        return producer

    async def _publish_some(self) -> bool:
        """Sends the next rows and marks what was acknowledged; False when there was nothing to do."""
        if not (self._is_away and self._in_flight):  # else it would read all that waits, again and again
            await self._send_next()
        if not self._in_flight:
            return False
        await asyncio.wait([sent.future for sent in self._in_flight.values()], timeout=ACK_SECONDS)
        await self._settle()
        if self._in_flight:
            await self._look_at_broker()
        else:
            self._silent_since = None
        return True

    async def _send_next(self) -> None:
        """Sends the oldest rows that are not on their way, looking past partitions that are stuck."""
        now = time.monotonic()
        self._refused = {each: at for each, at in self._refused.items() if now - at < REFUSED_SECONDS}
        looks_past, after = bool(self._in_flight or self._refused), 0
        while rows := await self._rows_after(after):
            async with asyncio.timeout(REQUEST_SECONDS):
                await self._send_rows(rows)
            if sum(len(sent.rows) for sent in self._in_flight.values()) >= BATCH_ROWS or not looks_past:
                return
            after = rows[-1].id

    async def _rows_after(self, after: int) -> Sequence[Any]:
        async with self._database.begin(self._clock.now(), reads=True) as uow:
            return await uow.rows(UNPUBLISHED, after=after, limit=BATCH_ROWS)

    async def _send_rows(self, rows: Sequence[Any]) -> None:
        """One batch for each partition that has none on its way and did not just refuse one; what does not fit goes in the
        next round."""
        assert self._producer is not None  # noqa: S101  set before any row is read
        by_partition: dict[TopicPartition, list[Any]] = defaultdict(list)
        known = {topic: sorted(await self._producer.partitions_for(topic)) for topic in {row.topic for row in rows}}
        for row in rows:
            number = self._partitioner(row.key.encode(), known[row.topic], known[row.topic])
            by_partition[TopicPartition(row.topic, number)].append(row)
        for partition, of_it in by_partition.items():
            if partition not in self._in_flight and partition not in self._refused:
                await self._send_batch(self._producer, partition, of_it)

    async def _send_batch(self, producer: AIOKafkaProducer, partition: TopicPartition, rows: Sequence[Any]) -> None:
        batch, starts_ns = producer.create_batch(), time.time_ns()
        fitting = list(takewhile(lambda row: self._append(batch, row), rows))
        future = await producer.send_batch(batch, partition.topic, partition=partition.partition)
        self._in_flight[partition] = Sent(fitting, future, starts_ns)

    def _append(self, batch: BatchBuilder, row: Any) -> bool:
        """False when the batch is full."""
        headers = headers_of(row, self._source)
        added = batch.append(timestamp=None, key=row.key.encode(), value=row.value.encode(), headers=headers)
        return added is not None

    async def _settle(self) -> None:
        """Stores partition and offset of what was acknowledged; what failed is sent again. Raises: LogLost."""
        done = {partition: sent for partition, sent in self._in_flight.items() if sent.future.done()}
        acknowledged = {}
        for partition, sent in done.items():
            del self._in_flight[partition]
            if sent.future.exception() is None:
                acknowledged[partition] = sent
            else:
                self._refused[partition] = time.monotonic()
                log.warning("relay.refused", topic=partition.topic, error=type(sent.future.exception()).__name__)
        if not acknowledged:
            return
        self._is_away = False
        offsets = {partition: (sent.first_offset, len(sent.rows)) for partition, sent in acknowledged.items()}
        rows = [_published(partition, sent) for partition, sent in acknowledged.items()]
        async with self._database.begin(self._clock.now()) as uow:
            await remember_acknowledged(uow, offsets)
            ids = [id for row in rows for id in row["ids"]]
            await uow.execute(PUBLISHED, ids=ids, rows=as_json(rows), now=uow.now)
        for partition, sent in acknowledged.items():
            for offset, row in enumerate(sent.rows, sent.first_offset):
                _send_span(row, partition, offset, sent.starts_ns)

    async def _look_at_broker(self) -> None:
        """Waits on for a broker that is away; one that answers and still acknowledges nothing needs a new producer.

        Raises: LogLost when it is another cluster, KafkaError to start again with a new producer.
        """
        try:
            async with asyncio.timeout(REQUEST_SECONDS):
                cluster = await ensure_topics(self._bootstrap)
        except (KafkaError, OSError):
            self._silent_since, self._is_away = None, True
            return
        self._is_away = False
        await remember_cluster(self._database, self._clock.now(), cluster)
        self._silent_since = self._silent_since or time.monotonic()
        if time.monotonic() - self._silent_since > REBUILD_SECONDS:
            raise KafkaError("records stay unacknowledged: a new producer")

    async def _check_log(self) -> None:
        """Looks at start and every minute whether the log is as long as what we put there, and at start whether it is that.

        Raises: LogLost.
        """
        if time.monotonic() - self._checked < CHECK_SECONDS and self._checked:
            return
        reader = AIOKafkaConsumer(bootstrap_servers=self._bootstrap)
        try:
            async with asyncio.timeout(15):
                await reader.start()
                await shorter_than_published(self._database, self._clock.now(), reader)
            if not self._checked:
                await holds_others(self._database, self._clock.now(), reader)
        finally:
            await stop_quietly(reader)
        self._checked = time.monotonic()

    async def _say_all_again(self, lost: LogLost) -> None:
        log.critical("relay.log_lost", reason=str(lost), service=self._service)
        try:
            count = await self._database.run_long(self._clock.now(), lambda uow: republish(uow, lost.cluster_id))
        except PASSING as error:
            if not is_unavailable(error):
                raise
            return  # what was lost is found again at the next start
        log.critical("relay.republishes", streams=count, service=self._service)

    async def _give_up_producer(self) -> None:
        """Closes the producer with a deadline: `stop()` waits for ever while records are pending (aiokafka #1101)."""
        producer, self._producer = self._producer, None
        for sent in self._in_flight.values():
            sent.future.cancel()
        self._in_flight.clear()
        if producer is None:
            return
        try:
            async with asyncio.timeout(2):
                await producer.stop()
        except (KafkaError, OSError, TimeoutError):
            async with asyncio.timeout(2):
                await producer.client.close()


def _published(partition: TopicPartition, sent: Sent) -> dict[str, Any]:
    ids = [row.id for row in sent.rows]
    return {
        "topic": partition.topic, "partition": partition.partition, "first_offset": sent.first_offset, "ids": ids,
    }  # fmt: skip


def _send_span(row: Any, partition: TopicPartition, offset: int, starts_ns: int) -> None:
    made_in = tracing.from_traceparent(row.attributes["traceparent"])
    assert made_in is not None  # noqa: S101  the outbox always writes one
    attributes = {
        tracing.MESSAGING_SYSTEM: "kafka",
        tracing.OPERATION_NAME: "send",
        tracing.OPERATION_TYPE: "send",
        tracing.DESTINATION: partition.topic,
        tracing.PARTITION: str(partition.partition),
        tracing.OFFSET: offset,
        tracing.MESSAGE_ID: str(row.event_id),
        tracing.OUTBOX_WAIT_MS: round(starts_ns / 1e6 - row.created_at.timestamp() * 1e3, 1),
    }
    context, name = tracing.child_of(made_in), f"send {partition.topic}"
    tracing.Span(name, SpanKind.CLIENT, context, made_in, attributes, (made_in,), starts_ns).end()
