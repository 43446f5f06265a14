"""The unit of work: one transaction, what it publishes goes into the outbox with it, and races are retried whole.

Assumptions: PostgreSQL 18, read committed, locks taken in one order everywhere (positions, cases, slots; each sorted).
"""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from functools import lru_cache
from typing import Any, TypeVar

import asyncpg
import orjson
from sqlalchemy import Row, event, text
from sqlalchemy.exc import DBAPIError, InvalidatePoolError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession, create_async_engine

from shared.events import Event
from shared.known_types import KnownTypes
from shared.outbox import Cause, OutboxRow
from shared.rows import RowType

T = TypeVar("T")

LOST_RACES = frozenset({"40001", "40P01", "55P03", "23505", "23514", "23P01"})
"""Serialization failure, deadlock, lock not available, and constraints that a concurrent writer made fail."""

LONGEST_STATEMENT_SECONDS = 15
LONG_STATEMENT_SECONDS = 900
"""For what reads whole tables, and for which nobody waits."""

UNAVAILABLE_CLASSES = ("08", "53", "57", "58", "25P03", "25006")
"""Connection, resources, operator intervention, system error; idle in transaction, read-only."""


class DatabaseUnavailable(RuntimeError):
    """The database does not answer: nothing was stored, try again later."""


class LostRace(RuntimeError):
    """Someone else was faster: the whole unit of work must be done again."""


PASSING = (
    DBAPIError,
    LostRace,
    DatabaseUnavailable,
    OSError,
    PoolTimeout,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
)
"""What a lost race or a database that is away can look like; `is_lost_race` and `is_unavailable` tell."""


def async_url(database_url: str) -> str:
    """The same database for SQLAlchemy's asyncio engine."""
    return database_url.replace("postgresql://", "postgresql+asyncpg://", 1)


def sqlstate(error: BaseException) -> str:
    """PostgreSQL's five characters for this error, or an empty string."""
    return str(getattr(getattr(error, "orig", None), "sqlstate", None) or getattr(error, "sqlstate", None) or "")


def is_lost_race(error: BaseException) -> bool:
    """True when doing the same again is likely to succeed at once."""
    return isinstance(error, LostRace) or sqlstate(error) in LOST_RACES


def is_unavailable(error: BaseException) -> bool:
    """True when the database (or the way to it) is away, not the work at fault."""
    if isinstance(error, OSError | PoolTimeout | DatabaseUnavailable | asyncpg.InterfaceError):
        return True
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    return sqlstate(error).startswith(UNAVAILABLE_CLASSES)


_statement = lru_cache(1_000)(text)
"""What is known of a statement by now is not found out again each time that it runs."""


class UnitOfWork:
    """One transaction with the time it happens at. `connection` is for set-based SQL, `session` for SQLModel objects."""

    def __init__(self, connection: AsyncConnection, now: datetime) -> None:
        self.connection = connection
        self.now = now
        self.published: list[OutboxRow] = []
        self._causes: dict[tuple[str, str, int], Cause] = {}
        self._session: AsyncSession | None = None

    @property
    def session(self) -> AsyncSession:
        """SQLModel objects of this transaction."""
        if self._session is None:
            self._session = AsyncSession(bind=self.connection, expire_on_commit=False)
        return self._session

    async def rows(self, sql: str, **parameters: Any) -> Sequence[Row[Any]]:
        """What the statement returns, as plain rows."""
        return (await self.connection.execute(_statement(sql), parameters)).all()

    async def execute(self, sql: str, **parameters: Any) -> int:
        """Runs the statement; the number of rows it touched."""
        return (await self.connection.execute(_statement(sql), parameters)).rowcount

    def caused_by(self, event: Event, cause: Cause) -> None:
        """Remembers where an event in hand came from, so that handlers can say `publish(…, cause=event)`."""
        self._causes[(event.topic, event.key, event.version)] = cause

    def cause_of(self, event: Event) -> Cause:
        """Where an event in hand came from. Raises: KeyError for one that this unit of work did not receive."""
        return self._causes[(event.topic, event.key, event.version)]

    def publish(self, event: Event, *, cause: Event | Cause) -> Cause:
        """Says it when this transaction commits. What came of it later can be caused by the returned Cause.

        Raises: EventTooLarge over 64 KB.
        """
        row = OutboxRow.of(event, self.cause_of(cause) if isinstance(cause, Event) else cause, self.now)
        self.published.append(row)
        return row.as_cause()

    async def flush(self) -> None:
        """Writes what was published into the outbox, in the order in which it was said."""
        if self._session is not None:
            await self._session.flush()
        if self.published:
            await self.execute(INSERT_OUTBOX, **SAID.of([row.columns() for row in self.published]), now=self.now)


