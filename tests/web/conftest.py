"""One browser and one served portal for all tests of pages."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from tests.conftest import MakeDatabase
from tests.openapi import served
from tests.portal import DRAFTS, Neighbours, open_portal
from tests.scheduling import Scheduling
from tests.web.chromium import PROGRAM, Judge, chromium
from tests.web.walk import Town


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    if PROGRAM is None:
        pytest.skip(
            "no chromium on this machine: the pages are not looked at (Debian: apt-get install chromium-headless-shell)"
        )
    async with chromium() as browser:
        yield browser


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def town(
    browser: Browser, new_database: MakeDatabase, scheduling_template: str, neighbours: Neighbours
) -> AsyncIterator[Town]:
    scheduling = Scheduling(await new_database(scheduling_template))
    async with open_portal(scheduling, neighbours, DRAFTS) as portal, served(portal.app) as address:
        yield await Town.built(portal, address, browser)
    await scheduling.database.close()


@pytest_asyncio.fixture(scope="package", loop_scope="session")
async def judge(browser: Browser) -> Judge:
    return await Judge.opened(browser)
