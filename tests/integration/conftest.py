"""A database of each service, prepared once; tests work on copies of it."""

import pytest_asyncio

from tests import intake, notifications, scheduling
from tests.conftest import MakeDatabase


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def intake_template(new_database: MakeDatabase) -> str:
    return await intake.prepared(await new_database())


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def scheduling_template(new_database: MakeDatabase) -> str:
    return await scheduling.prepared(await new_database())


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def notifications_template(new_database: MakeDatabase) -> str:
    return await notifications.prepared(await new_database())
