"""The whole system, once for all stories that leave it in peace."""

from collections.abc import AsyncIterator

import pytest_asyncio

from tests.e2e.running import Running, running_puente


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def puente() -> AsyncIterator[Running]:
    """Three services with PostgreSQL, Kafka and a mail server; nobody takes any of it away."""
    async with running_puente() as running:
        yield running
