"""The pages that anyone may read: what this is, what is open now and where, and that it is free."""

from collections.abc import Callable

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from services.scheduling.repository import reference
from services.scheduling.web import audio
from services.scheduling.web.overview import KnownSite, ProgrammeShown, by_country
from services.scheduling.web.pages import FOR_A_YEAR, Pages
from shared.db import UnitOfWork
from shared.events import System
from shared.service import Service
from shared.web.problems import Problem


def router(service: Service, pages: Pages, more: Callable[[APIRouter, str], None]) -> APIRouter:
    """`/`, the start page of each language, and the files that pages load.

    `more` adds the other pages of a language.
    """
    portal = APIRouter(include_in_schema=False)

    @portal.get("/")
    def start_in_own_language(request: Request) -> RedirectResponse:
        return pages.redirect(request)

    @portal.get("/assets/{name}")
    def asset(request: Request, name: str) -> Response:
        if heard := audio.at(f"/assets/{name}", pages.voices):
            return audio.in_part(heard, request.headers.get("range", ""), {"Cache-Control": FOR_A_YEAR})
        file = pages.files.get(f"/assets/{name}")
        if file is None:
            raise Problem(404, "not_found", "this file has a newer name: load the page again")
        headers = {"Cache-Control": FOR_A_YEAR, "Vary": "Accept-Encoding"}
        if "gzip" not in request.headers.get("accept-encoding", ""):
            return Response(file.content, media_type=file.media_type, headers=headers)
        return Response(file.small, media_type=file.media_type, headers={**headers, "Content-Encoding": "gzip"})

    for language in pages.catalogues:
        _add_start(portal, service, pages, language)
        more(portal, language)
    return portal


def _add_start(portal: APIRouter, service: Service, pages: Pages, language: str) -> None:
    @portal.get(f"/{language}")
    async def start() -> HTMLResponse:
        async def read(uow: UnitOfWork) -> dict[System, list[ProgrammeShown]]:
            sites = {
                row.site: KnownSite(row.name, row.city, row.is_open, row.illustrative)
                for row in await reference.sites_in_public(uow)
            }
            return by_country((await reference.known_programmes(uow)).values(), sites)

        countries = await service.run(read)
        return pages.render("start.html", language, "", countries=countries)
