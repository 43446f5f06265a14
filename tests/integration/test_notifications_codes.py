"""One-time codes, from scheduling's question to the mail server; intake answers over a real socket."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

import httpx
import pytest
import pytest_asyncio
from fastapi import FastAPI, HTTPException
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor

from services.notifications.app import build
from shared import tracing
from shared.db import Database
from tests.builders import NOW
from tests.conftest import MakeDatabase
from tests.mail_server import MailServerDouble, serving
from tests.notifications import ADDRESS, settings
from tests.openapi import served
from tests.unit.notifications_builders import CASE_REF

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

CONTACT = {"case_ref": CASE_REF, "email": ADDRESS, "locale": "ht", "safe_hours": "00:00-00:01"}
CODE = "048151"
SERVICE = {"Authorization": "Bearer service-token"}


class IntakeDouble:
    """An intake that knows one household, and what it was asked."""

    def __init__(self) -> None:
        self.contacts: list[dict[str, Any]] = [CONTACT]
        self.status = 200
        self.asked: list[dict[str, Any]] = []
        self.app = FastAPI()

        @self.app.post("/internal/contacts")
        async def contacts(question: dict[str, Any]) -> Any:
            self.asked += question["contacts"]
            if self.status != 200:
                raise HTTPException(self.status)
            return {"contacts": self.contacts}


class Kept(SpanProcessor):
    """The spans that have ended."""

    def __init__(self) -> None:
        self.spans: list[ReadableSpan] = []

    def on_end(self, span: ReadableSpan) -> None:
        self.spans.append(span)


class Codes:
    """What a test asks of notifications."""

    def __init__(self, app: FastAPI, intake: IntakeDouble, mail: MailServerDouble, kept: Kept) -> None:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        self.client = httpx.AsyncClient(transport=transport, base_url="http://notifications")
        self.database: Database = app.state.service.database
        self.intake, self.mail, self.kept = intake, mail, kept

    async def ask(self, code: str = CODE, headers: dict[str, str] = SERVICE, **more: Any) -> httpx.Response:
        question = {"case_ref": CASE_REF, "code": code, **more}
        return await self.client.post("/internal/codes", json=question, headers=headers)

    def mails(self) -> list[EmailMessage]:
        read = [message_from_bytes(each.content or b"", policy=default) for each in self.mail.accepted]  # type: ignore[arg-type]
        return [mail for mail in read if isinstance(mail, EmailMessage)]


@pytest_asyncio.fixture(loop_scope="session")
async def url(new_database: MakeDatabase, notifications_template: str) -> str:
    return await new_database(notifications_template)


@asynccontextmanager
async def asking(url: str, intake: IntakeDouble, mail: MailServerDouble, **told: Any) -> AsyncIterator[Codes]:
    kept = Kept()
    async with serving(mail) as server, served(intake.app) as intake_url:
        codes = Codes(
            build(settings(url, None, intake_url=intake_url, smtp_port=server.port, **told)), intake, mail, kept
        )
        tracing.configure("notifications", [kept])
        yield codes
        tracing.shutdown()
        await codes.client.aclose()
        await codes.database.close()


@pytest_asyncio.fixture(loop_scope="session")
async def codes(url: str) -> AsyncIterator[Codes]:
    async with asking(url, IntakeDouble(), MailServerDouble()) as made:
        yield made


async def test_a_code_is_sent_at_once_in_the_households_language_whatever_its_hours(codes: Codes) -> None:
    answer = await codes.ask()

    assert (200, {"sent": True}) == (answer.status_code, answer.json())
    [mail] = codes.mails()
    body = mail.get_body(("plain",))
    assert body is not None
    assert ("ht", "Kòd ou") == (mail["Content-Language"], mail["Subject"])
    assert f"Kòd: {CODE}" in body.get_content()
    assert [ADDRESS] == codes.mail.accepted[0].rcpt_tos


@pytest.mark.parametrize(("drafts", "language", "subject"), [((), "es", "Su código"), (("ar",), "ar", "رمزكم")])
async def test_a_language_that_nobody_has_reviewed_is_written_only_when_settings_say_so(
    url: str, drafts: tuple[str, ...], language: str, subject: str
) -> None:
    intake = IntakeDouble()
    intake.contacts = [{**CONTACT, "locale": "ar"}]

    async with asking(url, intake, MailServerDouble(), drafts=drafts) as codes:
        await codes.ask()

    [mail] = codes.mails()
    assert (language, subject) == (mail["Content-Language"], mail["Subject"])


async def test_two_codes_are_two_messages(codes: Codes) -> None:
    await codes.ask()
    await codes.ask("111111")

    assert 2 == len({mail["Message-ID"] for mail in codes.mails()})


async def test_the_trace_of_who_waits_goes_on_to_intake_and_no_span_has_the_code(codes: Codes) -> None:
    asked_in = tracing.new_root()

    await codes.ask(traceparent=tracing.to_traceparent(asked_in))

    [sent] = [span for span in codes.kept.spans if span.name == "send code"]
    assert sent.parent is not None and sent.context is not None
    assert (asked_in.trace_id, asked_in.span_id) == (sent.parent.trace_id, sent.parent.span_id)
    assert tracing.to_traceparent(sent.context) == codes.intake.asked[0]["traceparent"]
    written = "".join(span.to_json() for span in codes.kept.spans)
    assert (CODE not in written, ADDRESS not in written) == (True, True)


async def test_nothing_of_a_code_is_kept(codes: Codes) -> None:
    await codes.ask()

    kept = "select (select count(*) from notices) + (select count(*) from outbox) as n"
    [row] = await codes.database.run(NOW, lambda uow: uow.rows(kept))
    assert 0 == row.n


@pytest.mark.parametrize("contacts", [[], [{**CONTACT, "email": None}], [{**CONTACT, "email": "not an address"}]])
async def test_a_household_without_an_address_that_takes_mail_gets_none(
    codes: Codes, contacts: list[dict[str, Any]]
) -> None:
    codes.intake.contacts = contacts

    answer = await codes.ask()

    assert (200, {"sent": False}) == (answer.status_code, answer.json())
    assert [] == codes.mails()


async def test_a_reference_that_cannot_be_is_not_even_asked_about(codes: Codes) -> None:
    answer = await codes.ask(case_ref="NA7K-3QF2-M9X1")

    assert {"sent": False} == answer.json()
    assert [] == codes.intake.asked


async def test_while_intake_or_the_mail_server_is_away_the_code_can_be_asked_for_again(url: str) -> None:
    away = IntakeDouble()
    away.status = 503

    for intake, mail in ((away, MailServerDouble()), (IntakeDouble(), MailServerDouble(at_mail="451 later"))):
        async with asking(url, intake, mail) as codes:
            answer = await codes.ask()

        assert (503, "cannot_send_now") == (answer.status_code, answer.json()["code"])
        assert (CODE not in answer.text, ADDRESS not in answer.text) == (True, True)


async def test_only_another_service_may_ask_and_a_wrong_question_is_not_repeated(codes: Codes) -> None:
    foreign = await codes.ask(headers={"Authorization": "Bearer ops-token"})
    wrong = await codes.ask("0123456789")

    assert (403, 422) == (foreign.status_code, wrong.status_code)
    assert "0123456789" not in wrong.text
    assert [] == codes.mails()
