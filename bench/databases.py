"""The servers of a benchmark, and databases of its own, copied from one that was prepared."""

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg

from deploy.local.ports import Ports
from deploy.local.stack import Stack


@asynccontextmanager
async def a_stack() -> AsyncIterator[Stack]:
    """PostgreSQL and Kafka without services, on free ports, gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="puente-bench-", ignore_cleanup_errors=True) as folder:
        stack = Stack(Path(folder) / "state", Ports.free(), services={})
        await stack.start()
        try:
            yield stack
        finally:
            await stack.stop()


async def new_database(stack: Stack, name: str, template: str) -> str:
    """The URL of a new database of this name, a copy of the template, in place of one of the same name."""
    password = stack.state.secrets()["database_passwords"]["postgres"]
    base = f"postgresql://postgres:{password}@127.0.0.1:{stack.ports.postgres}"
    admin = await asyncpg.connect(f"{base}/postgres")
    await admin.execute(f"drop database if exists {name} with (force)")
    await admin.execute(f"create database {name} template {template}")
    await admin.execute("checkpoint")
    await admin.close()
    return f"{base}/{name}"
