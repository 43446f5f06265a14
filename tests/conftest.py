"""What every test may need: PostgreSQL 18, started once a worker as `make run` does; and which worker does which test."""

import asyncio
import gc
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit, urlunsplit
from weakref import WeakKeyDictionary

import asyncpg
import pytest
import pytest_asyncio
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from deploy.local.child import Child
from deploy.local.ports import Ports
from deploy.local.postgres import database_url, postgres
from deploy.local.state import StateDir
from shared.clock import use_packaged_zone_data
from tests import scheduling
from tests.openapi import served
from tests.portal import Neighbours

use_packaged_zone_data()

_numbers = count()
_made: list[tuple["Administrator", str]] = []
"""The databases that there are, and who drops them."""
MEMORY, ENOUGH = Path("/dev/shm"), 4 * 2**30  # noqa: S108 - the fixture makes its own folder there
"""Where there is so much room in memory, databases of tests need no disk."""
FOR_A_MOMENT = (
    "alter system set fsync = off",
    "alter system set full_page_writes = off",
    "alter system set autovacuum = off",
    "select pg_reload_conf()",
    "set scram_iterations = 1",
    "alter role postgres password '{password}'",
)
"""None waits for the disk or copies pages for after a crash, nobody goes round to tidy up, and a password, which takes 1.4 ms
of each of some thousand connections, is as strong as it need be."""


class ByRunningSystem(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
    """What shares a running system stays with one worker; everything else goes file by file."""

    def _split_scope(self, nodeid: str) -> str:
        file = Path(nodeid.partition("::")[0])
        return str(file.parent if file.parent.name in ("e2e", "faults") else file)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByRunningSystem:
    """Not `loadgroup`: with pytest 9.2 it silently groups nothing (pytest-xdist issue 1386)."""
    gc.enable()  # who only hands out tests collects none
    return ByRunningSystem(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What one worker must do alone and takes long comes first: at the end the others would wait for it."""
    first = ("faults", "web", "e2e")
    items.sort(key=lambda item: first.index(folder) if (folder := item.path.parent.name) in first else len(first))


def pytest_collection_finish() -> None:
    """What was imported stays: the collector need not look at it again and again, as in the services."""
    gc.enable()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What tests measured, said at the end whichever worker ran them."""
    for report in terminalreporter.getreports("passed"):
        for name, value in report.user_properties if report.when == "call" else []:
            terminalreporter.write_line(f"{name}: {value}")


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


class MakeDatabase(Protocol):
    """Makes an empty database, or a copy of the one named: gives its URL. It is dropped after the test that made it."""

    async def __call__(self, template: str = "template0") -> str: ...


@contextmanager
def state_dir(below: Path | None = None) -> Iterator[Path]:
    """A directory that PostgreSQL's user can enter, also while another pytest closes its own temporary folders to it."""
    with tempfile.TemporaryDirectory(prefix="puente-", dir=below, ignore_cleanup_errors=True) as folder:
        yield Path(folder) / "state"


def _memory() -> Path | None:
    return MEMORY if MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ENOUGH else None


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def administrator() -> AsyncIterator[Administrator]:
    """Kafka is started by those who need it: tests/broker.py.

    What must survive a kill is tested on other servers.
    """
    with state_dir(_memory()) as folder:
        state, port = StateDir(folder), Ports.free().postgres
        state.claim()
        passwords = state.secrets()["database_passwords"]
        program = await postgres(state.path / "postgres", port, passwords, lambda _: None)
        child = Child(program, state.log(program.name))
        await child.start()
        made = Administrator(database_url("postgres", port, passwords))
        for setting in FOR_A_MOMENT:
            await made.does(setting.format(password=passwords["postgres"]))
        yield made
        await child.stop(seconds=2)
        state.release()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def new_database(administrator: Administrator) -> MakeDatabase:
    async def make(template: str = "template0") -> str:
        name = f"test_{next(_numbers)}"
        await administrator.does(f"create database {name} template {_name(template)} strategy file_copy")
        _made.append((administrator, name))
        return urlunsplit(urlsplit(administrator.url)._replace(path=f"/{name}"))

    return make


@pytest_asyncio.fixture(autouse=True, loop_scope="session")
async def no_database_outlives_its_test() -> AsyncIterator[None]:
    """Those of fixtures that several tests share were made before, and stay."""
    before = len(_made)
    yield
    while len(_made) > before:
        administrator, name = _made.pop()
        await administrator.does(f"drop database {name} with (force)")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def scheduling_template(new_database: MakeDatabase) -> str:
    return await scheduling.prepared(await new_database())


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def neighbours() -> AsyncIterator[Neighbours]:
    made = Neighbours()
    async with served(made) as made.address:
        yield made


def _name(database: str) -> str:
    """Of a database, by its URL or name."""
    return urlsplit(database).path.lstrip("/")
