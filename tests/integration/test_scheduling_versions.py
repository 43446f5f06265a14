"""Writes that name the version that was seen are refused when it is old, and say what changed since and by whom."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from services.scheduling.commands import referrals
from services.scheduling.commands.referrals import Consent
from services.scheduling.views.cases import day_view
from shared.events import System
from tests.builders import NOW, a_programme
from tests.scheduling import Scheduling
from tests.scheduling_http import CHOICE, Client, a_chooser, an_offer

KEY = {"Idempotency-Key": "8e03978e-40d5-43dd-bc93-6894a57f9324"}


PROGRAMMES = (
    a_programme(),
    CHOICE,
)


async def test_who_names_the_version_that_is_there_is_served_and_told_the_next(
    scheduling: Scheduling, http: Client
) -> None:
    case, slots = await a_chooser(scheduling)
    seen = (await http.call(case)).headers["ETag"]

    chosen = await http.choose(case, slots[0], **{"If-Match": seen})
    moved = await http.move(case, slots[9], **{"If-Match": chosen.headers["ETag"]})

    assert (seen, chosen.headers["ETag"], moved.headers["ETag"]) == ('"1"', '"2"', '"3"')
    assert (await http.call(case)).headers["ETag"] == '"3"'


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("", {"slot_id": 1}),
        ("/move", {"slot_id": 1}),
        ("/accept", None),
        ("/extend", None),
        ("/decline", None),
        ("/cancel", {"reason": "error"}),
        ("/offer-again", None),
    ],
)
async def test_who_names_an_old_version_is_told_what_changed_when_and_by_whom(
    scheduling: Scheduling, http: Client, path: str, body: Any
) -> None:
    case = await an_offer(scheduling)
    await http.call(case, "/appointment/accept", role="scheduler")
    scheduling.clock.advance(timedelta(hours=1))
    await http.call(case, "/appointment/cancel", {"reason": "household-changed"}, role="officer")
    told = await scheduling.published(case)

    refused = await http.call(case, "/appointment" + path, body, **{"If-Match": '"1"'})

    problem = refused.json()
    assert (refused.status_code, problem["code"], problem["version"]) == (412, "version_old", 3)
    assert 'If-Match: "3"' in problem["detail"]
    assert [(each["version"], each["acted_by"], each["what"]["status"]) for each in problem["changes"]] == [
        (3, "officer", "cancelled"), (2, "scheduler", "booked"),
    ]  # fmt: skip
    assert problem["changes"][0]["what"] == {
        "type": "puente.scheduling.appointment.cancelled.v1", "status": "cancelled", "reason": "household-changed",
    }  # fmt: skip
    assert problem["changes"][0]["at"] == (NOW + timedelta(hours=1)).isoformat()
    assert await scheduling.published(case) == told


@pytest.mark.parametrize("what", ["", "/accept", "/decline", "/withdraw"])
async def test_nobody_decides_about_a_referral_by_what_the_case_was_before(
    scheduling: Scheduling, http: Client, what: str
) -> None:
    case = await an_offer(scheduling)
    await http.call(case, "/appointment/decline")
    await scheduling.receive(a_programme(programme="CA-RST", system=System.CA, sites=("CA-VIS-MEX", "CA-VAC-GUA")))
    consent = Consent(given_by_household=True, recorded="phone")
    body = {"programme": "CA-RST", "consent": {"given_by_household": True, "recorded": "phone"}}
    if what:
        await scheduling.do(lambda uow: referrals.propose(uow, case.case_ref, "CA-RST", consent, acted_by="scheduler"))
    seen = (await http.call(case)).headers["ETag"]

    old = await http.call(case, f"/referral{what}", body, role="scheduler", **{"If-Match": '"1"'})
    new = await http.call(case, f"/referral{what}", body, role="scheduler", **{"If-Match": seen})

    assert (old.status_code, new.status_code) == (412, 200)
    assert new.headers["ETag"] == (await http.call(case)).headers["ETag"]


async def test_nobody_is_put_on_a_standby_list_or_taken_on_by_what_its_case_was_before(
    scheduling: Scheduling, http: Client
) -> None:
    case = await an_offer(scheduling)
    offered = await scheduling.live(case)
    day = (offered.starts_at - timedelta(days=1)).date().isoformat()
    await scheduling.accept(case, "household")
    on_the_list = {"site": offered.site, "day": day}
    old, seen = {"If-Match": '"1"'}, {"If-Match": (await http.call(case)).headers["ETag"]}

    standing_by = [await http.call(case, "/standby", on_the_list, **each) for each in (old, seen)]
    taken_on = [
        await http.call(case, "/acknowledge", {"plan": "interpreter"}, role="scheduler", **each) for each in (old, seen)
    ]

    assert [412, 200] == [answer.status_code for answer in standing_by]
    assert ["version_old", "not_without_a_place"] == [answer.json()["code"] for answer in taken_on]


async def test_an_old_version_comes_before_a_place_that_is_gone(scheduling: Scheduling, http: Client) -> None:
    (winner, slots), (loser, _) = await a_chooser(scheduling), await a_chooser(scheduling)
    await scheduling.leave_only(slots[0])
    await http.choose(winner, slots[0])

    refused = [await http.choose(loser, slots[0], **{"If-Match": seen}) for seen in ('"0"', '"1"')]

    assert [(answer.status_code, answer.json()["code"]) for answer in refused] == [
        (412, "version_old"), (409, "place_taken"),
    ]  # fmt: skip


async def test_the_same_request_again_is_answered_as_it_was_though_its_version_is_old_by_its_own_doing(
    scheduling: Scheduling, http: Client
) -> None:
    case, slots = await a_chooser(scheduling)
    named = {**KEY, "If-Match": '"1"'}

    first, again = await http.choose(case, slots[0], **named), await http.choose(case, slots[0], **named)

    assert (first.status_code, again.content) == (200, first.content)
    assert (await http.choose(case, slots[0], **{"If-Match": '"1"'})).status_code == 412


async def test_a_version_that_was_old_does_not_use_up_the_key(scheduling: Scheduling, http: Client) -> None:
    case, slots = await a_chooser(scheduling)

    old, new = [await http.choose(case, slots[0], **KEY, **{"If-Match": seen}) for seen in ('"0"', '"1"')]

    assert (old.status_code, new.status_code) == (412, 200)


async def test_a_referral_is_said_with_who_proposed_it(scheduling: Scheduling, http: Client) -> None:
    case = await an_offer(scheduling)
    await http.call(case, "/appointment/decline")
    await scheduling.receive(a_programme(programme="CA-RST", system=System.CA, sites=("CA-VIS-MEX", "CA-VAC-GUA")))
    consent = Consent(given_by_household=True, recorded="phone")
    await scheduling.do(lambda uow: referrals.propose(uow, case.case_ref, "CA-RST", consent, acted_by="scheduler"))

    refused = await http.call(case, "/appointment/offer-again", **{"If-Match": '"2"'})

    assert [(each["what"]["type"], each["acted_by"]) for each in refused.json()["changes"]] == [
        ("puente.scheduling.referral.changed.v1", "scheduler")
    ]


async def test_the_same_person_is_not_checked_in_over_what_another_recorded_meanwhile(
    scheduling: Scheduling, http: Client
) -> None:
    case = await an_offer(scheduling)
    await http.call(case, "/appointment/accept")
    appointment = await scheduling.live(case)
    scheduling.clock.instant = appointment.starts_at + timedelta(minutes=31)
    day = await scheduling.do(lambda uow: day_view(uow, appointment.site, appointment.wall_time.date()))
    at = httpx.AsyncClient(transport=http.transport, base_url=f"http://x/v1/appointments/{appointment.id}/")

    async with at as client:
        client.headers.update({"Authorization": "Bearer officer", "If-Match": f'"{day[0]["version"]}"'})
        missed = await client.post("miss")
        refused = [await client.post(path) for path in ("arrive", "not-here", "miss", "excuse", "fulfil", "not-heard")]
        refused.append(await client.post("check-in", json={"present": 3}))
        excused = await client.post("excuse", headers={"If-Match": missed.headers["ETag"]})

    assert (missed.status_code, missed.headers["ETag"], excused.status_code) == (200, '"3"', 200)
    assert {(answer.status_code, answer.json()["code"]) for answer in refused} == {(412, "version_old")}
    change = refused[0].json()["changes"][0]
    assert (change["version"], change["acted_by"]) == (3, "officer")
    assert change["what"] == {"status": "noshow", "reason": "applicant-unable"}


async def test_a_version_that_is_none_is_malformed_and_so_is_a_key(scheduling: Scheduling, http: Client) -> None:
    case = await an_offer(scheduling)

    answers = [
        await http.call(case, "/appointment/accept", **headers)
        for headers in ({"If-Match": "*"}, {"If-Match": "three"}, {"Idempotency-Key": "a b"}, {"Idempotency-Key": ""})
    ]

    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [
        (422, "version_malformed"), (422, "version_malformed"), (422, "malformed"), (422, "malformed"),
    ]  # fmt: skip


async def test_a_key_in_quotes_is_the_same_key(scheduling: Scheduling, http: Client) -> None:
    case = await an_offer(scheduling)
    first = await http.call(case, "/appointment/accept", **{"Idempotency-Key": "k"})
    await http.call(case, "/appointment/cancel", {"reason": "error"}, role="officer")

    again = await http.call(case, "/appointment/accept", **{"Idempotency-Key": '"k"'})

    assert again.content == first.content


def test_every_write_of_an_appointment_documents_its_version_and_the_refusal_of_an_old_one(http: Client) -> None:
    writes = {
        path: operation["post"]
        for path, operation in http.app.openapi()["paths"].items()
        if "post" in operation and ("/appointment" in path)
    }

    headers = {path: {each["name"] for each in write["parameters"]} for path, write in writes.items()}
    assert len(writes) == 14
    assert {path for path, write in writes.items() if "412" not in write["responses"]} == set()
    assert {path for path, names in headers.items() if "if-match" not in names} == set()
    assert {path for path, names in headers.items() if "idempotency-key" in names} == {
        path for path in writes if path.startswith("/v1/cases/")
    }
