"""A running Puente of which parts are taken away."""

from collections.abc import AsyncIterator

import pytest_asyncio

from tests.e2e.running import Running, running_puente


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def rough() -> AsyncIterator[Running]:
    """One for all tests here; each gives back what it took."""
    async with running_puente() as running:
        yield running
