"""What who checks letters without a network fetches beforehand: the keys, and the list of superseded letters."""

import asyncio
from datetime import datetime, timedelta

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response

from services.scheduling.letters import superseded_list
from services.scheduling.repository import letters
from services.scheduling.signatures import SigningKeys
from services.scheduling.web.pages import Pages
from services.scheduling.web.verify import PATH
from shared.service import Service

KEYS_AT = "/.well-known/puente-letters/keys"
SUPERSEDED_AT = "/.well-known/puente-letters/superseded"
KEPT = timedelta(minutes=5)
"""How long the two may be kept by whoever fetched them, and how often the list is made."""
CACHE = {"Cache-Control": f"public, max-age={int(KEPT.total_seconds())}", "Access-Control-Allow-Origin": "*"}
"""Anyone's verifier may fetch them, other sites' too."""


class Superseded:
    """The signed list, made once in five minutes however many ask for it."""

    def __init__(self, service: Service, keys: SigningKeys) -> None:
        self._service, self._keys = service, keys
        self._made_at: datetime | None = None
        self._signed = b""
        self._one_at_a_time = asyncio.Lock()

    async def signed(self) -> bytes:
        """The list, at most five minutes old."""
        async with self._one_at_a_time:
            now = self._service.clock.now()
            if self._made_at is None or now >= self._made_at + KEPT:
                least = await self._service.database.run(now, letters.superseded)
                self._signed, self._made_at = superseded_list(least, now, self._keys), now
            return self._signed


def add(portal: APIRouter, service: Service, pages: Pages, keys: SigningKeys) -> None:
    """`/verify` in the browser's language, the JWK set, and the signed list."""
    superseded = Superseded(service, keys)

    @portal.get(PATH)
    def in_own_language(request: Request) -> RedirectResponse:
        to = f"/{pages.language_for(request)}{PATH}"
        return RedirectResponse(to, status_code=303, headers={"Vary": "Accept-Language"})

    @portal.get(KEYS_AT)
    def published_keys() -> JSONResponse:
        return JSONResponse(keys.published, headers=CACHE, media_type="application/jwk-set+json")

    @portal.get(SUPERSEDED_AT)
    async def superseded_letters() -> Response:
        media_type = 'application/cose; cose-type="cose-sign1"'
        return Response(await superseded.signed(), headers=CACHE, media_type=media_type)
