"""A running Puente of which parts are taken away."""

from collections.abc import AsyncIterator

import pytest_asyncio

from tests.faults.length import KILLS, RESULTS, SETTLE_SECONDS
from tests.faults.ride import Ride, ride
from tests.faults.rough import Rough, rough_puente


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def rough() -> AsyncIterator[Rough]:
    """One for all tests here; each gives back what it took."""
    async with rough_puente() as running:
        yield running


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def after_kills(rough: Rough) -> Ride:
    """The run with the kills, once for all who look at what came of it."""
    return await ride(rough, results=RESULTS, kills=KILLS, settle_seconds=SETTLE_SECONDS)
