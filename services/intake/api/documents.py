"""Documents of the three countries."""

import asyncio
from collections.abc import Callable
from typing import Annotated, Any
from uuid import uuid4

from fastapi import APIRouter, Depends, Request, Security
from fastapi.responses import JSONResponse
from fastapi.security import APIKeyHeader, HTTPBearer

from services.intake import commands
from services.intake.adapters import ca, mx, us
from services.intake.adapters.reading import DocumentRefused
from services.intake.api.bodies import body_of_kinds, charset_of, read_body, require_not_encoded, require_utf_8
from services.intake.api.senders import Senders
from services.intake.api.turns import Turns
from services.intake.domain.receipts import batch_document
from services.intake.domain.results import Reported
from services.intake.repository.documents import Document
from shared.service import Service
from shared.web.openapi import refusals
from shared.web.problems import Problem
from shared.web.roles import ALLOWED

JSON_KINDS = ("application/json", "application/x-ndjson", "application/ndjson", "application/jsonl")
XML_KINDS = ("application/xml", "text/xml")
CSV_KINDS = ("text/csv",)

SIGNED = Security(APIKeyHeader(name="webhook-signature", scheme_name="signature", auto_error=False))
WITH_TOKEN = Security(HTTPBearer(scheme_name="system token", description="The country's token", auto_error=False))

Read = Callable[[bytes, str], list[Reported]]


def read_us(body: bytes, content_type: str) -> list[Reported]:
    require_utf_8(charset_of(content_type, JSON_KINDS))
    return us.read(body)


def read_mx(body: bytes, content_type: str) -> list[Reported]:
    return mx.read(body, charset_of(content_type, CSV_KINDS))


def read_ca(body: bytes, content_type: str) -> list[Reported]:
    require_utf_8(charset_of(content_type, XML_KINDS))
    return ca.read(body)


def router(service: Service, senders: Senders) -> APIRouter:
    """The three channels. Every one answers 202 with a receipt per result, whatever became of it."""
    turns = Turns()
    api = APIRouter(prefix="/v1/systems", tags=["documents"], responses=refusals(408, 413, 415, 422))

    async def signed_by_us(request: Request) -> bytes:
        senders.require_signature_headers("us", request.headers, service.clock.now())
        body = await read_body(request)
        senders.require_signature("us", request.headers, body)
        return body

    def from_system(system: str) -> Callable[[Request], Any]:
        async def body_of(request: Request) -> bytes:
            senders.require_token(system, request.headers)
            return await read_body(request)

        setattr(body_of, ALLOWED, (system,))
        return body_of

    setattr(signed_by_us, ALLOWED, ("us",))

    async def take(system: str, request: Request, body: bytes, read: Read) -> JSONResponse:
        async with turns.of(body):
            return await _take(service, system, request, body, read)

    @api.post("/us/results", status_code=202, dependencies=[SIGNED], openapi_extra=body_of_kinds(JSON_KINDS))
    async def us_results(request: Request, body: Annotated[bytes, Depends(signed_by_us)]) -> JSONResponse:
        return await take("us", request, body, read_us)

    @api.post("/mx/batches", status_code=202, dependencies=[WITH_TOKEN], openapi_extra=body_of_kinds(CSV_KINDS))
    async def mx_batches(request: Request, body: Annotated[bytes, Depends(from_system("mx"))]) -> JSONResponse:
        return await take("mx", request, body, read_mx)

    @api.post("/ca/results", status_code=202, dependencies=[WITH_TOKEN], openapi_extra=body_of_kinds(XML_KINDS))
    async def ca_results(request: Request, body: Annotated[bytes, Depends(from_system("ca"))]) -> JSONResponse:
        return await take("ca", request, body, read_ca)

    return api


async def _take(service: Service, system: str, request: Request, body: bytes, read: Read) -> JSONResponse:
    """Reads the document beside the event loop, then judges and keeps it in one transaction."""
    document = Document(uuid4(), system, request.headers.get("content-type", ""), body)
    now, sealer = service.clock.now(), service.sealer
    try:
        require_not_encoded(request.headers.get("content-encoding", ""))
        results = await asyncio.to_thread(read, body, document.content_type)
    except DocumentRefused as refused:
        code = refused.code
        await service.database.run(now, lambda uow: commands.quarantine(uow, document, code, sealer))
        raise Problem(refused.status, code, refused.detail) from refused
    receipts, spans = await service.database.run(now, lambda uow: commands.receive(uow, document, results, sealer))
    for span in spans:
        span.end()
    return JSONResponse(batch_document(str(document.id), receipts), 202)
