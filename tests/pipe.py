"""A publisher with its relay and a consumer with its ledger, over the real broker."""

import asyncio
from collections.abc import Awaitable, Callable

from shared import tracing
from shared.db import Database
from shared.events import CaseChanged
from shared.kafka import log_watch
from shared.kafka.consumer import Consumer
from shared.kafka.relay import Relay
from shared.outbox import Cause
from tests.broker import Broker
from tests.ledger import Ledger


class Pipe:
    """A publisher with its relay and a consumer with its ledger, each on a database of its own."""

    def __init__(self, kafka: str, publisher_url: str, consumer_url: str, group: str) -> None:
        self.publisher = Database(publisher_url)
        self.ledger = Ledger(consumer_url)
        self.clock = self.ledger.clock
        self._kafka, self._group = kafka, group
        self.renew_relay()
        self.renew_consumer()
        self.tasks: list[asyncio.Task[None]] = []
        self.published: list[str] = []
        self.asked: list[str] = []

    def renew_relay(self) -> None:
        """As a new process would have it."""
        self.relay = Relay(self.publisher, self._kafka, service="test", clock=self.clock)

    def renew_consumer(self) -> None:
        """As a new process would have it."""
        self.consumer = Consumer(
            self._kafka,
            self._group,
            [self.ledger.runner],
            database=self.ledger.database,
            clock=self.clock,
            say_again=self.have_said_again,
        )

    async def have_said_again(self, topic: str) -> None:
        self.asked.append(topic)
        await self.publisher.run(self.clock.now(), lambda uow: log_watch.say_again(uow, [topic]))

    def start(self) -> None:
        self.tasks = [asyncio.create_task(self.relay.run()), asyncio.create_task(self.consumer.run())]

    async def stop(self) -> None:
        """Raises: what relay or consumer ended by before."""
        while any(not task.done() for task in self.tasks):
            for task in self.tasks:
                task.cancel()
            await asyncio.wait(self.tasks, timeout=5)  # the client's `wait_for` may lose the first one
        for outcome in await asyncio.gather(*self.tasks, return_exceptions=True):
            if isinstance(outcome, Exception):
                raise outcome
        self.tasks = []

    async def publish(self, *events: CaseChanged) -> None:
        self.published += [event.key for event in events]
        async with self.publisher.begin(self.clock.now()) as uow:
            for event in events:
                uow.publish(event, cause=Cause.first(tracing.new_root()))

    async def close(self) -> None:
        await self.stop()
        await self.publisher.close()
        await self.ledger.database.close()


async def until(condition: Callable[[], Awaitable[bool]], seconds: float = 30) -> None:
    async with asyncio.timeout(seconds):
        while not await condition():
            await asyncio.sleep(0.05)


MakePipe = Callable[[Broker], Awaitable[Pipe]]


async def handled(pipe: Pipe, count: int) -> bool:
    """True when so many of the events that this pipe published were handled, each once."""
    rows = await pipe.ledger.rows("select key from ledger where key = any(:keys)", keys=pipe.published)
    assert len(rows) == len({row.key for row in rows})
    return len(rows) == count


async def unpublished(pipe: Pipe) -> int:
    async with pipe.publisher.begin(pipe.clock.now()) as uow:
        return int((await uow.rows("select count(*) from outbox_unpublished"))[0][0])


async def all_published(pipe: Pipe) -> bool:
    return await unpublished(pipe) == 0
