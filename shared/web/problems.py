"""Errors as RFC 9457 problem documents with a stable `code`, and what to do about it in `detail`."""

from typing import Any

import orjson
import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from opentelemetry.trace import SpanContext
from sqlalchemy.exc import DBAPIError
from starlette.exceptions import HTTPException

from shared import tracing
from shared.db import DatabaseUnavailable, is_unavailable
from shared.logs import cause_of
from shared.web import openapi
from shared.web.guarded import guarded

log = structlog.get_logger()

RETRY_AFTER_SECONDS = 5


class Problem(Exception):
    """A refusal that the caller can act on. `detail` says what to do and never names a person."""

    def __init__(self, status: int, code: str, detail: str, **extra: Any) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.extra = extra


UNAVAILABLE = Problem(
    503, "unavailable", "the database does not answer; nothing was changed: try again in a few seconds"
)


def problem_response(problem: Problem, context: SpanContext | None = None) -> Response:
    """The problem as `application/problem+json`; `context`: the span that it came of, None: the one that runs now."""
    body = {
        "type": "about:blank",
        "title": problem.code.replace("_", " "),
        "status": problem.status,
        "code": problem.code,
        "detail": problem.detail,
        "trace_id": f"{(context or tracing.current()).trace_id:032x}",
        **problem.extra,
    }
    headers = {"Retry-After": str(RETRY_AFTER_SECONDS)} if problem.status == 503 else {}
    if problem.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return Response(orjson.dumps(body), problem.status, headers, media_type="application/problem+json")


def install(app: FastAPI) -> None:
    """Makes every error of the application a problem document."""

    @app.exception_handler(Problem)
    async def refused(_: Request, problem: Problem) -> Response:
        return problem_response(problem)

    @app.exception_handler(HTTPException)
    async def http(request: Request, error: HTTPException) -> Response:
        codes = {404: "not_found", 405: "method_not_allowed"}
        refusal = Problem(error.status_code, codes.get(error.status_code, "http"), str(error.detail))
        response = problem_response(refusal)
        response.headers.update(error.headers or {})
        if error.status_code == 405 and (allowed := openapi.methods_of(request)):
            response.headers["Allow"] = allowed
        return response

    @app.exception_handler(RequestValidationError)
    async def malformed(_: Request, error: RequestValidationError) -> Response:
        errors = [
            {"pointer": "/" + "/".join(str(part) for part in e["loc"]), "detail": e["msg"]} for e in error.errors()
        ]
        return problem_response(Problem(422, "malformed", "correct the fields named in errors", errors=errors))

    async def unavailable(_: Request, error: Exception) -> Response:
        if isinstance(error, DBAPIError) and not is_unavailable(error):
            raise error
        return problem_response(UNAVAILABLE)

    @app.exception_handler(Exception)
    async def broken(_: Request, error: Exception) -> Response:
        log.critical("request.failed", cause=cause_of(error))
        problem = Problem(
            500, "our_fault", "something here is broken; nothing was changed: tell operations the trace_id"
        )
        return guarded(problem_response(problem))  # it is made outside of what guards all others

    for kind in (DatabaseUnavailable, DBAPIError, OSError, TimeoutError):
        app.add_exception_handler(kind, unavailable)
