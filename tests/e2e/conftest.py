"""The whole system, started by the command that people start it with, once for all stories; and one browser."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from tests.e2e.command import running_puente
from tests.e2e.running import Running
from tests.web.chromium import PROGRAM, chromium


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def puente() -> AsyncIterator[Running]:
    """Three services with PostgreSQL, Kafka and a mail server; nobody takes any of it away."""
    async with running_puente() as running:
        yield running


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """Debian's Chromium."""
    if PROGRAM is None:
        pytest.skip(
            "no chromium on this machine: nobody follows the links (Debian: apt-get install chromium-headless-shell)"
        )
    async with chromium() as browser:
        yield browser
