"""What is answered ahead of the routes: plain choices of who may choose. All else goes on as it came."""

from collections.abc import AsyncIterator
from typing import Any, cast

import httpx
import pytest
from pydantic import SecretStr
from starlette.types import Receive, Scope, Send

from services.scheduling.api.choosing import Choices
from services.scheduling.api.rush import Rush
from services.scheduling.commands.choosing import Choosing
from services.scheduling.commands.requests import NOTHING, Named
from shared.db import DatabaseUnavailable
from shared.reference import new_case_ref
from shared.settings import Role
from shared.web.problems import Problem

CASE = new_case_ref()
PATH = f"/v1/cases/{CASE}/appointment"
TOKENS: dict[Role, SecretStr] = {"assistant": SecretStr("assistant"), "service": SecretStr("service")}


class Heard:
    """Stands for the choices, and for the application behind."""

    def __init__(self, answer: dict[str, Any] | Exception) -> None:
        self.answer = answer
        self.asked: list[Choosing] = []
        self.went_on: list[bytes] = []

    async def __call__(self, asked: Choosing) -> dict[str, Any]:
        self.asked.append(asked)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    async def app(self, scope: Scope, receive: Receive, send: Send) -> None:
        body, more = b"", True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        self.went_on.append(body)
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body"})

    async def post(self, path: str = PATH, **given: Any) -> httpx.Response:
        rush = Rush(self.app, cast(Choices, self), TOKENS)
        headers = {"Authorization": "Bearer assistant", "Content-Type": "application/json", **given.pop("headers", {})}
        given = given or {"content": b'{"slot_id": 7}'}
        async with httpx.AsyncClient(transport=httpx.ASGITransport(rush), base_url="http://x") as client:
            return await client.request(given.pop("method", "POST"), path, headers=headers, **given)


async def in_parts() -> AsyncIterator[bytes]:
    yield b'{"slot'
    yield b'_id": 7}'


async def test_a_plain_choice_is_answered_ahead() -> None:
    heard = Heard({"state": "booked", "version": 3})

    answer = await heard.post(f"/v1/cases/{CASE.lower()}/appointment", headers={"Idempotency-Key": '"one"'})

    assert (answer.status_code, answer.json(), answer.headers["etag"]) == (200, heard.answer, '"3"')
    assert [(a.case_ref, a.slot_id, a.acted_by, a.named) for a in heard.asked] == [(CASE, 7, "assistant", Named("one"))]
    assert heard.went_on == []


@pytest.mark.parametrize(
    "refusal, status", [(Problem(409, "place_taken", "choose another"), 409), (DatabaseUnavailable("away"), 503)]
)
async def test_a_refusal_is_a_problem_document(refusal: Exception, status: int) -> None:
    heard = Heard(refusal)

    answer = await heard.post()

    assert (answer.status_code, answer.json()["status"]) == (status, status)
    assert answer.headers["content-type"] == "application/problem+json"
    assert heard.asked[0].named == NOTHING


@pytest.mark.parametrize(
    "given",
    [
        {"headers": {"Authorization": "Bearer service"}},
        {"headers": {"Authorization": "Bearer nobody"}},
        {"headers": {"Authorization": ""}},
        {"headers": {"If-Match": '"2"'}},
        {"headers": {"Idempotency-Key": "with a space"}},
        {"headers": {"Idempotency-Key": ""}},
        {"headers": {"Content-Type": "application/json; charset=utf-8"}},
        {"content": b'{"slot_id": 0}'},
        {"content": b'{"slot_id": '},
        {"content": b"[7]"},
        {"content": b""},
        {"content": b'{"slot_id": 7, "more": "' + 2_000 * b"x" + b'"}'},
        {"path": f"{PATH}/move"},
        {"path": "/v1/cases/NA7K-3QF2-M9XX/appointment"},
        {"method": "GET"},
    ],
)
async def test_what_is_not_plain_goes_on_as_it_came(given: dict[str, Any]) -> None:
    heard = Heard({"version": 1})
    body = given.setdefault("content", b'{"slot_id": 7}')

    answer = await heard.post(**given)

    assert (answer.status_code, heard.went_on, heard.asked) == (204, [body], [])


async def test_a_body_may_come_in_parts() -> None:
    heard = Heard({"version": 1})

    answer = await heard.post(content=in_parts())

    assert (answer.status_code, [asked.slot_id for asked in heard.asked]) == (200, [7])
