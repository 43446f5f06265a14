"""The OpenAPI document of a service, with what FastAPI cannot know: refusals are problem documents, and who gets which."""

from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI, Request
from pydantic import BaseModel, ConfigDict

PROBLEM = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}

MEANINGS = {
    400: "The request itself is damaged: send it again as a client library would.",
    401: "Send a valid token.",
    403: "The token's role may not do this.",
    404: "There is nothing under this address.",
    408: "The body did not arrive in time: send it again.",
    409: "It cannot be done as things stand; `detail` says what to do instead.",
    412: "What was seen is old: read it again.",
    413: "The body is too large.",
    415: "Send the body in a form that is named in `detail`.",
    422: "Correct the fields named in `errors`, or what `detail` names.",
    428: "Name the version that was seen.",
    503: "Nothing was changed: try again after `Retry-After` seconds.",
}
EVERYWHERE = (400, 503)


class ProblemDocument(BaseModel):
    """RFC 9457. `code` is stable and for programs, `detail` says what to do, `trace_id` is for operations."""

    model_config = ConfigDict(extra="allow", title="Problem")

    type: str
    title: str
    status: int
    code: str
    detail: str
    trace_id: str


def refusals(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """`responses` of a route or a router: the refusals that its address and its parameters do not show."""
    return {status: {"description": MEANINGS[status], "content": PROBLEM} for status in statuses}


def install(app: FastAPI) -> None:
    """Adds to each operation the refusals that any such operation has."""
    made_by_fastapi = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = made_by_fastapi()
            schemas = document.setdefault("components", {}).setdefault("schemas", {})
            schemas["Problem"] = ProblemDocument.model_json_schema()
            for path, operation in _operations(document):
                for status in _usual(path, operation):
                    operation["responses"][str(status)] = refusals(status)[status]
        return app.openapi_schema or {}

    app.openapi = openapi  # type: ignore[method-assign]  # the way that FastAPI's own pages show


def methods_of(request: Request) -> str:
    """The methods that the document names for the request's route; an empty string when there is no such route."""
    document, route = request.app.openapi(), request.scope.get("route")
    return ", ".join(sorted(document["paths"].get(getattr(route, "path", ""), {}))).upper()


def _operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for operation in methods.values():
            yield path, operation


def _usual(path: str, operation: dict[str, Any]) -> Iterator[int]:
    yield from EVERYWHERE
    if operation.get("security"):
        yield from (401, 403)
    if "{" in path:
        yield 404
    if "parameters" in operation or "requestBody" in operation:
        yield 422
