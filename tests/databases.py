"""Databases of the tests' own PostgreSQL: who makes and drops them, and copies of one that go from test to test."""

import asyncio
from itertools import chain, count
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from weakref import WeakKeyDictionary

import asyncpg
from sqlalchemy import event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import QueuePool

from shared.db import PASSING, Database
from shared.known_types import KnownTypes

TYPES = KnownTypes()
"""A copy of a database has its types, and one PostgreSQL gives no number to two: to ask in each copy took half of a test."""
REMEMBER = Path(__file__).with_name("remember.sql").read_text()
KEEPER = {
    "session_replication_role": "replica",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "lock_timeout": "5000",
}
"""Who brings a copy back wakes no trigger, looks the few rows that changed up one by one, and waits for nobody."""
BRING_BACK = "select remembered.brought_back($1)"
_numbers = count()
_in_use: list["Made"] = []
"""The newest last."""
_idle: dict[str, list["Copy"]] = {}
"""Copies of each database that is remembered, as good as new."""


class Administrator:
    """Of the tests' PostgreSQL, whose connection stays: each event loop has one."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._connections = WeakKeyDictionary[asyncio.AbstractEventLoop, asyncpg.Connection]()

    async def does(self, statement: str) -> None:
        loop = asyncio.get_running_loop()
        if loop not in self._connections:
            self._connections[loop] = await asyncpg.connect(self.url)
        await self._connections[loop].execute(statement)

    async def new_database(self, template: str) -> str:
        """An empty database, or a copy of the one named: gives its URL."""
        if _idle.get(template):
            made: Made = _idle[template].pop()
        else:
            made = (Copy if template in _idle else Made)(self, template)
            await self.does(f"create database {made.name} template {_name(template)} strategy file_copy")
        _in_use.append(made)
        return made.url


class Made:
    """A database for one test."""

    def __init__(self, administrator: Administrator, template: str) -> None:
        self.administrator, self.template, self.name = administrator, template, f"test_{next(_numbers)}"
        self.url = urlunsplit(urlsplit(administrator.url)._replace(path=f"/{self.name}"))

    async def end(self) -> None:
        await self.administrator.does(f"drop database {self.name} with (force)")

    async def close(self) -> None:
        """Who works with it has the connections."""


class Lent(Database):
    """On connections that are another's. Closed, it reaches nothing: what a test left running does nothing to the next."""

    def __init__(self, theirs: Database) -> None:
        engine = theirs.engine.execution_options()  # whoever listens to it does not hear the next test
        reading = engine.execution_options(isolation_level="AUTOCOMMIT")
        vars(self).update(vars(theirs), engine=engine, _reading=reading, _on_published=[])

    async def close(self) -> None:
        for name in ("engine", "_reading"):
            vars(self).pop(name, None)


class Copy(Made):
    """A copy of a database that is remembered, for one test after the other, with connections that know its statements."""

    def __init__(self, administrator: Administrator, template: str) -> None:
        super().__init__(administrator, template)
        self._owner = Database(self.url, types=TYPES)
        self._lent: list[Lent] = []
        self._used = set[DBAPIConnection]()
        self._keeper: asyncpg.Connection | None = None
        event.listen(self._owner.engine.sync_engine, "checkout", lambda connection, *_: self._used.add(connection))

    def database(self) -> Database:
        self._lent.append(Lent(self._owner))
        return self._lent[-1]

    async def end(self) -> None:
        """The next test has it, if it is as its template again; nobody, if somebody is still there or too much changed."""
        if await self._is_brought_back():
            _idle[self.template].append(self)
        else:
            await self.close()
            await super().end()

    async def close(self) -> None:
        await self._owner.close()
        if self._keeper:
            await self._keeper.close()
            self._keeper = None

    async def _is_brought_back(self) -> bool:
        for each in self._lent:
            await each.close()
        self._lent.clear()
        pool = self._owner.engine.pool
        assert isinstance(pool, QueuePool)
        try:
            while self._used:
                driver: Any = self._used.pop().driver_connection
                if not driver.is_closed():
                    await driver.reset()
            if self._keeper is None:
                self._keeper = await asyncpg.connect(self.url, server_settings=KEEPER)
            return bool(await self._keeper.fetchval(BRING_BACK, pool.checkedin() + 1))
        except PASSING:
            return False


async def remember(url: str) -> str:
    """The same database. Copies of it can be brought back to what it is now."""
    if copy := _copy(url):
        await copy.close()  # nothing can be copied while somebody is connected
    connection = await asyncpg.connect(url)
    await connection.execute(REMEMBER)
    await connection.close()
    _idle[url] = []
    return url


def database_at(url: str) -> Database:
    """Of a copy, on connections that stay when it is closed."""
    copy = _copy(url)
    return copy.database() if copy else Database(url, types=TYPES)


def in_use() -> int:
    """How many there are."""
    return len(_in_use)


async def end_but(number: int) -> None:
    """Those made since there were so many."""
    while len(_in_use) > number:
        await _in_use.pop().end()


async def close_all() -> None:
    """No connection stays."""
    for each in [*chain(*_idle.values()), *_in_use]:
        await each.close()


def _copy(url: str) -> Copy | None:
    return next((made for made in _in_use if made.url == url and isinstance(made, Copy)), None)


def _name(database: str) -> str:
    """Of a database, by its URL or name."""
    return urlsplit(database).path.lstrip("/")
