"""Asking intake for contacts, over HTTP, with a server that answers as it is told."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from pydantic import SecretStr

from services.notifications.sending.contacts import IntakeAway, IntakeContacts
from shared import tracing
from tests.unit.notifications_builders import CASE_REF

TOKEN = SecretStr("invented-token")
TRACEPARENT = tracing.to_traceparent(tracing.new_root())
CONTACT = {
    "case_ref": CASE_REF,
    "email": "familia@example.org",
    "mobile": None,
    "locale": "ht",
    "shared_device": True,
    "safe_hours": "09:00-18:00",
    "reachable": "yes",
}


@asynccontextmanager
async def intake(status: int, body: Any) -> AsyncIterator[tuple[IntakeContacts, list[str]]]:
    """An intake that gives one answer, and the requests that it got."""
    requests: list[str] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        length = int(
            next(line.split(":")[1] for line in head.lower().split("\r\n") if line.startswith("content-length"))
        )
        requests.append(head + (await reader.readexactly(length)).decode())
        payload = body if isinstance(body, bytes) else json.dumps(body).encode()
        writer.write(b"HTTP/1.1 %d x\r\ncontent-length: %d\r\n\r\n%b" % (status, len(payload), payload))
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        yield IntakeContacts(f"http://127.0.0.1:{port}", TOKEN), requests


async def test_the_contacts_of_many_cases_are_asked_in_one_question_with_a_trace_each() -> None:
    async with intake(200, {"contacts": [CONTACT], "unknown": ["ZZZZ-ZZZZ-ZZZB"]}) as (contacts, requests):
        found = await contacts.of({CASE_REF: TRACEPARENT, "ZZZZ-ZZZZ-ZZZB": TRACEPARENT})

    assert found.keys() == {CASE_REF}
    contact = found[CASE_REF]
    assert (contact.address, contact.locale, contact.safe_hours) == ("familia@example.org", "ht", "09:00-18:00")
    (request,) = requests
    head, _, body = request.partition("\r\n\r\n")
    assert head.startswith("POST /internal/contacts ")
    assert "bearer invented-token" in head.lower()
    assert json.loads(body)["contacts"][0] == {"case_ref": CASE_REF, "traceparent": TRACEPARENT}


async def test_a_contact_does_not_show_its_address_when_it_is_printed() -> None:
    async with intake(200, {"contacts": [CONTACT]}) as (contacts, _):
        found = await contacts.of({CASE_REF: TRACEPARENT})

    assert "familia" not in repr(found)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (503, {"code": "unavailable"}),
        (401, {"code": "unauthenticated"}),
        (200, b"not json"),
        (200, {"contacts": [{"email": "familia@example.org"}]}),
    ],
)
async def test_an_answer_that_cannot_be_used_means_that_notices_wait(status: int, body: Any) -> None:
    async with intake(status, body) as (contacts, _):
        with pytest.raises(IntakeAway) as away:
            await contacts.of({CASE_REF: TRACEPARENT})

    assert "familia" not in str(away.value)
    assert away.value.__cause__ is None


async def test_an_intake_that_is_away_means_that_notices_wait() -> None:
    with pytest.raises(IntakeAway):
        await IntakeContacts("http://127.0.0.1:1", TOKEN).of({CASE_REF: TRACEPARENT})
