"""Where the logs begin and end, asked on a connection of its own: lag that is right also for a consumer that stands still,
or that joins after the oldest events were deleted."""

import asyncio
from collections.abc import Mapping
from datetime import datetime

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from shared.clock import Clock
from shared.db import Database, is_unavailable
from shared.kafka import positions
from shared.kafka.reading import stop_quietly
from shared.kafka.topics import partitions_of

log = structlog.get_logger()

ASK_SECONDS = 2
ASKS = 30
"""After so many it is looked whether there are more partitions."""
MOST_LOOKS = 1_000
"""Looks that are remembered of one topic; of more, every second one is forgotten."""

Offsets = Mapping[TopicPartition, int]


class Waiting:
    """How many events of a topic are not handled, and since when the oldest of them is seen to wait.

    Every look says where the log ended then. As soon as all that lay before that is handled, the look says nothing any more.
    """

    def __init__(self) -> None:
        self.lag = 0
        self._looks: list[tuple[datetime, Offsets]] = []

    @property
    def since(self) -> datetime | None:
        return self._looks[0][0] if self._looks else None

    def look(self, ends: Offsets, places: Offsets, now: datetime) -> None:
        """`places`: up to where each partition is handled. A log that is shorter than it was has lost what waited."""
        self.lag = sum(max(end - places[partition], 0) for partition, end in ends.items())
        self._looks = [each for each in (*self._looks, (now, ends)) if _wait(each[1], ends, places)]
        if len(self._looks) > MOST_LOOKS:
            del self._looks[1::2]


def _wait(then: Offsets, ends: Offsets, places: Offsets) -> bool:
    return any(places[partition] < min(then[partition], end) for partition, end in ends.items())


class LogEnds:
    """Asks every two seconds how far each consumed topic is ahead of us."""

    def __init__(self, bootstrap: str, topics: list[str], database: Database, clock: Clock) -> None:
        self._bootstrap = bootstrap
        self._topics = topics
        self._database = database
        self._clock = clock
        self._waiting = {topic: Waiting() for topic in topics}
        self.answers = False

    def lag_of(self, topic: str) -> tuple[int, datetime | None]:
        """Events of the topic that are not handled yet, and since when at least the oldest of them has waited."""
        waiting = self._waiting[topic]
        return waiting.lag, waiting.since

    async def run(self) -> None:
        """Asks until cancelled."""
        while self._topics:
            reader = AIOKafkaConsumer(bootstrap_servers=self._bootstrap)
            try:
                await reader.start()
                while True:
                    partitions = await partitions_of(self._bootstrap, self._topics)
                    for _ in range(ASKS):
                        await self._ask(reader, partitions)
                        await asyncio.sleep(ASK_SECONDS)
            except Exception as error:
                if not (isinstance(error, KafkaError) or is_unavailable(error)):
                    raise
                log.info("log_ends.away", error=type(error).__name__)
            finally:
                self.answers = False
                await stop_quietly(reader)
            await asyncio.sleep(1)

    async def _ask(self, reader: AIOKafkaConsumer, partitions: list[TopicPartition]) -> None:
        async with asyncio.timeout(10):
            ends = await reader.end_offsets(partitions)
            begins = await reader.beginning_offsets(partitions)
        async with self._database.begin(self._clock.now(), reads=True) as uow:
            stored = await positions.stored_offsets(uow, self._topics)
        now, places = self._clock.now(), {tp: max(_place(stored, tp), begins[tp]) for tp in ends}
        for topic, waiting in self._waiting.items():
            waiting.look({tp: end for tp, end in ends.items() if tp.topic == topic}, places, now)
        self.answers = True


def _place(stored: Mapping[tuple[str, int], tuple[int, str]], partition: TopicPartition) -> int:
    return stored.get((partition.topic, partition.partition), (0, ""))[0]
