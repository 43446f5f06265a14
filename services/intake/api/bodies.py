"""Bodies of requests: read up to a limit, within a time, and of the agreed kind."""

import asyncio
from collections.abc import Collection
from typing import Any

from fastapi import Request
from starlette.requests import ClientDisconnect

from services.intake.adapters.reading import MAX_BYTES, DocumentRefused
from shared.web.problems import Problem

BODY_SECONDS = 30
"""Longest time for a body of at most 5 MB to arrive."""


async def read_body(request: Request) -> bytes:
    """The body. Raises: Problem 413 as soon as it is known to be too large, 408 when it does not arrive in time."""
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared[:12]) > MAX_BYTES:
        raise _too_large()
    try:
        async with asyncio.timeout(BODY_SECONDS):
            return await _received(request)
    except TimeoutError as error:
        raise Problem(408, "body_too_slow", f"send the body within {BODY_SECONDS} seconds") from error
    except ClientDisconnect as error:
        raise Problem(400, "body_incomplete", "the connection ended before the body did; send it again") from error


async def _received(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BYTES:
            raise _too_large()
    return bytes(body)


def _too_large() -> Problem:
    return Problem(413, "document_too_large", f"a document has at most {MAX_BYTES} bytes; send several")


def charset_of(content_type: str, allowed: Collection[str]) -> str | None:
    """The charset that a content type names. Raises: DocumentRefused 415 when it is none of the allowed kinds."""
    kind, *parameters = (part.strip() for part in content_type.split(";"))
    if kind.lower() not in allowed:
        raise DocumentRefused(415, "content_type_unsupported", f"send it as {' or '.join(allowed)}")
    named = {name.strip().lower(): value for name, _, value in (each.partition("=") for each in parameters)}
    return named.get("charset", "").strip().strip('"') or None


def require_not_encoded(encoding: str) -> None:
    """Raises: DocumentRefused 415 for a compressed body: what a few bytes grow to is not known before."""
    if encoding.strip().lower() not in ("", "identity"):
        raise DocumentRefused(
            415, "content_encoding_unsupported", "send the document as it is, without Content-Encoding"
        )


def body_of_kinds(kinds: Collection[str]) -> dict[str, Any]:
    """The request body of the OpenAPI document: a document of one of these kinds."""
    return {"requestBody": {"required": True, "content": {kind: {"schema": {"type": "string"}} for kind in kinds}}}


def require_utf_8(charset: str | None) -> None:
    """Raises: DocumentRefused 415."""
    if charset is not None and charset.lower() not in ("utf-8", "utf8", "us-ascii"):
        raise DocumentRefused(415, "charset_unsupported", "send the document as UTF-8")
