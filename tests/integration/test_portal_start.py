"""The portal's start page: readable without a case, in every language, light, and with its guards."""

import gzip
import re
from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio

from deploy.assets import BUILT as STYLE
from deploy.assets import build as build_style
from services.scheduling.app import build
from shared.clock import FixedClock
from shared.events import Allocation, ProgrammeStatus, System
from tests.builders import NOW, a_programme
from tests.conftest import MakeDatabase
from tests.scheduling import Scheduling, settings

LANGUAGES = ["es", "en", "fr", "ht", "pt"]


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def portal(new_database: MakeDatabase, scheduling_template: str) -> AsyncIterator[httpx.AsyncClient]:
    """A browser at a portal that knows one open programme of Mexico and a closed one of the United States."""
    if not STYLE.exists():
        build_style()
    url = await new_database(scheduling_template)
    scheduling = Scheduling(url)
    closed = a_programme(
        programme="US-CBP1",
        system=System.US,
        title="Port-of-entry <appointments>",
        status=ProgrammeStatus.CLOSED,
        pathway="unheard-of",
        allocation=Allocation.DRAW,
        sites=("US-POE-SYS",),
    )
    await scheduling.receive(closed, a_programme())
    app = build(settings(url), FixedClock(NOW))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://portal") as browser:
        yield browser
    await scheduling.database.close()


def texts(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


@pytest.mark.parametrize("language", LANGUAGES)
async def test_the_start_page_says_in_each_language_what_is_open_where_and_that_it_is_free(
    portal: httpx.AsyncClient, language: str
) -> None:
    page = await portal.get(f"/{language}")

    words = {
        "es": ("Es gratis", "abierto", "cerrado", "México"),
        "en": ("It is free", "open", "closed", "Mexico"),
        "fr": ("C’est gratuit", "ouvert", "fermé", "Mexique"),
        "ht": ("Li gratis", "louvri", "fèmen", "Meksik"),
        "pt": ("É gratuito", "aberto", "encerrado", "México"),
    }
    assert (200, language) == (page.status_code, page.headers["content-language"])
    assert f'<html lang="{language}" dir="ltr"' in page.text
    shown = texts(page.text)
    assert [] == [word for word in (*words[language], "Tapachula", "San Ysidro") if word not in shown]
    assert shown.index("Refugee status interview") > shown.index("appointments&gt;")


async def test_what_programmes_bring_along_is_shown_as_text_and_an_unknown_pathway_as_it_is(
    portal: httpx.AsyncClient,
) -> None:
    page = await portal.get("/en")

    assert "Port-of-entry &lt;appointments&gt;" in page.text
    assert "unheard-of" in page.text


@pytest.mark.parametrize(
    ("asked", "language"),
    [
        ("ht-HT,fr;q=0.8", "ht"),
        ("ar,fr;q=0.8", "fr"),
        ("de, pt-BR;q=0.5, en;q=0.4", "pt"),
        ("zh", "es"),
        ("", "es"),
        ("en;q=x", "es"),
    ],
)
async def test_the_bare_address_leads_to_the_browsers_language_else_to_spanish(
    portal: httpx.AsyncClient, asked: str, language: str
) -> None:
    page = await portal.get("/", headers={"Accept-Language": asked})

    assert (303, f"/{language}") == (page.status_code, page.headers["location"])


async def test_every_page_leads_to_itself_in_the_other_languages(portal: httpx.AsyncClient) -> None:
    page = await portal.get("/es")

    assert {f"/{tag}" for tag in LANGUAGES if tag != "es"} == set(re.findall(r'href="([^"]+)" hreflang', page.text))


async def test_a_language_that_nobody_has_reviewed_is_offered_only_when_settings_say_so(
    portal: httpx.AsyncClient,
) -> None:
    app = build(settings("postgresql://nobody@127.0.0.1:1/none", drafts=["ar"]), FixedClock(NOW))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://portal") as browser:
        draft = await browser.get("/ar/no/such/page")

    assert 404 == (await portal.get("/ar")).status_code
    assert '<html lang="ar" dir="rtl"' in draft.text
    assert 'hreflang="es"' in draft.text


async def test_an_address_that_does_not_exist_leads_back_to_the_start(portal: httpx.AsyncClient) -> None:
    page = await portal.get("/fr/nulle/part")

    assert 404 == page.status_code
    assert 'href="/fr"' in page.text
    assert "Cette page n’existe pas" in page.text


async def test_the_first_load_is_light_and_loads_nothing_from_elsewhere(portal: httpx.AsyncClient) -> None:
    page = await portal.get("/en")
    loaded = re.findall(r'(?:src|href)="([^"]+\.(?:css|js|png|svg|woff2?))"', page.text)
    parts = [page.content] + [(await portal.get(path)).content for path in loaded]

    assert [] == re.findall(r'(?:src|href)="(?:https?:)?//', page.text)
    assert 1 == len(loaded)
    assert sum(len(gzip.compress(part)) for part in parts) < 60_000


@pytest.mark.parametrize("path", ["/", "/en", "/en/nowhere", "/livez", "/v1/cases/x", "/nowhere", "/assets/none.css"])
async def test_every_response_has_the_guards_of_its_kind(portal: httpx.AsyncClient, path: str) -> None:
    headers = (await portal.get(path)).headers

    assert "default-src 'none'" in headers["content-security-policy"]
    assert "script-src" not in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert ("nosniff", "no-referrer", "no-store", "same-origin") == tuple(
        headers[name]
        for name in ("x-content-type-options", "referrer-policy", "cache-control", "cross-origin-opener-policy")
    )


@pytest.mark.parametrize("path", ["/en/case", "/en/verify/case", "/en/assist"])
async def test_a_page_with_a_form_runs_our_script_and_nobody_elses(portal: httpx.AsyncClient, path: str) -> None:
    page = await portal.get(path)
    [script] = re.findall(r"<script[^>]*>", page.text)
    [address] = re.findall(r'^<script type="module" src="(/assets/portal-\w{12}\.js)">$', script)
    answer = await portal.get(address)

    assert page.headers["content-security-policy"].endswith("; script-src 'self'")
    assert 0 == len(re.findall(r" on\w+=", page.text))
    assert ("text/javascript", True) == (
        answer.headers["content-type"].partition(";")[0],
        "immutable" in answer.headers["cache-control"],
    )
    assert len(gzip.compress(answer.content)) < 6_000


async def test_the_style_sheet_may_be_kept_because_its_name_changes_with_it(portal: httpx.AsyncClient) -> None:
    [path] = re.findall(r'href="([^"]+\.css)"', (await portal.get("/en")).text)
    style = await portal.get(path)

    assert "immutable" in style.headers["cache-control"]
    assert "govuk-body" in style.text
    assert "GDS Transport" not in style.text
