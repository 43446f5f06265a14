"""A service as small as can be: it writes down each event that it handles. Poison can be mixed in."""

import asyncio
from collections.abc import Sequence
from typing import Any

import asyncpg

from shared.clock import FixedClock
from shared.db import UnitOfWork
from shared.events import CaseChanged, Event
from shared.kafka import parked
from shared.kafka.batch import BatchRunner
from shared.kafka.records import Record
from shared.migrations import MESSAGING_V1, MESSAGING_V2
from tests.builders import NOW
from tests.databases import database_at
from tests.scheduling import SEALER

LEDGER = "create table ledger (key text not null, version bigint not null, at timestamptz not null)"
TOPIC = "intake.cases"


class Poisoned(RuntimeError):
    """This event cannot be handled."""


class Ledger:
    """The database of the small service and its one handler."""

    def __init__(self, url: str, runner: type[BatchRunner] = BatchRunner) -> None:
        self.database = database_at(url)
        self.clock = FixedClock(NOW)
        self.poison: set[tuple[str, int]] = set()
        self.error: type[Exception] = Poisoned
        self.batches: list[list[int]] = []
        self.keys: list[str] = []
        self.hold = asyncio.Event()
        self.hold.set()
        self.runner = runner(TOPIC, self.handle, group="test", database=self.database, sealer=SEALER, clock=self.clock)

    @classmethod
    async def prepare(cls, url: str) -> str:
        """The shared tables and the ledger."""
        connection = await asyncpg.connect(url)
        await connection.execute(MESSAGING_V1 + MESSAGING_V2 + LEDGER)
        await connection.close()
        return url

    async def handle(self, events: list[Event], uow: UnitOfWork) -> None:
        self.batches.append([event.version for event in events])
        self.keys += [event.key for event in events]
        for event in events:
            await uow.execute(
                "insert into ledger values (:key, :version, :now)", key=event.key, version=event.version, now=uow.now
            )
        await self.hold.wait()
        if any((event.key, event.version) in self.poison for event in events):
            raise self.error

    async def run(self, records: Sequence[Record]) -> None:
        await self.runner.run(records)

    async def rows(self, sql: str, **parameters: Any) -> Any:
        return await self.database.run(self.clock.now(), lambda uow: uow.rows(sql, **parameters))

    async def execute(self, sql: str, **parameters: Any) -> None:
        await self.database.run(self.clock.now(), lambda uow: uow.execute(sql, **parameters))

    async def handled(self, case: CaseChanged | None = None) -> list[int]:
        """The versions handled, in order; of one case or of all."""
        sql = "select version from ledger where :key in (key, '') order by at, version"
        return [row.version for row in await self.rows(sql, key=case.case_ref if case else "")]

    async def parked(self) -> list[tuple[int | None, str, int]]:
        """(version, state, attempts) of everything that was ever parked."""
        return [
            (row.sequence, row.state, row.attempts)
            for row in await self.rows("select sequence, state, attempts from parked_event order by id")
        ]

    async def retry_due(self) -> None:
        """Tries what is due, as the tick does."""
        async with self.database.begin(self.clock.now()) as uow:
            due = await parked.due(uow, [TOPIC])
        for event in due:
            await self.runner.retry_parked(event)
