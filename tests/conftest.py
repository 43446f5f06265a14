"""What every test may need: PostgreSQL 18, started once a worker as `make run` does; and which worker does which test."""

import gc
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

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
from tests.databases import Administrator, close_all, end_but, in_use, remember
from tests.openapi import served
from tests.portal import Neighbours

use_packaged_zone_data()

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


SHARING = ("faults", "web", "e2e")
"""Folders whose tests share what takes long to start, the longest first."""


class ByRunningSystem(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
    """What shares a running system, or a browser with a served portal, stays with one worker; everything else goes file by file."""

    def _split_scope(self, nodeid: str) -> str:
        file = Path(nodeid.partition("::")[0])
        return str(file.parent if file.parent.name in SHARING else file)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByRunningSystem:
    """Not `loadgroup`: with pytest 9.2 it silently groups nothing (pytest-xdist issue 1386)."""
    gc.enable()  # who only hands out tests collects none
    return ByRunningSystem(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What one worker must do alone and takes long comes first: at the end the others would wait for it."""
    items.sort(key=lambda item: SHARING.index(name) if (name := item.path.parent.name) in SHARING else len(SHARING))


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
        await close_all()
        await child.stop(seconds=2)
        state.release()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def new_database(administrator: Administrator) -> MakeDatabase:
    async def make(template: str = "template0") -> str:
        return await administrator.new_database(template)

    return make


@pytest_asyncio.fixture(autouse=True, loop_scope="session")
async def no_database_outlives_its_test() -> AsyncIterator[None]:
    """Those of fixtures that several tests share were made before, and stay."""
    before = in_use()
    yield
    await end_but(before)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def scheduling_template(new_database: MakeDatabase) -> str:
    return await remember(await scheduling.prepared(await new_database()))


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def neighbours() -> AsyncIterator[Neighbours]:
    made = Neighbours()
    async with served(made) as made.address:
        yield made
