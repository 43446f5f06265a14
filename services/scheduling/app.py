"""The only place where scheduling's parts are put together."""

import asyncio
from datetime import timedelta
from functools import partial
from pathlib import Path

from fastapi import FastAPI

from services.scheduling import api
from services.scheduling.access.assists import Assists
from services.scheduling.access.codes import CodePost
from services.scheduling.access.logins import Logins
from services.scheduling.access.pins import Pins
from services.scheduling.api.choosing import Choices
from services.scheduling.api.rush import Rush
from services.scheduling.calendars.slot_generation import open_calendars
from services.scheduling.calendars.zone_data import follow_zone_data, packaged
from services.scheduling.handlers import cases_changed, programmes_changed
from services.scheduling.jobs import Jobs
from services.scheduling.letters.signatures import SigningKeys
from services.scheduling.neighbours.births import IntakeBirths
from services.scheduling.neighbours.contacts import Contacts
from services.scheduling.neighbours.people import IntakeNames
from services.scheduling.repository import counts
from services.scheduling.seed import seed
from services.scheduling.settings import SchedulingSettings
from services.scheduling.web import portal, strays
from services.scheduling.web.pages import the_pages
from services.scheduling.web.portal import WaysIn
from shared.clock import Clock, SystemClock
from shared.clockwork import Tick
from shared.db import Database
from shared.events import CaseChanged, ProgrammeChanged
from shared.migrations import upgrade
from shared.service import Service, create_app

MIGRATIONS = Path(__file__).parent / "migrations"
HANDLERS = {CaseChanged.topic: cases_changed, ProgrammeChanged.topic: programmes_changed}


def build(settings: SchedulingSettings, clock: Clock | None = None) -> FastAPI:
    """The service, ready to be served."""
    service = Service("scheduling", settings, HANDLERS, clock or SystemClock(), {"intake": settings.intake_url})
    jobs = Jobs(service.database, service.clock, service.aside)
    ticks = [
        Tick("expire_offers", timedelta(seconds=1), jobs.expire_offers),
        Tick("offer_freed_places", timedelta(seconds=1), jobs.offer_freed_places),
        Tick("open_freed_places", timedelta(seconds=30), jobs.open_freed_places),
        Tick("look_again", timedelta(milliseconds=500), jobs.look_again),
        Tick("find_strays", timedelta(seconds=15), jobs.find_strays),
        Tick("rebook_stranded", timedelta(seconds=1), jobs.rebook_stranded),
        Tick("watch_clocks", timedelta(seconds=30), jobs.watch_clocks),
        Tick("watch_choosers", timedelta(minutes=10), jobs.watch_choosers),
        Tick("open_calendars", timedelta(hours=1), jobs.open_calendars),
        Tick("forget_what_is_over", timedelta(hours=1), jobs.forget_what_is_over),
    ]
    names = IntakeNames(settings.intake_url, settings.tokens["service"])
    births = IntakeBirths(settings.intake_url, settings.tokens["service"])
    pins = Pins(settings.data_key.get_secret_value())
    ways = WaysIn(
        Logins(settings.data_key.get_secret_value(), pins),
        pins,
        Assists(settings.data_key.get_secret_value()),
        CodePost(service, settings.notifications_url, settings.tokens["service"]),
        Contacts(settings.intake_url, settings.tokens["service"]),
    )
    keys = SigningKeys({kid: pem.get_secret_value() for kid, pem in settings.letter_keys.items()})
    pages = the_pages(settings.drafts)
    people = portal.router(service, pages, ways, settings.data_key, keys, births)
    routers = [*api.routers(service, names, pins, pages.catalogues), people]
    rush = partial(Rush, choices=Choices(service.database, service.clock), tokens=settings.tokens)
    app = create_app(service, routers=routers, ticks=ticks, counts=counts.by_country, ahead=rush)
    strays.install(app, pages, people)
    return app


def prepare(settings: SchedulingSettings) -> None:
    """Schema, reference data, instants by this zone data, and slots; safe to repeat."""
    upgrade(settings.database_url, MIGRATIONS)
    asyncio.run(_fill(settings))


async def _fill(settings: SchedulingSettings) -> None:
    database = Database(settings.database_url)
    now = SystemClock().now()
    await database.run(now, seed)
    await follow_zone_data(database, now, packaged())
    await open_calendars(database, now)
    await database.close()
