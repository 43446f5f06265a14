"""What who checks letters without a network fetches beforehand: the keys, the list of superseded letters, and the places."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response

from services.scheduling.domain.zones import offsets
from services.scheduling.letters.signatures import SigningKeys
from services.scheduling.letters.text import superseded_list
from services.scheduling.repository import letters, reference
from services.scheduling.web.pages import Pages
from services.scheduling.web.presented import Site, place_and_address
from services.scheduling.web.verify import PATH
from shared.clock import zone_named
from shared.service import Service

T = TypeVar("T")

KEYS_AT = "/.well-known/puente-letters/keys"
SUPERSEDED_AT = "/.well-known/puente-letters/superseded"
PLACES_AT = "/.well-known/puente-letters/places"
ADDRESSES = {"keys": KEYS_AT, "superseded": SUPERSEDED_AT, "places": PLACES_AT}
KEPT = timedelta(minutes=5)
"""How long keys and places may be kept by whoever fetched them, and how often what is told is made anew in any case."""
LOOKED_AGAIN = timedelta(seconds=2)
"""How often it is looked whether a letter was superseded: a moved date's old letter is refused within seconds."""
REST = 20
"""A list is made again no sooner than after so many times as long as making it took, whatever happens meanwhile."""
OPEN = {"Access-Control-Allow-Origin": "*"}
"""Anyone's verifier may fetch them, other sites' too."""
CLOCKS_KNOWN = timedelta(days=400)
"""How far back and ahead the offsets of zones are told: letters that ended are read too, and slots open 90 days ahead."""


class Made(Generic[T]):
    """Something that is made once however many ask for it, and again when its `mark` is another one."""

    def __init__(
        self,
        service: Service,
        make: Callable[[datetime], Awaitable[T]],
        mark: Callable[[datetime], Awaitable[object]],
        looked_again: timedelta,
    ) -> None:
        self._service, self._make, self._mark, self._looked_again = service, make, mark, looked_again
        self._made: tuple[object, datetime, T] | None = None
        self._look_at: datetime | None = None
        self._one_at_a_time = asyncio.Lock()

    async def newest(self) -> T:
        """It, as it was when its mark was last looked at, and at most five minutes old."""
        async with self._one_at_a_time:
            now = self._service.clock.now()
            if self._made is None or self._look_at is None or now >= self._look_at:
                self._made, took = await self._looked_at(now)
                self._look_at = now + max(self._looked_again, REST * took)
            return self._made[2]

    async def _looked_at(self, now: datetime) -> tuple[tuple[object, datetime, T], timedelta]:
        """The mark comes first: what changes while it is made is seen the next time."""
        mark = await self._mark(now)
        if self._made and self._made[0] == mark and now < self._made[1] + KEPT:
            return self._made, timedelta()
        began = time.monotonic()
        made = await self._make(now)
        return (mark, now, made), timedelta(seconds=time.monotonic() - began)


def add(portal: APIRouter, service: Service, pages: Pages, keys: SigningKeys) -> None:
    """`/verify` in the browser's language, the JWK set, the signed list, and the places with their clocks."""

    async def sign_list(now: datetime) -> bytes:
        return superseded_list(await service.database.run(now, letters.superseded), now, keys)

    async def name_places(now: datetime) -> dict[str, Any]:
        return places(await service.database.run(now, reference.sites_with_addresses), now)

    async def changed(now: datetime) -> object:
        return await service.database.run(now, letters.mark)

    async def only_time(now: datetime) -> object:
        return None

    superseded = Made(service, sign_list, changed, LOOKED_AGAIN)
    known_places = Made(service, name_places, only_time, KEPT)

    @portal.get(PATH)
    def in_own_language(request: Request) -> RedirectResponse:
        return pages.redirect(request, PATH)

    @portal.get(KEYS_AT)
    def published_keys() -> JSONResponse:
        return JSONResponse(keys.published, headers=_kept_for(KEPT), media_type="application/jwk-set+json")

    @portal.get(SUPERSEDED_AT)
    async def superseded_letters() -> Response:
        media_type = 'application/cose; cose-type="cose-sign1"'
        return Response(await superseded.newest(), headers=_kept_for(LOOKED_AGAIN), media_type=media_type)

    @portal.get(PLACES_AT)
    async def named_places() -> JSONResponse:
        return JSONResponse(await known_places.newest(), headers=_kept_for(KEPT))


def _kept_for(span: timedelta) -> dict[str, str]:
    return {"Cache-Control": f"public, max-age={int(span.total_seconds())}", **OPEN}


def places(sites: Any, now: datetime) -> dict[str, Any]:
    """Each site as people read it, and the clocks of their zones by our zone data: that of an old phone may be wrong."""
    named = {}
    for row in sites:
        place, address = place_and_address(Site(row.name, row.city, row.address, row.illustrative))
        named[row.site] = {"city": row.city, "place": place, "address": address}
    zones = sorted({row.zone for row in sites})
    clocks = {zone: offsets(zone_named(zone), now - CLOCKS_KNOWN, now + CLOCKS_KNOWN) for zone in zones}
    return {"sites": named, "zones": clocks}
