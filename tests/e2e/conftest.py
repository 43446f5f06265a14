"""The whole system, started by the command that people start it with, once for all stories."""

from collections.abc import AsyncIterator

import pytest_asyncio

from tests.e2e.command import running_puente
from tests.e2e.running import Running


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def puente() -> AsyncIterator[Running]:
    """Three services with PostgreSQL, Kafka and a mail server; nobody takes any of it away."""
    async with running_puente() as running:
        yield running
