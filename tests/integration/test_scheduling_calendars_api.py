"""Calendars over HTTP: who may, which version was seen, what a refusal says."""

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio

from services.scheduling.app import build
from services.scheduling.repository.reference import take_in_programmes
from shared.clock import FixedClock
from shared.db import Database
from tests.builders import NOW, a_programme
from tests.calendars import TAP, weekday
from tests.conftest import MakeDatabase
from tests.lent import give_back, lend
from tests.scheduling import settings

SITE = f"/v1/sites/{TAP}"
CLOSURE = {"first_day": weekday().isoformat(), "last_day": weekday().isoformat(), "reason": "flood", "source": "radio"}


@pytest_asyncio.fixture(loop_scope="session")
async def http(new_database: MakeDatabase, scheduling_template: str) -> AsyncIterator[httpx.AsyncClient]:
    database = Database(await new_database(scheduling_template))
    app = lend(build, settings(database.url), database, FixedClock(NOW))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://scheduling") as client:
        yield client
    await database.close()
    give_back(build, app)


def by(role: str, version: str | None = None) -> dict[str, str]:
    return {"Authorization": f"Bearer {role}", **({"If-Match": version} if version else {})}


async def add_closure(http: httpx.AsyncClient, headers: dict[str, str], **changes: Any) -> httpx.Response:
    return await http.post(f"{SITE}/closures", json={**CLOSURE, **changes}, headers=headers)


async def test_a_closure_is_shown_then_added_then_read_under_a_new_version(http: httpx.AsyncClient) -> None:
    seen = (await http.get(SITE, headers=by("officer"))).headers["ETag"]

    shown = await http.post(f"{SITE}/closures", json=CLOSURE, headers=by("scheduler", seen), params={"dry_run": "true"})
    added = await add_closure(http, by("scheduler", seen))

    assert (shown.status_code, added.status_code) == (200, 200)
    assert (shown.json()["slots"], "ETag" in shown.headers) == (added.json()["slots"], False)
    read = await http.get(f"{SITE}/closures", headers=by("officer"))
    assert read.headers["ETag"] == added.headers["ETag"] != seen
    assert [each["reason"] for each in read.json()] == ["flood"]


async def test_a_resource_its_hours_and_their_end_are_kept_over_http(http: httpx.AsyncClient) -> None:
    desk = {"kind": "desk", "name": "desk 9", "programmes": ["MX-REF"]}
    made = await http.post(f"{SITE}/resources", json=desk, headers=by("ops", '"1"'))
    hours = {
        "resource_id": made.json()["what"]["after"]["id"], "rrule": "FREQ=WEEKLY;BYDAY=SA", "valid_from": "2026-11-01",
        "opens": "09:00", "closes": "12:00",
    }  # fmt: skip

    opened = await http.post(f"{SITE}/opening-rules", json=hours, headers=by("ops", made.headers["ETag"]))
    rule = f"{SITE}/opening-rules/{opened.json()['what']['after']['id']}"
    ended = await http.patch(rule, json={"is_lifted": True}, headers=by("ops", opened.headers["ETag"]))

    assert (made.json()["slots"]["made"], opened.json()["slots"]["made"]) == (0, 13 * 12)
    assert ended.json()["slots"]["deleted"] == 13 * 12
    assert ended.json()["what"]["after"]["version"] == 2


async def test_a_change_must_name_the_version_that_was_seen(http: httpx.AsyncClient) -> None:
    answers = [await add_closure(http, headers) for headers in (by("ops"), by("ops", "three"), by("ops", '"7"'))]

    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [
        (428, "version_missing"),
        (422, "version_malformed"),
        (412, "version_old"),
    ]


async def test_an_old_version_is_answered_with_what_changed_and_by_whom(http: httpx.AsyncClient) -> None:
    await http.patch(SITE, json={"name": "COMAR"}, headers=by("ops", '"1"'))

    refused = await add_closure(http, by("scheduler", '"1"'))

    assert refused.headers["Content-Type"] == "application/problem+json"
    change = refused.json()["changes"][0]
    assert (change["version"], change["acted_by"], change["what"]["after"]["name"]) == (2, "ops", "COMAR")


