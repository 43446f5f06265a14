"""Ticks: things to look at again and again. APScheduler says when, the database says what is due."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from apscheduler.events import EVENT_JOB_ERROR, JobExecutionEvent
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from shared import crowd
from shared.db import PASSING, is_lost_race, is_unavailable
from shared.logs import cause_of

log = structlog.get_logger()

STOP_SECONDS = 2.5
"""How long ticks at work are waited for when the process is asked to end."""
CLOCK_SECONDS = 1.0
"""How often it is looked at whether the machine's clock was put back."""


@dataclass(frozen=True)
class Tick:
    """Something to look at again and again, first at the start. One that is still at work is not started a second time."""

    name: str
    every: timedelta
    work: Callable[[], Awaitable[Any]]


class Clockwork:
    """Runs ticks until it is stopped."""

    def __init__(self, ticks: Sequence[Tick]) -> None:
        self._ticks = ticks
        self._at_work: set[asyncio.Task[None]] = set()
        self._scheduler = AsyncIOScheduler(timezone="UTC")
        self._scheduler.add_listener(_tick_failed, EVENT_JOB_ERROR)
        self._watching: asyncio.Task[None] | None = None

    def start(self) -> None:
        for tick in self._ticks:
            self._scheduler.add_job(
                self._run, "interval", [tick], seconds=tick.every.total_seconds(), id=tick.name,
                coalesce=True, max_instances=1, misfire_grace_time=None,
            )  # fmt: skip
            if tick.every > timedelta(minutes=1):
                self._scheduler.add_job(self._run, args=[tick], misfire_grace_time=None)
        self._scheduler.start()
        self._watching = asyncio.create_task(self._watch_clock())

    async def stop(self) -> None:
        """Starts no tick any more and waits for those at work, but not for ever."""
        if self._watching:
            self._watching.cancel()
        self._scheduler.pause()
        if self._at_work:
            await asyncio.wait(self._at_work, timeout=STOP_SECONDS)
        self._scheduler.shutdown(wait=False)
        for task in self._at_work:
            task.cancel()
        await asyncio.gather(*self._at_work, return_exceptions=True)

    async def _watch_clock(self) -> None:
        """The library waits until the clock shows when a tick is due: after one that was put back, each is due at once."""
        seen = datetime.now(UTC)
        while True:
            await asyncio.sleep(CLOCK_SECONDS)
            now = datetime.now(UTC)
            if now < seen:
                log.warning("clock.put_back", seconds=(seen - now).total_seconds())
                for job in self._scheduler.get_jobs():
                    job.modify(next_run_time=now)
            seen = now

    async def _run(self, tick: Tick) -> None:
        """In a task of its own, so that the scheduler's end does not cut it off in the middle."""
        task = asyncio.create_task(_tick(tick))
        self._at_work.add(task)
        task.add_done_callback(self._at_work.discard)
        await asyncio.shield(task)


async def _tick(tick: Tick) -> None:
    """Runs a tick, after a crowd's first second; one that finds the database away or loses a race comes again by itself,
    as does every other."""
    await asyncio.sleep(crowd.wait_seconds())
    try:
        await tick.work()
    except PASSING as error:
        if not (is_unavailable(error) or is_lost_race(error)):
            raise
        log.warning("tick.again", tick=tick.name, error=type(error).__name__)


def _tick_failed(event: JobExecutionEvent) -> None:
    log.critical("tick.failed", tick=event.job_id, cause=cause_of(event.exception))
