"""Security headers on every response, errors and files included. A page says what it may load; all else loads nothing."""

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

NOTHING = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
"""Content-Security-Policy of whatever says no other: an answer for programs has nothing to load."""

HEADERS = {
    "Content-Security-Policy": NOTHING,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
    "Strict-Transport-Security": "max-age=63072000; includeSubDomains",
    "Cache-Control": "no-store",
}
"""Source: docs/domain.md, "Security headers"."""

Headers = list[tuple[bytes, bytes]]
ENCODED: Headers = [(name.lower().encode(), value.encode()) for name, value in HEADERS.items()]


def guarded(response: Response) -> Response:
    """The response with what `Guarded` would add: for whatever answers ahead of it."""
    response.raw_headers = _with_all(response.raw_headers)
    return response


def _with_all(headers: Headers) -> Headers:
    given = {name.lower() for name, _ in headers}
    return [*headers, *(each for each in ENCODED if each[0] not in given)]


class Guarded:
    """ASGI middleware: adds each header that a response does not set itself."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def noting(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = _with_all(message["headers"])
            await send(message)

        await self.app(scope, receive, noting if scope["type"] == "http" else send)