async def test_officers_read_and_do_not_change_and_assistants_do_neither(http: httpx.AsyncClient) -> None:
    paths = ["", "/resources", "/opening-rules", "/closures", "/stranded"]

    read = {(await http.get(SITE + path, headers=by("officer"))).status_code for path in paths}
    refused = [
        await add_closure(http, by("officer", '"1"')),
        *[await http.get(SITE + path, headers=by("assistant")) for path in paths],
    ]

    assert read == {200}
    assert {answer.status_code for answer in refused} == {403}
    assert len((await http.get("/v1/sites", headers=by("officer"))).json()) == 24


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("/v1/sites/NOWHERE/closures", CLOSURE, 404, "site_unknown"),
        (f"{SITE}/closures", {**CLOSURE, "last_day": "2026-01-01"}, 422, "closure_impossible"),
        (f"{SITE}/closures", {**CLOSURE, "note": "x"}, 422, "malformed"),
        (f"{SITE}/resources", {"kind": "desk", "name": "desk 1"}, 409, "name_taken"),
        (f"{SITE}/resources", {"kind": "desk", "name": "desk 9", "capacity": 0}, 422, "malformed"),
        (
            f"{SITE}/opening-rules",
            {
                "resource_id": "00000000-0000-0000-0000-000000000000",
                "rrule": "FREQ=DAILY",
                "valid_from": "2026-11-01",
                "opens": "09:00",
                "closes": "12:00",
            },
            404,
            "resource_unknown",
        ),
    ],
)
async def test_what_cannot_be_is_refused_with_a_stable_code(
    http: httpx.AsyncClient, path: str, body: dict[str, Any], status: int, code: str
) -> None:
    refused = await http.post(path, json=body, headers=by("ops", '"1"'))

    assert (refused.status_code, refused.json()["code"]) == (status, code)
    assert (await http.get(SITE, headers=by("ops"))).headers["ETag"] == '"1"'


async def test_a_row_of_another_site_cannot_be_changed_through_this_one(http: httpx.AsyncClient) -> None:
    elsewhere = (await http.get("/v1/sites/MX-TIJ-01/opening-rules", headers=by("ops"))).json()[0]
    desk = (await http.get("/v1/sites/MX-TIJ-01/resources", headers=by("ops"))).json()[0]

    refused = [
        await http.patch(f"{SITE}/opening-rules/{elsewhere['id']}", json={"opens": "10:00"}, headers=by("ops", '"1"')),
        await http.patch(f"{SITE}/resources/{desk['id']}", json={"capacity": 2}, headers=by("ops", '"1"')),
    ]

    assert [answer.status_code for answer in refused] == [404, 404]


async def test_a_closing_may_ask_for_the_rebooking_of_whom_it_strands_and_its_orders_are_listed(
    http: httpx.AsyncClient,
) -> None:
    seen = (await http.get(SITE, headers=by("officer"))).headers["ETag"]

    kept, rebooked, wrong = [
        await http.post(
            f"{SITE}/closures",
            json=CLOSURE,
            headers=by("scheduler", seen),
            params={"stranded": fate, "dry_run": "true"},
        )
        for fate in ("keep", "rebook", "forget")
    ]

    assert (kept.json()["rebooking"], wrong.status_code) == (None, 422)
    assert (rebooked.json()["rebooking"]["households"], rebooked.json()["rebooking"]["places"]) == (0, [])
    orders = await http.get(f"{SITE}/rebookings", headers=by("officer"))
    assert (orders.status_code, orders.json(), orders.headers["ETag"]) == (200, [], seen)


# New sites

NEW_SITE = {
    "site": "MX-TGZ-01", "system": "mx", "name": "COMAR Tuxtla", "city": "Tuxtla Gutiérrez", "address": "3a Norte 12",
    "zone": "America/Mexico_City", "holidays": "MX", "admin_area": "CS", "programmes": ["MX-REF"],
}  # fmt: skip


