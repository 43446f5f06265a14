"""Notifications without its process: handlers and job on a real database, with a clock that stands still."""

import asyncio
import base64
from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor
from pydantic import SecretStr

from services.notifications.app import HANDLERS, MIGRATIONS
from services.notifications.channels.email import Email
from services.notifications.messages import LANGUAGES_DIR
from services.notifications.messages.writer import Writer
from services.notifications.sending.contacts import Contact, IntakeAway
from services.notifications.sending.notices import NoticeSender
from services.notifications.settings import NotificationsSettings
from shared.clock import FixedClock
from shared.crypto import Sealer
from shared.events import Event
from shared.kafka.batch import BatchRunner
from shared.languages import read_catalogues
from shared.migrations import upgrade_async
from tests.builders import NOW, a_record
from tests.databases import database_at

SEALER = Sealer(base64.b64encode(bytes(32)).decode())
ADDRESS = "familia@example.org"


AN_OLD_CASE = """
insert into cases (case_ref, version, system, programme, snapshot)
values (:case_ref, 1, 'mx', 'MX-REF', cast(:snapshot as jsonb))
"""


_catalogues = cache(read_catalogues)


class ContactsDouble:
    """Knows every household by the same address, unless told otherwise. `meanwhile` runs before it answers; a question with
    one of `breaks_on` in it gets no answer at all."""

    def __init__(self) -> None:
        self.is_away = False
        self.usual: dict[str, Any] = {"email": SecretStr(ADDRESS), "locale": "es"}
        self.unknown: set[str] = set()
        self.breaks_on: set[str] = set()
        self.asked: list[dict[str, str]] = []
        self.meanwhile: Callable[[], Awaitable[None]] | None = None

    async def of(self, traceparents: dict[str, str]) -> dict[str, Contact]:
        self.asked.append(dict(traceparents))
        if self.meanwhile:
            await self.meanwhile()
        if self.is_away or self.breaks_on & set(traceparents):
            raise IntakeAway("intake does not answer")
        return {ref: Contact(case_ref=ref, **self.usual) for ref in traceparents if ref not in self.unknown}


class MailDouble:
    """Takes every message, or fails as it is told; `before` and `after` run around the moment of its yes."""

    def __init__(self) -> None:
        self.sent: list[Email] = []
        self.failure: Exception | None = None
        self.before: Callable[[], Awaitable[None]] | None = None
        self.after: Callable[[], Awaitable[None]] | None = None

    async def send(self, email: Email) -> str:
        if self.before:
            await self.before()
        if self.failure:
            raise self.failure
        self.sent.append(email)
        if self.after:
            await self.after()
        return f"<{email.notice_id}@puente.example>"


async def prepared(url: str) -> str:
    """A database with the schema of notifications."""
    await upgrade_async(url, MIGRATIONS)
    return url


def settings(url: str, folder: Path | None, **changes: Any) -> NotificationsSettings:
    """What the service is told; the token of a role is its name and `-token`."""
    fields: dict[str, Any] = {
        "database_url": url,
        "kafka": "127.0.0.1:1",
        "port": 1,
        "tokens": {"ops": SecretStr("ops-token"), "service": SecretStr("service-token")},
        "data_key": SecretStr("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="),
        "intake_url": "http://127.0.0.1:1",
        "scheduling_url": "http://127.0.0.1:1",
        "portal_url": "http://127.0.0.1:1",
        "smtp_port": 1,
        "mailbox_dir": folder,
    }
    return NotificationsSettings(**{**fields, **changes})


def migrate_to(url: str, revision: str) -> None:
    """Brings the database to the schema of an older release."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["database_url"] = url
    command.upgrade(config, revision)


class Spans(SpanProcessor):
    def __init__(self) -> None:
        self.ended: list[ReadableSpan] = []

    def on_end(self, span: ReadableSpan) -> None:
        self.ended.append(span)


class Notifications:
    """What a test does with notifications and asks of it."""

    def __init__(self, url: str, now: datetime = NOW) -> None:
        self.database = database_at(url)
        self.clock = FixedClock(now)
        self.contacts, self.mail = ContactsDouble(), MailDouble()
        self.sender = self.another_sender()
        self.runners = {
            topic: BatchRunner(topic, handler, group="test", database=self.database, sealer=SEALER, clock=self.clock)
            for topic, handler in HANDLERS.items()
        }

    def another_sender(self) -> NoticeSender:
        """The job as it would run in another process."""
        writer = Writer(_catalogues(LANGUAGES_DIR), "no-reply@puente.example")
        return NoticeSender(self.database, self.clock, self.contacts, writer, self.mail.send, "https://portal.example")

    async def receive(self, *events: Event) -> None:
        """Hands the events over, one batch for each topic."""
        for topic in dict.fromkeys(event.topic for event in events):
            await self.runners[topic].run([a_record(event) for event in events if event.topic == topic])
        assert (await self.rows("select count(*) from parked_event"))[0][0] == 0

    async def send(self) -> None:
        await self.sender.send_due_notices()

    async def rows(self, sql: str, **parameters: Any) -> Any:
        return await self.database.run(self.clock.now(), lambda uow: uow.rows(sql, **parameters))

    async def die_while_sending(self) -> None:
        """The process ends at a moment when a message is on its way; `before` or `after` must wait for ever."""
        others = asyncio.all_tasks()
        dying = asyncio.create_task(self.send())
        await asyncio.sleep(0.3)
        assert not dying.done()
        for task in asyncio.all_tasks() - others:  # all at once: nobody waits for anybody
            task.cancel()
        await asyncio.gather(dying, return_exceptions=True)
        self.mail.before = self.mail.after = None

    async def states(self) -> list[tuple[str, str]]:
        """Kind and state of every notice, oldest first."""
        return [(row.kind, row.state) for row in await self.rows("select kind, state from notices order by n")]

    async def published(self) -> list[Any]:
        return list(await self.rows("select type, key, attributes, value::jsonb as value from outbox order by id"))
