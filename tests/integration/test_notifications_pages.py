"""The pages and questions of notifications, through its web application."""

import mailbox
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest_asyncio

from services.notifications.app import build
from services.notifications.channels.email import MailServer, as_mime
from tests.conftest import MakeDatabase
from tests.notifications import Notifications, settings
from tests.unit.notifications_builders import AN_EMAIL, CASE_REF, a_site, a_snapshot, an_appointment

OPS = {"Authorization": "Bearer ops-token"}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def url(new_database: MakeDatabase, notifications_template: str) -> str:
    return await new_database(notifications_template)


def client_of(url: str, folder: Path | None) -> httpx.AsyncClient:
    """The application without its background parts."""
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=build(settings(url, folder))), base_url="http://x")


@pytest_asyncio.fixture(loop_scope="session")
async def pages(url: str, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(url, tmp_path / "mail") as client:
        yield client


def deliver(folder: Path, **changes: Any) -> str:
    """Puts a message into the Maildir, as the development mail server does; its key."""
    server = MailServer("mail.example", 25, "Puente <no-reply@puente.example>")
    raw = bytes(as_mime(replace(AN_EMAIL, **changes), server))
    return mailbox.Maildir(folder / "mail").add(raw)


async def test_the_mailbox_lists_what_arrived_newest_first(pages: httpx.AsyncClient, tmp_path: Path) -> None:
    deliver(tmp_path, subject="Su cita")
    deliver(tmp_path, subject="Randevou ou", language="ht")

    page = (await pages.get("/mailbox")).text

    assert page.index("Randevou ou") < page.index("Su cita")
    assert "familia@example.org" in page
    assert "<td>ht</td>" in page


async def test_a_message_is_found_by_its_case_reference(pages: httpx.AsyncClient, tmp_path: Path) -> None:
    deliver(tmp_path, text=f"Referencia: {CASE_REF}", subject="Su cita")
    deliver(tmp_path, text="another", subject="Votre rendez-vous")

    page = (await pages.get("/mailbox", params={"q": CASE_REF.lower()})).text

    assert "Su cita" in page
    assert "Votre rendez-vous" not in page


async def test_a_long_mailbox_is_read_page_by_page(pages: httpx.AsyncClient, tmp_path: Path) -> None:
    for n in range(51):
        deliver(tmp_path, subject=f"Cita {n:02}")

    first = (await pages.get("/mailbox")).text
    second = (await pages.get("/mailbox?page=2")).text

    assert first.count("<td><a ") == 50
    assert "page=2" in first
    assert second.count("<td><a ") == 1
    assert "Cita 00" in second


async def test_a_message_shows_its_text_its_html_in_a_frame_and_its_calendar_entry(
    pages: httpx.AsyncClient, tmp_path: Path
) -> None:
    key = deliver(tmp_path)

    page = (await pages.get(f"/mailbox/{key}")).text
    calendar = await pages.get(f"/mailbox/{key}/appointment.ics")

    assert "Hola, ¿qué tal?" in page
    assert f'<iframe src="/mailbox/{key}/html" title="The message as HTML" sandbox></iframe>' in page
    assert AN_EMAIL.calendar is not None
    assert calendar.content == AN_EMAIL.calendar.ics
    assert calendar.headers["content-disposition"] == 'attachment; filename="appointment.ics"'


async def test_a_message_is_shown_in_the_direction_of_its_language(pages: httpx.AsyncClient, tmp_path: Path) -> None:
    key = deliver(tmp_path, subject="موعدكم", text="تحية طيبة.", language="ar")

    listed, shown = (await pages.get("/mailbox")).text, (await pages.get(f"/mailbox/{key}")).text

    assert f'<a href="/mailbox/{key}" lang="ar" dir="auto">موعدكم</a>' in listed
    assert '<h1 lang="ar" dir="auto">موعدكم</h1>' in shown
    assert '<pre lang="ar" dir="auto">تحية طيبة.' in shown


async def test_what_a_message_holds_cannot_run(pages: httpx.AsyncClient, tmp_path: Path) -> None:
    hostile = "<script>alert(1)</script>"
    key = deliver(tmp_path, subject=hostile, text=hostile, html=hostile)

    listed = await pages.get("/mailbox", params={"q": hostile})
    shown = await pages.get(f"/mailbox/{key}")
    framed = await pages.get(f"/mailbox/{key}/html")

    for page in (listed, shown):
        assert "<script" not in page.text
        assert "&lt;script&gt;" in page.text
        assert "script-src" not in page.headers["content-security-policy"]
        assert "default-src 'none'" in page.headers["content-security-policy"]
        assert "unsafe-inline" not in page.headers["content-security-policy"]
    assert framed.headers["content-security-policy"].startswith("sandbox; default-src 'none';")


async def test_a_message_that_does_not_exist_is_not_found(pages: httpx.AsyncClient, tmp_path: Path) -> None:
    deliver(tmp_path)

    for key in ("nothing", "..%2F..%2Fetc%2Fpasswd", "."):
        assert (await pages.get(f"/mailbox/{key}/html")).status_code == 404


async def test_an_empty_mailbox_says_so(pages: httpx.AsyncClient) -> None:
    assert "Nothing has arrived yet." in (await pages.get("/mailbox")).text


async def test_without_a_development_mail_server_there_is_no_mailbox(url: str) -> None:
    async with client_of(url, None) as client:
        assert (await client.get("/mailbox")).status_code == 404


async def test_operations_see_the_notices_of_a_case_and_what_became_of_them(pages: httpx.AsyncClient, url: str) -> None:
    running = Notifications(url)
    running.contacts.usual["email"] = None
    await running.receive(a_site(), a_snapshot(an_appointment("booked")))
    await running.send()
    await running.database.close()

    (notice,) = (await pages.get("/v1/notices", params={"case_ref": CASE_REF.lower()}, headers=OPS)).json()
    state = (await pages.get("/ops/state", headers=OPS)).json()

    assert (notice["kind"], notice["state"], notice["reason"]) == ("booked", "not_reachable", "not_reachable")
    assert state["counts"]["mx"]["not_reachable"] == 1
    assert state["counts"]["us"]["notices_sent"] == 0


async def test_only_operations_may_ask_for_notices(pages: httpx.AsyncClient) -> None:
    question = {"case_ref": CASE_REF}
    service = {"Authorization": "Bearer service-token"}

    assert (await pages.get("/v1/notices", params=question)).status_code == 401
    assert (await pages.get("/v1/notices", params=question, headers=service)).status_code == 403
    assert (await pages.get("/v1/notices", params={"case_ref": "nonsense"}, headers=OPS)).status_code == 404
