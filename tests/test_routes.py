"""Every route has a role, or is named here as open to anyone, with the reason."""

import base64
from collections.abc import Iterable, Iterator

import pytest
from fastapi import APIRouter, FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute

from services.intake.app import build as build_intake
from services.intake.settings import IntakeSettings
from services.notifications.app import build as build_notifications
from services.notifications.settings import NotificationsSettings
from services.scheduling.app import build as build_scheduling
from services.scheduling.settings import SchedulingSettings
from shared.web.roles import ALLOWED
from tests.letters import LETTER_KEY

OPEN = {
    "/livez": "asked by who starts us",
    "/readyz": "asked by who starts us",
    "/metrics": "figures only; not on the public listener",
    "/v1/systems/us/results": "signed by the country's system",
    "/v1/systems/mx/batches": "bears the country's token",
    "/v1/systems/ca/results": "bears the country's token",
    "/v1/sites/{site}/resources/{id}/calendar.ics": "bears the resource's own token",
    "/": "the portal: what anyone may read",
    "/assets/{name}": "the portal's style sheet",
    "/assist": "the portal: leads to where workers of resource centres sign in, in the browser's language",
    "/assets/{folder}/{name}": "the portal: scripts of the page that checks letters",
    "/verify-worker.js": "the portal: lets that page work without a network",
    "/verify": "the portal: leads to the page that checks letters, in the browser's language",
    "/.well-known/puente-letters/keys": "public keys",
    "/.well-known/puente-letters/superseded": "short hashes of references, for whoever checks letters",
    "/.well-known/puente-letters/places": "public places and their clocks",
    "/mailbox": "exists in development only",
    "/mailbox/": "exists in development only",
}

PAGES = ("/mailbox", *(f"/{language}" for language in ("es", "en", "fr", "ht", "pt")))
"""Pages that anyone may read, and those below them."""


def apps() -> Iterator[FastAPI]:
    usual = {
        "database_url": "postgresql://nobody@127.0.0.1:1/none",
        "kafka": "127.0.0.1:1",
        "port": 1,
        "tokens": {"ops": "o", "service": "s"},
        "data_key": base64.b64encode(bytes(32)).decode(),
    }
    secret = "whsec_" + base64.b64encode(bytes(32)).decode()
    others = {"scheduling_url": "http://127.0.0.1:1", "notifications_url": "http://127.0.0.1:1"}
    systems = {"us": {"secrets": [secret]}, "mx": {"tokens": ["m"]}, "ca": {"tokens": ["c"]}}
    yield build_intake(IntakeSettings.model_validate({**usual, "systems": systems, **others}))
    neighbours = {"intake_url": "http://127.0.0.1:1", "notifications_url": "http://127.0.0.1:1"}
    keys = {"letter_keys": {1: LETTER_KEY}}
    yield build_scheduling(SchedulingSettings.model_validate({**usual, **neighbours, **keys}))
    neighbours = {"intake_url": "http://127.0.0.1:1", "scheduling_url": "http://127.0.0.1:1"}
    told = {**usual, **neighbours, "portal_url": "http://127.0.0.1:1", "smtp_port": 1}
    yield build_notifications(NotificationsSettings.model_validate({**told, "mailbox_dir": "/nonexistent"}))


def roles_of(dependant: Dependant) -> set[str]:
    """The roles that a route's dependencies let pass."""
    own = set(getattr(dependant.call, ALLOWED, ()))
    return own.union(*(roles_of(each) for each in dependant.dependencies))


def flat(routes: Iterable[BaseRoute]) -> Iterator[APIRoute]:
    """The routes of an application, those of included routers too."""
    for route in routes:
        if isinstance(route, APIRoute):
            yield route
        elif isinstance(router := getattr(route, "original_router", None), APIRouter):
            yield from flat(router.routes)


def is_page(path: str) -> bool:
    return any(path == page or path.startswith(f"{page}/") for page in PAGES)


async def routes() -> list[APIRoute]:
    found = [route for app in apps() for route in flat(app.routes)]
    assert len(found) > 20
    return found


async def test_every_route_has_a_role_or_is_open_for_a_reason() -> None:
    bare = {route.path for route in await routes() if not roles_of(route.dependant)}

    assert {path for path in bare if path not in OPEN and not is_page(path)} == set()


@pytest.mark.parametrize(
    ("path", "expected"), [("/es", True), ("/es/case", True), ("/estimates", False), ("/v1/es", False)]
)
def test_only_pages_of_a_language_and_those_below_them_are_open_as_pages(path: str, expected: bool) -> None:
    assert expected is is_page(path)


@pytest.mark.parametrize(
    "path",
    [
        "/v1/cases/{case_ref}",
        "/internal/contacts",
        "/internal/people",
        "/internal/births",
        "/internal/codes",
        "/internal/own-contact",
        "/internal/contact-codes",
        "/internal/sessions/end",
        "/ops/state",
        "/v1/notices",
    ],
)
async def test_what_names_a_case_or_a_person_needs_a_role(path: str) -> None:
    found = [route for route in await routes() if route.path == path]

    assert found
    assert all(roles_of(route.dependant) for route in found)
