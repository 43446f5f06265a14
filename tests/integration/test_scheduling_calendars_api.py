"""Calendars over HTTP: who may, which version was seen, what a refusal says."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio

from services.scheduling.app import build
from shared.clock import FixedClock
from tests.builders import NOW
from tests.calendars import TAP, weekday
from tests.conftest import MakeDatabase
from tests.scheduling import prepared, settings

SITE = f"/v1/sites/{TAP}"
CLOSURE = {"first_day": weekday().isoformat(), "last_day": weekday().isoformat(), "reason": "flood", "source": "radio"}


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def template(new_database: MakeDatabase) -> str:
    return await prepared(await new_database("template0"))


@pytest_asyncio.fixture(loop_scope="session")
async def http(new_database: MakeDatabase, template: str) -> AsyncIterator[httpx.AsyncClient]:
    app = build(settings(await new_database(template)), FixedClock(NOW))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://scheduling") as client:
        yield client
    await app.state.service.database.close()


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
