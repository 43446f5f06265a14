"""The only place where intake's parts are put together."""

import asyncio
from datetime import timedelta
from functools import partial
from pathlib import Path

from fastapi import FastAPI

from services.intake.api import cases, documents, internal, internal_contacts, programmes
from services.intake.api.senders import Senders
from services.intake.handlers import cases_scheduled, sites_changed
from services.intake.jobs import Jobs
from services.intake.mails import Mails, warn_old_contacts
from services.intake.own_contacts import OwnContacts
from services.intake.receivers import Receivers
from services.intake.referring import refer_cases
from services.intake.repository.cases import counts
from services.intake.seed import seed
from services.intake.sessions import Sessions
from services.intake.settings import IntakeSettings
from services.intake.teller import Teller
from shared.clock import Clock, SystemClock
from shared.clockwork import Tick
from shared.db import Database
from shared.events import CaseScheduled, SiteChanged, System
from shared.migrations import upgrade
from shared.service import Service, create_app

MIGRATIONS = Path(__file__).parent / "migrations"
HANDLERS = {SiteChanged.topic: sites_changed, CaseScheduled.topic: cases_scheduled}

EXPIRE_EVERY = timedelta(minutes=10)
"""So that a case is expired soon after its last day; most looks find nothing."""
WARN_EVERY = timedelta(seconds=1)
"""Addresses that are no contact any more hear it this much later at most; most looks find nothing."""
REFER_EVERY = timedelta(seconds=1)
"""Referrals are few and nobody waits at a screen for one; most looks find nothing."""
TELL_EVERY = timedelta(seconds=0.5)
"""Looking for what is to be told is one indexed question; a country hears of it this much later at most."""


def build(settings: IntakeSettings, clock: Clock | None = None) -> FastAPI:
    """The service, ready to be served. Raises: ValueError for credentials that cannot be."""
    service = Service("intake", settings, HANDLERS, clock or SystemClock(), {"scheduling": settings.scheduling_url})
    jobs = Jobs(service.database, service.clock)
    effects = programmes.Effects(settings.scheduling_url, settings.tokens["service"])
    mails = Mails(settings.notifications_url, settings.tokens["service"])
    own = OwnContacts(service.sealer, settings.data_key.get_secret_value())
    routers = [
        documents.router(service, Senders(settings.systems)),
        cases.router(service, own, Sessions(settings.scheduling_url, settings.tokens["service"])),
        internal.router(service),
        internal_contacts.router(service, own, mails),
        programmes.router(service, effects),
    ]
    teller = Teller(service.database, service.clock, Receivers(settings.receiver_urls, settings.systems))
    ticks = [
        Tick("expire_cases", EXPIRE_EVERY, jobs.expire_cases),
        Tick("warn_old_contacts", WARN_EVERY, partial(warn_old_contacts, service, mails)),
        Tick("forget_proposals", EXPIRE_EVERY, jobs.forget_proposals),
        Tick("refer_cases", REFER_EVERY, partial(refer_cases, service)),
        *(Tick(f"tell_{system}", TELL_EVERY, partial(teller.tell, system)) for system in System),
    ]
    return create_app(service, routers=routers, ticks=ticks, counts=counts)


def prepare(settings: IntakeSettings) -> None:
    """Schema and reference data; safe to repeat."""
    upgrade(settings.database_url, MIGRATIONS)
    asyncio.run(_fill(settings))


async def _fill(settings: IntakeSettings) -> None:
    database = Database(settings.database_url)
    await database.run(SystemClock().now(), seed)
    await database.close()
