"""Where the parts of notifications are put together."""

from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path

from fastapi import APIRouter, FastAPI

from services.notifications import handlers
from services.notifications.api import internal, notices
from services.notifications.channels.email import MailServer, send
from services.notifications.messages import LANGUAGES_DIR
from services.notifications.messages.writer import Writer
from services.notifications.places import Places
from services.notifications.reminders import Reminders
from services.notifications.repository.views import counts
from services.notifications.sending.codes import CodeSender
from services.notifications.sending.contacts import IntakeContacts
from services.notifications.sending.notices import NoticeSender
from services.notifications.settings import NotificationsSettings
from services.notifications.web import mailbox_pages
from shared.clock import Clock, SystemClock
from shared.clockwork import Tick
from shared.events import CaseScheduled, ProgrammeChanged, SiteChanged
from shared.languages import read_catalogues
from shared.migrations import upgrade
from shared.service import Service, create_app

MIGRATIONS = Path(__file__).parent / "migrations"
HANDLERS = {
    SiteChanged.topic: handlers.sites_changed,
    ProgrammeChanged.topic: handlers.programmes_changed,
    CaseScheduled.topic: handlers.cases_changed,
}
SEND_EVERY = timedelta(seconds=0.25)
"""Looking for due notices is one indexed question; this is how long a new one waits at most."""
REMIND_EVERY = timedelta(seconds=30)
TELL_OF_PLACES_EVERY = timedelta(seconds=5)


def build(settings: NotificationsSettings, clock: Clock | None = None) -> FastAPI:
    """The service, ready to serve. Raises: MissingText when a language is incomplete."""
    neighbours = {"intake": settings.intake_url, "scheduling": settings.scheduling_url}
    service = Service("notifications", settings, HANDLERS, clock or SystemClock(), neighbours)
    sender = sender_of(service, settings)
    ticks = [
        Tick("send_due_notices", SEND_EVERY, sender.send_due_notices),
        Tick("tell_of_changed_places", TELL_OF_PLACES_EVERY, Places(service.database, service.clock).tell_of_changes),
        Tick("make_reminders", REMIND_EVERY, Reminders(service.database, service.clock).make_reminders),
    ]
    codes = CodeSender(service.clock, sender.contacts, sender.writer, sender.send)
    return create_app(service, routers=_routers(service, settings, codes), ticks=ticks, counts=counts)


def sender_of(service: Service, settings: NotificationsSettings) -> NoticeSender:
    """The job that sends, with the real intake and the real mail server. Raises: MissingText."""
    server = MailServer(settings.smtp_host, settings.smtp_port, settings.mail_from)
    return NoticeSender(
        database=service.database,
        clock=service.clock,
        contacts=IntakeContacts(settings.intake_url, settings.tokens["service"]),
        writer=Writer(read_catalogues(LANGUAGES_DIR, settings.drafts), server.address),
        send=partial(send, server=server),
        portal_url=settings.portal_url,
    )


def prepare(settings: NotificationsSettings) -> None:
    """Brings the database to the newest schema."""
    upgrade(settings.database_url, MIGRATIONS)


def _routers(service: Service, settings: NotificationsSettings, codes: CodeSender) -> Sequence[APIRouter]:
    routers = [notices.router(service), internal.router(codes)]
    if settings.mailbox_dir is not None:
        routers.append(mailbox_pages.router(settings.mailbox_dir))
    return routers
