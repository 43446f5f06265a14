"""What people get who come to an address that is nearly one of ours, or at which something broke: a page, in their language.

Programs, which do not ask for HTML, get problem documents as everywhere.
"""

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import RedirectResponse, Response
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from services.scheduling.web.pages import Pages
from shared.web.guarded import guarded


def install(app: FastAPI, pages: Pages, portal: APIRouter) -> None:
    """`portal` has every page. Whatever is not for people is answered as before."""
    known = {route.path for route in portal.routes if isinstance(route, APIRoute) and "GET" in (route.methods or ())}
    of_programs, broken = app.exception_handlers[HTTPException], app.exception_handlers[Exception]

    async def not_there(request: Request, error: HTTPException) -> Response:
        if not (error.status_code == 404 and _is_for_people(request, pages)):
            return await of_programs(request, error)  # type: ignore[no-any-return, misc]  # handlers have no better type
        meant = _meant(request, pages)
        if meant in known and request.method == "GET":
            query = f"?{request.url.query}" if request.url.query else ""
            return RedirectResponse(meant + query, status_code=303, headers={"Vary": "Accept-Language"})
        return pages.render("unknown.html", _language(request, pages), "", status=404)

    async def our_fault(request: Request, error: Exception) -> Response:
        said = await broken(request, error)  # type: ignore[misc]  # handlers have no better type
        language = _first(request)
        if language not in pages.catalogues:
            return said  # type: ignore[no-any-return]
        path = request.url.path.removeprefix(f"/{language}") if request.method == "GET" else ""
        return guarded(pages.render("trouble.html", language, path, status=500, sent=None))

    app.add_exception_handler(HTTPException, not_there)  # type: ignore[arg-type]  # it is called with nothing else
    app.add_exception_handler(Exception, our_fault)


def _first(request: Request) -> str:
    return request.url.path.removeprefix("/").split("/")[0].lower()


def _is_for_people(request: Request, pages: Pages) -> bool:
    return _first(request) in pages.catalogues or "text/html" in request.headers.get("accept", "")


def _language(request: Request, pages: Pages) -> str:
    return first if (first := _first(request)) in pages.catalogues else pages.language_for(request)


def _meant(request: Request, pages: Pages) -> str:
    """The address without a slash at its end, in small letters, and with a language."""
    path = request.url.path.rstrip("/").lower()
    return path if _first(request) in pages.catalogues else f"/{pages.language_for(request)}{path}"
