"""The development mailbox: what households would have received. Exists only beside a development mail server.

A message is shown as its receiver would see it, its HTML in a frame that may run and load nothing.
"""

from itertools import islice
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse, Response
from jinja2 import Environment, PackageLoader, StrictUndefined

from services.notifications.web.inbox import Inbox, Mail, NoSuchMessage

PAGE_SIZE = 50

GUARDED = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; frame-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
FRAMED = {
    **GUARDED,
    "Content-Security-Policy": "sandbox; default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'",
}
"""For the HTML of a message: its own inline styles, and nothing else at all."""


def router(folder: Path) -> APIRouter:
    """The pages at /mailbox for a Maildir."""
    api, inbox = APIRouter(prefix="/mailbox", include_in_schema=False), Inbox(folder)
    pages = Environment(
        loader=PackageLoader("services.notifications.web"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )

    def page(name: str, **values: Any) -> HTMLResponse:
        return HTMLResponse(pages.get_template(name).render(**values), headers=GUARDED)

    @api.get("")
    def messages(
        q: Annotated[str, Query(max_length=200)] = "",
        page_number: Annotated[int, Query(alias="page", ge=1, le=100_000)] = 1,
    ) -> HTMLResponse:
        words, first = q.strip(), (page_number - 1) * PAGE_SIZE
        found = list(islice(inbox.mails(words), first, first + PAGE_SIZE + 1))
        newer = _link(words, page_number - 1) if page_number > 1 else None
        older = _link(words, page_number + 1) if len(found) > PAGE_SIZE else None
        rows = [_row(mail) for mail in found[:PAGE_SIZE]]
        return page("mailbox.html", rows=rows, words=words, newer=newer, older=older)

    @api.get("/style.css")
    def style() -> Response:
        source, _, _ = pages.loader.get_source(pages, "mailbox.css")  # type: ignore[union-attr]  # set above
        return Response(source, media_type="text/css", headers={"X-Content-Type-Options": "nosniff"})

    @api.get("/{key}")
    def message(key: str) -> HTMLResponse:
        mail = inbox.mail(key)
        return page("mail.html", mail=_row(mail), text=mail.text, has_html=inbox.html(key), has_ics=inbox.calendar(key))

    @api.get("/{key}/html")
    def html(key: str) -> HTMLResponse:
        return HTMLResponse(inbox.html(key), headers=FRAMED)

    @api.get("/{key}/appointment.ics")
    def calendar(key: str) -> Response:
        entry = inbox.calendar(key)
        if not entry:
            raise NoSuchMessage
        headers = {**GUARDED, "Content-Disposition": 'attachment; filename="appointment.ics"'}
        return Response(entry, media_type="text/calendar; charset=utf-8", headers=headers)

    return api


def _row(mail: Mail) -> dict[str, str]:
    return {
        "link": f"/mailbox/{mail.key}",
        "to": mail.to,
        "subject": mail.subject,
        "language": mail.language,
        "arrived": f"{mail.arrived_at:%Y-%m-%d %H:%M:%S} UTC",
    }


def _link(words: str, page_number: int) -> str:
    return "/mailbox?" + urlencode({"q": words, "page": page_number})
