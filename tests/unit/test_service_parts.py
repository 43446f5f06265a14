"""When a service ends its process so that it is started again, and when it must not."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from types import SimpleNamespace
from typing import Any

import pytest

from shared import service as service_module
from shared.clock import SystemClock
from shared.heartbeat import Heartbeat
from shared.kafka import consumer as consumer_module
from shared.kafka.batch import BatchRunner
from shared.kafka.consumer import Consumer
from shared.service import Service
from tests.builders import NOW, a_case, a_record
from tests.ledger import TOPIC
from tests.scheduling import SEALER

NOT_CALLED: Any = None


class Slow:
    """A database that answers, but whose every transaction takes too long."""

    @asynccontextmanager
    async def begin(self, now: datetime) -> AsyncIterator[None]:
        await asyncio.sleep(0.02)
        raise TimeoutError
        yield

    async def answers(self) -> bool:
        return True


@pytest.fixture
def ended(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The signals that the process sent to itself; the watchdog looks a hundred times as often as usual."""
    monkeypatch.setattr(service_module, "WATCHDOG_SECONDS", 0.3)
    monkeypatch.setattr(service_module, "LOOK_SECONDS", 0.05)
    monkeypatch.setattr(consumer_module, "SLOW_SECONDS", 0.05)
    signals: list[int] = []
    monkeypatch.setattr(os, "kill", lambda pid, number: signals.append(number))
    return signals


def _watched() -> tuple[Any, Consumer]:
    """A service with an event that waits, of which only the watchdog runs."""
    database: Any = Slow()
    runner = BatchRunner(TOPIC, NOT_CALLED, group="test", database=database, sealer=SEALER, clock=SystemClock())
    consumer = Consumer("nowhere", "test", [runner], database=database, clock=SystemClock())
    ends = SimpleNamespace(answers=True, lag_of=lambda topic: (1, NOW))
    return SimpleNamespace(topics=[TOPIC], consumer=consumer, ends=ends, database=database), consumer


async def test_a_consumer_that_takes_no_events_although_some_wait_is_ended(ended: list[int]) -> None:
    service, _ = _watched()

    async with asyncio.timeout(5):
        await Service.watch(service)

    assert [signal.SIGTERM] == ended


async def test_a_batch_that_fails_slowly_is_not_ended_before_its_event_at_fault_is_found(ended: list[int]) -> None:
    service, consumer = _watched()
    watching = asyncio.create_task(Service.watch(service))
    trying = asyncio.create_task(consumer._handle(NOT_CALLED, TOPIC, [a_record(a_case())]))

    await asyncio.sleep(1)

    for task in (trying, watching):
        task.cancel()
    await asyncio.gather(trying, watching, return_exceptions=True)
    assert [] == ended


def _alone(relay: Callable[[], Awaitable[object]]) -> Any:
    """A service whose only part that does anything is its relay."""
    idle = SimpleNamespace(run=asyncio.Event().wait)
    return SimpleNamespace(relay=SimpleNamespace(run=relay), ends=idle, watch=idle.run, consumer=None)


@pytest.mark.parametrize("error", [ValueError, asyncio.CancelledError])
async def test_a_part_that_ends_by_itself_takes_the_process_with_it(
    ended: list[int], error: type[BaseException]
) -> None:
    async def relay() -> None:
        raise error

    async with service_module._background(_alone(relay), [], Heartbeat()):
        await asyncio.sleep(0.01)

    assert [signal.SIGTERM] == ended


async def test_the_end_of_the_service_is_no_failure_of_its_parts(ended: list[int]) -> None:
    async with service_module._background(_alone(asyncio.Event().wait), [], Heartbeat()):
        await asyncio.sleep(0.01)

    assert [] == ended