async def test_a_new_site_is_shown_then_made_then_published_and_its_calendar_can_be_kept(
    http: httpx.AsyncClient,
) -> None:
    shown = await http.post("/v1/sites", json=NEW_SITE, headers=by("scheduler"), params={"dry_run": "true"})
    assert (await http.get("/v1/sites/MX-TGZ-01", headers=by("officer"))).status_code == 404

    made = await http.post("/v1/sites", json=NEW_SITE, headers=by("scheduler"))

    assert (shown.json()["what"], "ETag" in shown.headers) == (made.json()["what"], False)
    read = await http.get("/v1/sites/MX-TGZ-01", headers=by("officer"))
    assert (read.headers["ETag"], made.headers["ETag"]) == ('"1"', '"1"')
    assert read.json() == {**NEW_SITE, "version": 1, "is_open": True, "illustrative": False}
    desk = {"kind": "desk", "name": "desk 1", "programmes": ["MX-REF"], "accommodations": ["wheelchair"]}
    opened = await http.post("/v1/sites/MX-TGZ-01/resources", json=desk, headers=by("ops", '"1"'))
    assert opened.json()["what"]["after"]["accommodations"] == ["wheelchair"]
    assert await published(http, "MX-TGZ-01") == [(1, "America/Mexico_City"), (2, "America/Mexico_City")]


async def published(http: httpx.AsyncClient, site: str) -> list[tuple[int, str]]:
    """The versions of the site that were published, each with its zone."""
    app = http._transport.app  # type: ignore[attr-defined]  # the application under test
    rows = await app.state.service.database.run(
        NOW, lambda uow: uow.rows("select sequence, value from outbox where key = :key order by id", key=site)
    )
    return [(row.sequence, json.loads(row.value)["zone"]) for row in rows]


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"site": TAP}, 409, "site_exists"),
        ({"site": "tapachula"}, 422, "malformed"),
        ({"zone": "America/Tapachula"}, 422, "site_impossible"),
        ({"zone": "America"}, 422, "site_impossible"),
        ({"holidays": "ZZ"}, 422, "site_impossible"),
        ({"holidays": "mexico"}, 422, "site_impossible"),
        ({"system": "gt"}, 422, "malformed"),
    ],
)
async def test_a_site_that_cannot_be_is_refused(
    http: httpx.AsyncClient, change: dict[str, str], status: int, code: str
) -> None:
    refused = await http.post("/v1/sites", json={**NEW_SITE, **change}, headers=by("scheduler"))

    assert (refused.status_code, refused.json()["code"]) == (status, code)
    assert len((await http.get("/v1/sites", headers=by("ops"))).json()) == 24


async def test_a_site_in_another_zone_keeps_its_hours_by_its_own_clock(http: httpx.AsyncClient) -> None:
    moved = await http.patch(SITE, json={"zone": "America/Cancun", "city": "Cancún"}, headers=by("ops", '"1"'))

    assert (moved.status_code, moved.json()["what"]["after"]["zone"]) == (200, "America/Cancun")
    assert moved.json()["slots"]["made"] > 0
    assert moved.json()["slots"]["kept"] == 0


async def test_a_programme_of_another_country_is_no_programme_of_the_site(http: httpx.AsyncClient) -> None:
    app = http._transport.app  # type: ignore[attr-defined]  # the application under test
    foreign = a_programme(programme="US-RFA", system="us")
    await app.state.service.database.run(NOW, lambda uow: take_in_programmes(uow, [foreign]))

    refused = await http.patch(SITE, json={"programmes": ["MX-REF", "US-RFA"]}, headers=by("ops", '"1"'))

    assert (refused.status_code, refused.json()["code"]) == (422, "site_impossible")


@pytest.mark.parametrize(
    "change",
    [{"accommodations": ["heard-apart"], "kind": "window"}, {"modes": ["signed"]}, {"is_remote": True}],
)
async def test_a_resource_that_could_not_give_what_is_said_of_it_is_refused(
    http: httpx.AsyncClient, change: dict[str, Any]
) -> None:
    desk = {"kind": "desk", "name": "desk 9", **change}

    refused = await http.post(f"{SITE}/resources", json=desk, headers=by("ops", '"1"'))

    assert (refused.status_code, refused.json()["code"]) == (422, "resource_impossible")
