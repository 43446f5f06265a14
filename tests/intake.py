"""Intake without its process: its application on a real database, called over ASGI, with a clock that stands still."""

import base64
import json
from collections.abc import Sequence
from typing import Any

import httpx
from pydantic import SecretStr
from sqlalchemy import Row
from standardwebhooks import Webhook

from services.intake.app import HANDLERS, build
from services.intake.seed import seed
from services.intake.settings import IntakeSettings, SystemCredentials
from shared.clock import FixedClock
from shared.crypto import Sealer
from shared.events import CaseScheduled, Event
from shared.kafka.batch import BatchRunner
from shared.migrations import upgrade_async
from tests.builders import a_record
from tests.databases import database_at
from tests.lent import give_back, lend
from tests.unit.intake_builders import NOW, ROOT

SECRETS = [f"whsec_{base64.b64encode(bytes([n]) * 24).decode()}" for n in range(3)]
TOKENS = {"mx": ["mx-token", "mx-next-token"], "ca": ["ca-token"]}
ROLES = {role: SecretStr(f"{role}-token") for role in ("ops", "scheduler", "officer", "assistant", "service")}
DATA_KEY = base64.b64encode(bytes(32)).decode()
AWAY = "http://127.0.0.1:1"
KINDS = {"us": "application/x-ndjson", "mx": "text/csv", "ca": "application/xml"}
PATHS = {"us": "/v1/systems/us/results", "mx": "/v1/systems/mx/batches", "ca": "/v1/systems/ca/results"}


async def prepared(url: str) -> str:
    """A database with intake's schema, programmes and sites."""
    await upgrade_async(url, ROOT / "services" / "intake" / "migrations")
    database = database_at(url)
    await database.run(NOW, seed)
    await database.close()
    return url


def settings(url: str, *, notifications_url: str = AWAY, scheduling_url: str = AWAY) -> IntakeSettings:
    return IntakeSettings(
        database_url=url,
        kafka="127.0.0.1:1",
        port=1,
        tokens=ROLES,
        data_key=SecretStr(DATA_KEY),
        scheduling_url=scheduling_url,
        notifications_url=notifications_url,
        systems={
            "us": SystemCredentials(secrets=[SecretStr(secret) for secret in SECRETS[:2]]),
            **{
                system: SystemCredentials(tokens=[SecretStr(token) for token in tokens])
                for system, tokens in TOKENS.items()
            },
        },
    )


class Intake:
    """What a test does with intake and asks of it."""

    def __init__(self, url: str) -> None:
        self.clock = FixedClock(NOW)
        self.sealer = Sealer(DATA_KEY)
        self.database = database_at(url)
        self.app = lend(build, settings(url), self.database, self.clock)
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        self.client = httpx.AsyncClient(transport=transport, base_url="http://intake", timeout=60)

    async def close(self) -> None:
        await self.client.aclose()
        await self.database.close()
        give_back(build, self.app)

    async def send(self, system: str, body: bytes, headers: dict[str, str] | None = None) -> httpx.Response:
        """Sends a document as that country's system does, unless other headers are given."""
        usual = {"content-type": KINDS[system], **(self.proof(system, body) if headers is None else headers)}
        sent = [(name.encode(), value.encode("latin-1")) for name, value in usual.items()]
        return await self.client.post(PATHS[system], content=body, headers=sent)

    def proof(self, system: str, body: bytes, secret: str = SECRETS[0]) -> dict[str, str]:
        """The headers that prove who sends: signed by the reference library, or a token."""
        if system != "us":
            return {"authorization": f"Bearer {TOKENS[system][0]}"}
        now = self.clock.now()
        return {
            "webhook-id": "msg_1",
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": Webhook(secret).sign("msg_1", now, body.decode()),
        }

    async def receipts(self, system: str, body: bytes) -> list[dict[str, Any]]:
        response = await self.send(system, body)
        assert response.status_code == 202, response.text
        receipts: list[dict[str, Any]] = response.json()["receipts"]
        return receipts

    async def get(self, path: str, role: str = "ops") -> httpx.Response:
        return await self.client.get(path, headers={"authorization": f"Bearer {role}-token"})

    async def ask_contacts(self, *refs: str, traceparent: str | None = None, role: str = "service") -> httpx.Response:
        question = {"contacts": [{"case_ref": ref, "traceparent": traceparent} for ref in refs]}
        return await self.client.post(
            "/internal/contacts", json=question, headers={"authorization": f"Bearer {role}-token"}
        )

    async def rows(self, sql: str, **parameters: Any) -> Sequence[Row[Any]]:
        async with self.database.begin(self.clock.now()) as uow:
            return await uow.rows(sql, **parameters)

    async def execute(self, sql: str, **parameters: Any) -> None:
        async with self.database.begin(self.clock.now()) as uow:
            await uow.execute(sql, **parameters)

    async def count(self, table: str) -> int:
        return int((await self.rows(f"select count(*) as n from {table}"))[0].n)  # noqa: S608 - our own tables

    async def events(self, case_ref: str) -> list[tuple[int, str, dict[str, Any]]]:
        """What was published of a case: sequence, type, snapshot."""
        found = await self.rows(
            "select sequence, type, value from outbox where topic = 'intake.cases' and key = :ref order by id",
            ref=case_ref,
        )
        return [(row.sequence, row.type, json.loads(row.value)) for row in found]


class Hearing(Intake):
    """Intake with its consumer of scheduling's cases."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.runner = BatchRunner(
            CaseScheduled.topic,
            HANDLERS[CaseScheduled.topic],
            group="test",
            database=self.database,
            sealer=self.sealer,
            clock=self.clock,
        )

    async def hear(self, *events: Event) -> None:
        await self.runner.run([a_record(event) for event in events])
