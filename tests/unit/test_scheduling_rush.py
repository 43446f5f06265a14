"""What is answered ahead of the application: plain choices of who may choose. All else goes on as it came."""

from collections.abc import AsyncIterator
from typing import Any, cast

import httpx
import pytest
from pydantic import SecretStr
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from services.scheduling.api.choosing import Choices
from services.scheduling.api.rush import Rush
from services.scheduling.commands.choosing import Answer, Choosing
from services.scheduling.commands.requests import kept_key
from shared.db import DatabaseUnavailable
from shared.reference import new_case_ref
from shared.settings import Role
from shared.web.guarded import HEADERS
from shared.web.problems import Problem

CASE = new_case_ref()
PATH = f"/v1/cases/{CASE}/appointment"
TOKENS: dict[Role, SecretStr] = {"assistant": SecretStr("assistant"), "service": SecretStr("service")}


class Heard:
    """Stands for the choices, and for the application behind."""

    def __init__(self, answer: Answer | Exception, refusal: Response | Exception | None = None) -> None:
        self.answer = answer
        self.refusal = refusal
        self.asked: list[Choosing] = []
        self.went_on: list[bytes] = []

    async def refused(self, asked: Choosing) -> Response | Exception | None:
        return self.refusal

    async def carried_out(self, asked: Choosing) -> Answer | Exception:
        self.asked.append(asked)
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
    assert [(a.case_ref, a.slot_id, a.acted_by, a.key) for a in heard.asked] == [
        (CASE, 7, "assistant", kept_key("one"))
    ]
    assert all(answer.headers[name] == value for name, value in HEADERS.items())
    assert heard.went_on == []


@pytest.mark.parametrize(
    "refusal, status", [(Problem(409, "place_taken", "choose another"), 409), (DatabaseUnavailable("away"), 503)]
)
async def test_a_refusal_is_a_problem_document(refusal: Exception, status: int) -> None:
    heard = Heard(refusal)

    answer = await heard.post()

    assert (answer.status_code, answer.json()["status"]) == (status, status)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["trace_id"] == f"{heard.asked[0].context.trace_id:032x}"
    assert heard.asked[0].key is None
    assert all(answer.headers[name] == value for name, value in HEADERS.items())


async def test_whose_time_is_gone_is_told_so_and_nothing_is_carried_out() -> None:
    heard = Heard(None, refusal=Response(b"gone", 409))

    answer = await heard.post()

    assert (answer.status_code, answer.content, heard.asked, heard.went_on) == (409, b"gone", [], [])


async def test_without_a_database_nobody_can_be_told_that_a_time_is_gone() -> None:
    heard = Heard(None, refusal=DatabaseUnavailable("away"))

    answer = await heard.post()

    assert (answer.status_code, heard.asked, heard.went_on) == (503, [], [])


@pytest.mark.parametrize("answer", [None, ZeroDivisionError("our fault")])
async def test_what_is_to_be_done_alone_and_what_failed_goes_on_as_it_came(answer: Exception | None) -> None:
    heard = Heard(answer)

    answered = await heard.post()

    assert (answered.status_code, heard.went_on) == (204, [b'{"slot_id": 7}'])


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
        {"path": f"{PATH}?more=1"},
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
