"""The whole system, once for the stories that leave it in peace and once for those that rob it of a part."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest_asyncio

from deploy.local.ports import Ports
from deploy.local.stack import Stack
from tests.conftest import state_dir
from tests.e2e.running import Running


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def puente() -> AsyncIterator[Running]:
    """Three services with PostgreSQL, Kafka and a mail server; nobody takes any of it away."""
    async with _running() as running:
        yield running


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def rough_puente() -> AsyncIterator[Running]:
    """The same, for tests that hold a part of it back; each gives it back."""
    async with _running() as running:
        yield running


@asynccontextmanager
async def _running() -> AsyncIterator[Running]:
    with state_dir() as folder:
        stack = Stack(folder, Ports.free())
        await stack.start()
        try:
            yield Running(stack)
        finally:
            await stack.stop()
