"""Where the logs begin and end, asked on a connection of its own: lag that is right also for a consumer that stands still,
or that joins after the oldest events were deleted."""

import asyncio
from datetime import datetime

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from shared.clock import Clock
from shared.db import Database, is_unavailable
from shared.kafka import positions
from shared.kafka.consumer import stop_quietly
from shared.kafka.topics import declared_topics

log = structlog.get_logger()

ASK_SECONDS = 2


class LogEnds:
    """Asks every two seconds how far each consumed topic is ahead of us."""

    def __init__(self, bootstrap: str, topics: list[str], database: Database, clock: Clock) -> None:
        self._bootstrap = bootstrap
        self._topics = topics
        self._database = database
        self._clock = clock
        self._partitions = [
            TopicPartition(topic.name, partition)
            for topic in declared_topics()
            if topic.name in topics
            for partition in range(topic.partitions)
        ]
        self._lag: dict[str, int] = dict.fromkeys(topics, 0)
        self._since: dict[str, datetime] = {}
        self.answers = False

    def lag_of(self, topic: str) -> tuple[int, datetime | None]:
        """Events of the topic that are not handled yet, and since when there are any."""
        return self._lag[topic], self._since.get(topic)

    async def run(self) -> None:
        """Asks until cancelled."""
        while self._topics:
            reader = AIOKafkaConsumer(bootstrap_servers=self._bootstrap)
            try:
                await reader.start()
                while True:
                    await self._ask(reader)
                    await asyncio.sleep(ASK_SECONDS)
            except Exception as error:
                if not (isinstance(error, KafkaError) or is_unavailable(error)):
                    raise
                log.info("log_ends.away", error=type(error).__name__)
            finally:
                self.answers = False
                await stop_quietly(reader)
            await asyncio.sleep(1)

    async def _ask(self, reader: AIOKafkaConsumer) -> None:
        async with asyncio.timeout(10):
            ends = await reader.end_offsets(self._partitions)
            begins = await reader.beginning_offsets(self._partitions)
        async with self._database.begin(self._clock.now()) as uow:
            stored = await positions.stored_offsets(uow, self._topics)
        for topic in self._topics:
            lag = sum(
                max(end - max(stored.get((topic, tp.partition), (0, ""))[0], begins[tp]), 0)
                for tp, end in ends.items()
                if tp.topic == topic
            )
            self._lag[topic] = lag
            self._since[topic] = self._since.get(topic, self._clock.now())
            if not lag:
                del self._since[topic]
        self.answers = True