def _check_stands(connection: Any, *_: object) -> None:
    """Makes the pool open new connections when one was closed from outside. That is heard of without asking: the pool's
    own way of asking takes three round trips, more than most transactions. Raises: InvalidatePoolError."""
    if connection.driver_connection.is_closed():
        raise InvalidatePoolError("the database closed this connection")


SAID = RowType("outbox_row", "topic key sequence event_id type attributes value")

INSERT_OUTBOX = f"""
with said as (
  insert into outbox (topic, key, sequence, event_id, type, attributes, value, created_at)
  select topic, key, sequence, event_id, type, attributes, value, :now from {SAID} order by r.ordinality
  returning id)
insert into outbox_unpublished select id from said
"""  # noqa: S608  only our own constant is put in


def as_json(rows: Sequence[dict[str, Any]]) -> str:
    """Rows for `jsonb_to_recordset`, numbered in `n`, which no row may use itself; dates, ids and enums as text."""
    for n, row in enumerate(rows):
        if row.setdefault("n", n) != n:
            raise ValueError("a row has a value of its own named n, which numbers the rows")
    return orjson.dumps(rows, default=str, option=orjson.OPT_PASSTHROUGH_SUBCLASS).decode()


class Database:
    """A service's own database. `types`: what is known of its types already."""

    def __init__(
        self,
        database_url: str,
        *,
        pool_size: int = 10,
        longest_statement: float = LONGEST_STATEMENT_SECONDS,
        types: KnownTypes | None = None,
    ) -> None:
        self.url = database_url
        self._on_published: list[Callable[[list[OutboxRow]], None]] = []
        known = types or KnownTypes()
        self.engine: AsyncEngine = create_async_engine(
            async_url(database_url),
            pool_size=pool_size,
            pool_use_lifo=True,  # those in use know their statements and plans by now
            max_overflow=10,
            pool_timeout=5,
            json_deserializer=orjson.loads,
            hide_parameters=True,  # they name people, and errors are logged
            connect_args={
                "connection_class": known.connection_class,
                "timeout": 5,
                "command_timeout": longest_statement,
                "server_settings": {
                    "idle_in_transaction_session_timeout": "30000",
                    "lock_timeout": "10000",
                    "timezone": "UTC",
                    "application_name": "puente",
                    # A machine that vanishes holds nothing for hours: not the lock of the relay, which is a session's.
                    "tcp_keepalives_idle": "10",
                    "tcp_keepalives_interval": "5",
                    "tcp_keepalives_count": "3",
                },
            },
        )
        self._reading = self.engine.execution_options(isolation_level="AUTOCOMMIT")
        event.listen(self.engine.sync_engine, "checkout", _check_stands)
        event.listen(self.engine.sync_engine, "invalidate", lambda *_: known.forget())

    def when_published(self, callback: Callable[[list[OutboxRow]], None]) -> None:
        """Calls back after each commit that put something into the outbox."""
        self._on_published.append(callback)

    @asynccontextmanager
    async def begin(self, now: datetime, *, reads: bool = False) -> AsyncIterator[UnitOfWork]:
        """A unit of work that commits at its end, with its outbox rows, and rolls back on any error. `reads`: it only reads,
        each statement by itself, without the two round trips of a transaction."""
        async with (self._reading if reads else self.engine).begin() as connection:
            uow = UnitOfWork(connection, now)
            yield uow
            await uow.flush()
        for row in uow.published:
            row.end_span()
        if uow.published:
            for callback in self._on_published:
                callback(uow.published)

    async def run(self, now: datetime, work: Callable[[UnitOfWork], Awaitable[T]], *, reads: bool = False) -> T:
        """The result of one request or job, done whole up to three times when it loses a race. `reads`: as in `begin`.

        Raises: DatabaseUnavailable when the database is away or the race is lost three times.
        """
        for attempt in range(3):
            try:
                async with self.begin(now, reads=reads) as uow:
                    return await work(uow)
            except PASSING as error:
                if is_unavailable(error):
                    raise DatabaseUnavailable("the database does not answer: try again in a few seconds") from error
                if not is_lost_race(error):
                    raise
            await asyncio.sleep(random.uniform(0.01, 0.05) * (attempt + 1))
        raise DatabaseUnavailable("three others were faster: try again in a few seconds")

    async def run_long(self, now: datetime, work: Callable[[UnitOfWork], Awaitable[T]]) -> T:
        """As `run`, on a connection of its own, on which a statement may take a quarter of an hour: what reads a whole table
        would otherwise fail for ever once the table has grown."""
        patient = Database(self.url, pool_size=1, longest_statement=LONG_STATEMENT_SECONDS)
        try:
            return await patient.run(now, work)
        finally:
            await patient.close()

    async def answers(self) -> bool:
        """True when the database answers within two seconds."""
        try:
            async with asyncio.timeout(2), self.engine.connect() as connection:
                await connection.execute(text("select 1"))
        except PASSING:
            return False
        return True

    async def close(self) -> None:
        await self.engine.dispose()
