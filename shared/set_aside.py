"""Work that is gone through page by page: one that fails keeps no other one from being done."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Generic, TypeVar

import structlog

from shared import crowd, tracing
from shared.clock import Clock
from shared.db import Database, UnitOfWork, is_lost_race, is_unavailable
from shared.logs import cause_of

log = structlog.get_logger()
At = TypeVar("At")

AGAIN_AFTER = timedelta(minutes=10)
"""When what failed is tried again. Source: docs/domain.md, "Parking"."""
STUBBORN = 5
"""How often others may be faster before all is done once, until that counts as a failure while the database answers."""


@dataclass(frozen=True, slots=True)
class Work(Generic[At]):
    """What is to be done from a place on. `do` does so many and says from where it goes on, None at the end; `skip` leaves
    out the next one, names it and says the same. `gives_way`: it waits until a crowd has gone, and leaves nine
    tenths of the time to those who are served."""

    name: str
    do: Callable[[UnitOfWork, At, int], Awaitable[At | None]]
    skip: Callable[[UnitOfWork, At], Awaitable[tuple[str, At | None]]]
    begin: At
    most: int
    gives_way: bool = False


@dataclass
class SetAside:
    """What failed by itself: it is left out until it is tried again, and listed for operations. A new process tries all of
    it at once."""

    clock: Clock
    _failed: dict[tuple[str, str], tuple[datetime, str]] = field(default_factory=dict)
    _lost_races: dict[str, int] = field(default_factory=dict)

    def listed(self) -> list[dict[str, str]]:
        """What is left out now, of which work, when it is tried again, and kind and place of the failure."""
        self._failed = {key: failed for key, failed in self._failed.items() if failed[0] > self.clock.now()}
        return [
            {"work": work, "key": key, "again_at": again_at.isoformat(), "cause": cause}
            for (work, key), (again_at, cause) in self._failed.items()
        ]

    def of(self, work: str) -> list[str]:
        """What of this work is left out now."""
        return [each["key"] for each in self.listed() if each["work"] == work]

    async def go_through(self, database: Database, work: Work[At]) -> None:
        """One unit of work after the other until there is nothing more to do. Where one fails half as many are done at
        once, until the one at fault is alone, and is left out.

        Raises: what is over by itself: a database that is away, others who are faster.
        """
        at: At | None = work.begin
        at_once, took = work.most, 0.0
        while at is not None:
            begin = at
            if work.gives_way:
                await asyncio.sleep(9 * took)
                await crowd.gone()
            started = time.monotonic()
            try:
                at, at_once = await self._done(database, work, begin, at_once), work.most
            except Exception as error:
                if await self._is_over_by_itself(database, work.name, error):
                    raise
                if at_once > 1:
                    at_once //= 2
                else:
                    at, at_once = await self._skipped(database, work, begin, error), work.most
            took = time.monotonic() - started
        self._lost_races[work.name] = 0

    async def _done(self, database: Database, work: Work[At], at: At, at_once: int) -> At | None:
        with tracing.span(work.name):
            return await database.run(self.clock.now(), lambda uow: work.do(uow, at, at_once))

    async def _is_over_by_itself(self, database: Database, work: str, error: Exception) -> bool:
        if not (is_unavailable(error) or is_lost_race(error)):
            return False
        self._lost_races[work] = self._lost_races.get(work, 0) + 1
        return self._lost_races[work] < STUBBORN or not await database.answers()

    async def _skipped(self, database: Database, work: Work[At], at: At, error: Exception) -> At | None:
        key, after = await database.run(self.clock.now(), lambda uow: work.skip(uow, at))
        cause = cause_of(error)
        self._failed[work.name, key] = self.clock.now() + AGAIN_AFTER, cause
        log.error("work.set_aside", work=work.name, key=tracing.case_hash(key), cause=cause)
        return after
