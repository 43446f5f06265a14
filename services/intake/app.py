"""The only place where intake's parts are put together."""

import asyncio
from datetime import timedelta
from pathlib import Path

from fastapi import FastAPI

from services.intake import api, programmes
from services.intake.handlers import sites_changed
from services.intake.jobs import Jobs
from services.intake.repository.cases import counts
from services.intake.seed import seed
from services.intake.senders import Senders
from services.intake.settings import IntakeSettings
from shared.clock import Clock, SystemClock
from shared.clockwork import Tick
from shared.db import Database
from shared.events import SiteChanged
from shared.migrations import upgrade
from shared.service import Service, create_app

MIGRATIONS = Path(__file__).parent / "migrations"
HANDLERS = {SiteChanged.topic: sites_changed}

EXPIRE_EVERY = timedelta(minutes=10)
"""So that a case is expired soon after its last day; most looks find nothing."""


def build(settings: IntakeSettings, clock: Clock | None = None) -> FastAPI:
    """The service, ready to be served. Raises: ValueError for credentials that cannot be."""
    service = Service("intake", settings, HANDLERS, clock or SystemClock())
    jobs = Jobs(service.database, service.clock)
    effects = programmes.Effects(settings.scheduling_url, settings.tokens["service"])
    routers = [
        api.documents_router(service, Senders(settings.systems)),
        api.cases_router(service),
        programmes.router(service, effects),
    ]
    ticks = [Tick("expire_cases", EXPIRE_EVERY, jobs.expire_cases)]
    return create_app(service, routers=routers, ticks=ticks, counts=counts)


def prepare(settings: IntakeSettings) -> None:
    """Schema and reference data; safe to repeat."""
    upgrade(settings.database_url, MIGRATIONS)
    asyncio.run(_fill(settings))


async def _fill(settings: IntakeSettings) -> None:
    database = Database(settings.database_url)
    await database.run(SystemClock().now(), seed)
    await database.close()
