"""A span around every request. Traces from outside are never continued: their ids would be chosen by strangers."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from opentelemetry.trace import SpanKind

from shared import tracing
from shared.web.problems import Problem, problem_response

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
NO_ZERO_BYTES = Problem(400, "zero_byte", "an address holds no zero bytes: correct it")
UNTRACED = ("/livez", "/readyz", "/metrics", "/ops/")


class Traced:
    """ASGI middleware. Requests that only ask how we are get no span."""

    def __init__(self, app: Callable[[Scope, Receive, Send], Awaitable[None]]) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and b"%00" in scope.get("raw_path", b"") + scope["query_string"]:
            return await problem_response(NO_ZERO_BYTES)(scope, receive, send)
        if scope["type"] != "http" or scope["path"].startswith(UNTRACED):
            return await self._app(scope, receive, send)
        with tracing.span(scope["method"], SpanKind.SERVER, attributes={tracing.HTTP_METHOD: scope["method"]}) as span:

            async def noting(message: MutableMapping[str, Any]) -> None:
                if message["type"] == "http.response.start":
                    span.attributes[tracing.HTTP_STATUS] = message["status"]
                    if message["status"] >= 500:
                        span.error = str(message["status"])
                await send(message)

            await self._app(scope, receive, noting)
            route = getattr(scope.get("route"), "path", None)
            if route:
                span.name = f"{scope['method']} {route}"
                span.attributes[tracing.HTTP_ROUTE] = route
