"""The one request that a crowd sends at the same moment, a choice, answered before it comes to FastAPI, which would take
longer over it than all the rest.

Only what is well-formed and comes from who may. Everything else goes on to the route, which says what is wrong with it.
"""

import re
from collections.abc import Mapping, Sequence
from types import SimpleNamespace

import orjson
from pydantic import SecretStr, ValidationError
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.scheduling.api.choosing import Choice, Choices
from services.scheduling.api.named import KEY_PATTERN
from services.scheduling.commands.choosing import Choosing
from services.scheduling.commands.requests import Named
from shared import tracing
from shared.db import DatabaseUnavailable
from shared.reference import canonical_case_ref
from shared.settings import STAFF, Role
from shared.web.problems import UNAVAILABLE, Problem, problem_response
from shared.web.roles import bearer, role_of
from shared.web.versions import etag

PATH = re.compile("/v1/cases/([^/]+)/appointment")
ROUTE = SimpleNamespace(path="/v1/cases/{case_ref}/appointment")
"""What the span of the request is named after."""
JSON = b"application/json"
MOST_BYTES = 1_000


class Rush:
    """ASGI middleware."""

    def __init__(self, app: ASGIApp, choices: Choices, tokens: Mapping[Role, SecretStr]) -> None:
        self._app = app
        self._choices = choices
        self._tokens = tokens

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        found = PATH.fullmatch(scope["path"]) if scope["type"] == "http" and scope["method"] == "POST" else None
        asked_by = self._read_head(dict(scope["headers"])) if found else None
        if found is None or asked_by is None:
            return await self._app(scope, receive, send)
        read = await _beginning(receive)
        asked = _read_body(found[1], asked_by, read)
        if asked is None:
            return await self._app(scope, _after(read, receive), send)
        scope["route"] = ROUTE
        try:
            answer = await self._choices(asked)
        except Problem as refusal:
            return await problem_response(refusal)(scope, receive, send)
        except DatabaseUnavailable:
            return await problem_response(UNAVAILABLE)(scope, receive, send)
        body = orjson.dumps(answer, default=str)
        headers = [(b"content-type", JSON), (b"content-length", b"%d" % len(body))]
        headers.append((b"etag", etag(answer["version"]).encode()))
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def _read_head(self, headers: Mapping[bytes, bytes]) -> tuple[Role, Named] | None:
        """Who asks, and under which key; None when more is said than that, or anything is wrong."""
        token = bearer(headers.get(b"authorization", b"").decode("latin-1"))
        role = role_of(token, self._tokens) if token else None
        key = KEY_PATTERN.fullmatch(headers.get(b"idempotency-key", b"").decode("latin-1"))
        is_plain = headers.get(b"content-type") == JSON and b"if-match" not in headers
        if role not in STAFF or not is_plain or (key is None and b"idempotency-key" in headers):
            return None
        return role, Named(key[1] if key else None)


def _read_body(case_ref: str, asked_by: tuple[Role, Named], read: Sequence[Message]) -> Choosing | None:
    ref, (role, named) = canonical_case_ref(case_ref), asked_by
    if ref is None or read[-1].get("more_body"):
        return None
    try:
        choice = Choice.model_validate_json(b"".join(message.get("body", b"") for message in read))
    except ValidationError:
        return None
    return Choosing(ref, choice.slot_id, role, tracing.current(), named)


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
