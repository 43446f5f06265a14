"""The records of all topics again, through the services' own handlers, on databases of their own."""

import base64
import hashlib
from collections.abc import Sequence
from random import Random
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from deploy.local.child import Program
from deploy.local.postgres import database_url
from deploy.local.programs import prepare, service_environment
from deploy.local.stack import SERVICE_COMMANDS
from shared.clock import FixedClock
from shared.crypto import Sealer
from shared.db import Database
from shared.kafka.batch import BatchRunner
from shared.kafka.records import Record
from tests.e2e.running import CONSUMED
from tests.faults.rough import Rough

BATCH = 500
BOOKKEEPING = ("consumer_offset", "consumer_progress")
"""Tables that say how far and how often was read: they change by reading alone. All others hold what was made of it."""


class Replica:
    """A database of one service, to which records are replayed at a moment that stands still."""

    def __init__(self, service: str, url: str, clock: FixedClock) -> None:
        self.database = Database(url)
        self.clock = clock
        sealer = Sealer(base64.b64encode(bytes(32)).decode())
        self._runners = {
            topic: BatchRunner(topic, handler, group="replay", database=self.database, sealer=sealer, clock=clock)
            for topic, handler in CONSUMED[service].items()
        }

    async def replay(self, records: Sequence[Record], random: Random, *, remembering: bool = True) -> None:
        """Every record of the service's topics once, in batches of one topic each, all of it shuffled.

        Without `remembering`, each batch finds no position: the control.
        """
        for batch in _batches([record for record in records if record.topic in self._runners], random):
            if not remembering:
                await self.execute("truncate stream_position")
            await self._runners[batch[0].topic].run(batch)
        assert [] == await self.rows("select * from parked_event where state in ('parked', 'dead')")

    async def execute(self, sql: str) -> None:
        await self.database.run(self.clock.now(), lambda uow: uow.execute(sql))

    async def rows(self, sql: str) -> list[tuple[object, ...]]:
        return [tuple(row) for row in await self.database.run(self.clock.now(), lambda uow: uow.rows(sql))]

    async def digests(self) -> dict[str, str]:
        """A digest of every row of every table but the bookkeeping, by table."""
        tables = await self.rows("select tablename from pg_tables where schemaname = 'public' order by 1")
        return {str(table): await self._digest(str(table)) for (table,) in tables if table not in BOOKKEEPING}

    async def _digest(self, table: str) -> str:
        rows = await self.rows(f"select t::text from {table} t order by 1")  # noqa: S608 - our own tables
        return hashlib.sha256("\n".join(str(row[0]) for row in rows).encode()).hexdigest()


def _batches(records: Sequence[Record], random: Random) -> list[list[Record]]:
    """Batches of one topic; their order and the order in each are random, so no order of any stream is kept."""
    shuffled = random.sample(records, len(records))
    by_topic: dict[str, list[Record]] = {}
    for record in shuffled:
        by_topic.setdefault(record.topic, []).append(record)
    batches = [part[n : n + BATCH] for part in by_topic.values() for n in range(0, len(part), BATCH)]
    return random.sample(batches, len(batches))


class Databases:
    """Makes databases beside those of a running Puente, whose services stand still meanwhile."""

    def __init__(self, running: Rough, clock: FixedClock) -> None:
        self._running, self._state, self._ports = running, running.stack.state, running.stack.ports
        self._clock = clock
        self._made: list[Replica] = []
        self._prepared: dict[str, str] = {}
        self._admin_url = database_url("postgres", self._ports.postgres, self._state.secrets()["database_passwords"])

    async def copy_of(self, service: str) -> Replica:
        """The service's database as it is; nobody may be connected to it."""
        self._running.close()
        return await self._replica(service, template=service)

    async def empty(self, service: str) -> Replica:
        """A new one, as the service prepares it on its first start."""
        if service not in self._prepared:
            self._prepared[service] = name = f"prepared_{service}"
            await self._make(name, template="template0")
            environment = service_environment(service, self._state, self._ports)
            command = [*SERVICE_COMMANDS[service], "serve"]
            program = Program(service, command, {**environment, "PUENTE_DATABASE_URL": self._url(name)})
            await prepare(program, self._state.log(name))
        return await self._replica(service, template=self._prepared[service])

    async def _replica(self, service: str, *, template: str) -> Replica:
        name = f"replay_{len(self._made)}"
        await self._make(name, template=template)
        self._made.append(Replica(service, self._url(name), self._clock))
        return self._made[-1]

    async def _make(self, name: str, *, template: str) -> None:
        admin = await asyncpg.connect(self._admin_url)
        await admin.execute(f"create database {name} template {template}")
        await admin.close()

    def _url(self, name: str) -> str:
        return urlunsplit(urlsplit(self._admin_url)._replace(path=f"/{name}"))

    async def close(self) -> None:
        for replica in self._made:
            await replica.database.close()
