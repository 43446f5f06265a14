"""The one request that a crowd sends at the same moment, a choice, answered before it comes to the application, which
would take longer over it than all the rest.

Only what is well-formed and comes from who may. Everything else goes on to the route, which says what is wrong with it.
"""

import re
import time
from collections.abc import Mapping, Sequence

import orjson
from pydantic import SecretStr, ValidationError
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.scheduling.api.choosing import Choice, Choices, note
from services.scheduling.api.named import KEY_PATTERN
from services.scheduling.commands.choosing import Answer, Choosing
from services.scheduling.commands.requests import kept_key
from shared import tracing
from shared.db import DatabaseUnavailable
from shared.reference import canonical_case_ref
from shared.settings import STAFF, Role
from shared.web.guarded import guarded
from shared.web.problems import UNAVAILABLE, Problem, problem_response
from shared.web.roles import bearer, role_of
from shared.web.versions import etag

PATH = re.compile("/v1/cases/([^/]+)/appointment")
JSON = b"application/json"
MOST_BYTES = 1_000
AskedBy = tuple[Role, str | None]
"""Who asks, and under which key, as it is kept."""


class Rush:
    """ASGI application around another one."""

    def __init__(self, app: ASGIApp, choices: Choices, tokens: Mapping[Role, SecretStr]) -> None:
        self._app = app
        self._choices = choices
        self._tokens = tokens

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        found = PATH.fullmatch(scope["path"]) if scope["type"] == "http" and scope["method"] == "POST" else None
        asked_by = self._read_head(scope) if found else None
        if found is None or asked_by is None:
            return await self._app(scope, receive, send)
        read = await _beginning(receive)
        asked = _read_body(found[1], asked_by, read)
        response = await self._answer(asked) if asked else None
        if response is None:
            return await self._app(scope, _after(read, receive), send)
        await response(scope, receive, send)

    async def _answer(self, asked: Choosing) -> Response | None:
        """None for what is to be done alone, or failed: the route meets the error again and says so."""
        starts_ns = time.time_ns()
        refusal = await self._choices.refused(asked)
        if isinstance(refusal, Response):
            return refusal
        response = _response(refusal or await self._choices.carried_out(asked), asked)
        if response:
            note(asked.context, response.status_code, starts_ns)
        return response

    def _read_head(self, scope: Scope) -> AskedBy | None:
        """None when more is said than who asks and under which key, or anything is wrong."""
        headers = dict(scope["headers"])
        token = bearer(headers.get(b"authorization", b"").decode("latin-1"))
        role = role_of(token, self._tokens) if token else None
        key = KEY_PATTERN.fullmatch(headers.get(b"idempotency-key", b"").decode("latin-1"))
        is_plain = headers.get(b"content-type") == JSON and b"if-match" not in headers and not scope["query_string"]
        if role not in STAFF or not is_plain or (key is None and b"idempotency-key" in headers):
            return None
        return role, kept_key(key[1]) if key else None


def _read_body(case_ref: str, asked_by: AskedBy, read: Sequence[Message]) -> Choosing | None:
    ref, (role, key) = canonical_case_ref(case_ref), asked_by
    if ref is None or read[-1].get("more_body"):
        return None
    try:
        choice = Choice.model_validate_json(b"".join(message.get("body", b"") for message in read))
    except ValidationError:
        return None
    return Choosing(ref, choice.slot_id, role, tracing.new_root(), key)


def _response(answer: Answer | BaseException, asked: Choosing) -> Response | None:
    if isinstance(answer, DatabaseUnavailable):
        answer = UNAVAILABLE
    if isinstance(answer, Problem):
        return guarded(problem_response(answer, asked.context))
    if isinstance(answer, dict):
        body, headers = orjson.dumps(answer, default=str), {"ETag": etag(answer["version"])}
        return guarded(Response(body, headers=headers, media_type="application/json"))
    return None


async def _beginning(receive: Receive) -> list[Message]:
    """The messages of a body: all of them, or as many as hold more than any choice."""
    read, size = [await receive()], 0
    while read[-1].get("more_body") and (size := size + len(read[-1].get("body", b""))) <= MOST_BYTES:
        read.append(await receive())
    return read


def _after(read: Sequence[Message], receive: Receive) -> Receive:
    """Gives what was read again, then what follows."""
    again = iter(read)

    async def given() -> Message:
        return next(again, None) or await receive()

    return given
