"""A database of each service, prepared once; tests work on copies of it. The portal, and a household that comes to it."""

from collections.abc import AsyncIterator
from functools import partial
from uuid import uuid4

import pytest
import pytest_asyncio

from shared.events import CaseChanged
from tests import intake, notifications, scheduling
from tests.broker import Broker, running_broker
from tests.builders import a_case, a_programme
from tests.calendars import Calendars
from tests.conftest import MakeDatabase
from tests.databases import remember
from tests.ledger import Ledger
from tests.openapi import served
from tests.own_contact import OLD, NotificationsDouble, Own
from tests.pipe import MakePipe, Pipe
from tests.portal import Neighbours, Portal, open_portal
from tests.scheduling_http import Client
from tests.unit.intake_builders import ndjson, us_message


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def intake_template(new_database: MakeDatabase) -> str:
    return await remember(await intake.prepared(await new_database()))


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def notifications_template(new_database: MakeDatabase) -> str:
    return await remember(await notifications.prepared(await new_database()))


@pytest_asyncio.fixture(name="scheduling", loop_scope="session")
async def a_scheduling(
    request: pytest.FixtureRequest, new_database: MakeDatabase, scheduling_template: str
) -> AsyncIterator[scheduling.Scheduling]:
    """Knows the PROGRAMMES of the module, else the usual one. What tests do leaves every rule of scheduling true."""
    running = scheduling.Scheduling(await new_database(scheduling_template))
    await running.receive(*getattr(request.module, "PROGRAMMES", [a_programme()]))
    yield running
    await running.check()
    await running.database.close()


@pytest_asyncio.fixture(loop_scope="session")
async def calendars(new_database: MakeDatabase, scheduling_template: str) -> AsyncIterator[Calendars]:
    """A scheduling that knows no programme yet, seen by those who keep its calendars. What they do leaves every rule true."""
    running = scheduling.Scheduling(await new_database(scheduling_template))
    yield Calendars(running)
    await running.check()
    await running.database.close()


@pytest_asyncio.fixture(loop_scope="session")
async def http(scheduling: scheduling.Scheduling) -> AsyncIterator[Client]:
    """Scheduling over HTTP."""
    client = Client(scheduling)
    yield client
    await client.close()


@pytest_asyncio.fixture(loop_scope="session")
async def own(new_database: MakeDatabase, intake_template: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Own]:
    """A case at an intake that can have mail sent."""
    asked = NotificationsDouble()
    async with served(asked.app) as url:
        monkeypatch.setattr(intake, "settings", partial(intake.settings, notifications_url=url, scheduling_url=url))
        running = intake.Intake(await new_database(intake_template))
        [receipt] = await running.receipts("us", ndjson(us_message(contact__email=OLD)))
        yield Own(running, asked, url, receipt["case_ref"])
        await running.close()


@pytest_asyncio.fixture(name="notifications", loop_scope="session")
async def a_notifications(
    new_database: MakeDatabase, notifications_template: str
) -> AsyncIterator[notifications.Notifications]:
    running = notifications.Notifications(await new_database(notifications_template))
    yield running
    await running.database.close()


@pytest_asyncio.fixture(loop_scope="session")
async def portal(new_database: MakeDatabase, scheduling_template: str, neighbours: Neighbours) -> AsyncIterator[Portal]:
    """What people do there leaves every rule of scheduling true."""
    running = scheduling.Scheduling(await new_database(scheduling_template))
    async with open_portal(running, neighbours) as portal:
        yield portal
    await running.check()
    await running.database.close()


@pytest_asyncio.fixture(loop_scope="session")
async def case(portal: Portal) -> CaseChanged:
    """A household with an offer."""
    made = a_case()
    await portal.scheduling.receive(a_programme(), made)
    return made


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def broker() -> AsyncIterator[Broker]:
    """One for all tests of a module; those that stop it or take its log leave it running."""
    async with running_broker() as broker:
        yield broker


@pytest_asyncio.fixture(loop_scope="session")
async def make_pipe(new_database: MakeDatabase, ledger_template: str) -> AsyncIterator[MakePipe]:
    made: list[Pipe] = []

    async def make(broker: Broker) -> Pipe:
        urls = [await new_database(ledger_template) for _ in range(2)]
        made.append(Pipe(broker.address, urls[0], urls[1], f"test-{uuid4()}"))
        return made[-1]

    yield make
    for pipe in made:
        await pipe.close()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def ledger_template(new_database: MakeDatabase) -> str:
    return await remember(await Ledger.prepare(await new_database()))


@pytest_asyncio.fixture(loop_scope="session")
async def ledger(new_database: MakeDatabase, ledger_template: str) -> AsyncIterator[Ledger]:
    running = Ledger(await new_database(ledger_template))
    yield running
    await running.database.close()
