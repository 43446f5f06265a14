"""More time to answer an offer: once, by half the time that there was, whoever asks how often."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.exc import DBAPIError

from services.scheduling import commands
from shared.events import CaseChanged, Party
from tests.scheduling import Scheduling
from tests.scheduling_http import Client, an_offer

KEY = {"Idempotency-Key": "more-time"}
EXTENDED = "puente.scheduling.offer.extended.v1"


async def test_an_offer_is_held_longer_once_and_everyone_hears_it(scheduling: Scheduling, http: Client) -> None:
    case = await an_offer(scheduling)
    before = await scheduling.live(case)

    answer = await http.call(case, "/appointment/extend", {"appointment_id": str(before.id)})
    again = await http.call(case, "/appointment/extend")

    after = await scheduling.live(case)
    assert (200, "offered", after.deadline) == (
        answer.status_code,
        answer.json()["state"],
        await said(scheduling, case),
    )
    assert (before.deadline, "pending", before.version + 1) == (after.first_deadline, after.status, after.version)
    assert before.deadline < after.deadline <= after.starts_at - timedelta(hours=12)
    assert (409, "extended_already") == (again.status_code, again.json()["code"])
    assert [EXTENDED] == (await scheduling.published(case))[1:]
    assert [(1, "scheduling"), (2, "assistant")] == await history(scheduling, after.id)


async def test_it_expires_at_its_new_deadline_and_counts_as_a_miss(scheduling: Scheduling) -> None:
    case = await an_offer(scheduling)
    await scheduling.do(lambda uow: commands.extend(uow, case.case_ref, "household"))
    offer = await scheduling.live(case)

    scheduling.clock.instant = offer.first_deadline
    await scheduling.jobs.expire_offers()
    assert "pending" == (await scheduling.live(case)).status
    scheduling.clock.instant = offer.deadline
    await scheduling.jobs.expire_offers()

    assert "offer_expired" == await scheduling.waiting(case)
    assert 1 == await scheduling.count("select offers_missed from cases where case_ref = :ref", ref=case.case_ref)


async def test_it_is_accepted_after_its_first_deadline(scheduling: Scheduling, http: Client) -> None:
    case = await an_offer(scheduling)
    await http.call(case, "/appointment/extend")
    scheduling.clock.instant = (await scheduling.live(case)).first_deadline + timedelta(minutes=1)

    answer = await http.call(case, "/appointment/accept")

    assert (200, "booked") == (answer.status_code, answer.json()["state"])


async def test_of_many_who_ask_at_once_one_extends(scheduling: Scheduling, http: Client) -> None:
    case = await an_offer(scheduling)

    answers = await asyncio.gather(*(http.call(case, "/appointment/extend") for _ in range(4)))

    assert [200, 409, 409, 409] == sorted(answer.status_code for answer in answers)
    assert [EXTENDED] == (await scheduling.published(case))[1:]


async def test_the_same_request_again_is_answered_as_it_was(scheduling: Scheduling, http: Client) -> None:
    case = await an_offer(scheduling)

    first, again = [await http.call(case, "/appointment/extend", **KEY) for _ in "12"]

    assert (200, first.content) == (again.status_code, again.content)
    assert [EXTENDED] == (await scheduling.published(case))[1:]


async def test_who_saw_an_older_case_or_another_offer_extends_nothing(scheduling: Scheduling, http: Client) -> None:
    case, other = await an_offer(scheduling), await an_offer(scheduling)
    foreign = str((await scheduling.live(other)).id)

    old = await http.call(case, "/appointment/extend", **{"If-Match": '"9"'})
    strange = await http.call(case, "/appointment/extend", {"appointment_id": foreign})

    assert [(412, "version_old"), (409, "offer_changed")] == [
        (answer.status_code, answer.json()["code"]) for answer in (old, strange)
    ]
    assert (await scheduling.live(case)).first_deadline is None


async def test_what_is_booked_over_or_too_near_is_not_extended(scheduling: Scheduling, http: Client) -> None:
    booked, over, near = [await an_offer(scheduling) for _ in range(3)]
    await http.call(booked, "/appointment/accept")
    await scheduling.set_deadline((await scheduling.live(over)).id, scheduling.clock.now())
    place = await scheduling.live(near)
    await scheduling.set_deadline(place.id, place.starts_at - timedelta(hours=12))

    answers = [await http.call(case, "/appointment/extend") for case in (booked, over, near)]

    assert ["no_open_offer", "offer_expired", "no_more_time"] == [answer.json()["code"] for answer in answers]
    assert {409} == {answer.status_code for answer in answers}


async def test_a_grown_household_that_keeps_its_place_keeps_its_time_and_gets_no_more(
    scheduling: Scheduling, http: Client
) -> None:
    case = await an_offer(scheduling)
    await http.call(case, "/appointment/extend")
    before = await scheduling.live(case)
    await scheduling.free_next_step(before)

    await scheduling.receive(case.model_copy(update={"version": 2, "party": Party(attendees=4, adults=2, children=2)}))

    after = await scheduling.live(case)
    assert (after.replaces, before.starts_at) == (before.id, after.starts_at)
    assert (before.deadline, before.first_deadline) == (after.deadline, after.first_deadline)
    assert "extended_already" == (await http.call(case, "/appointment/extend")).json()["code"]


async def test_the_database_itself_refuses_a_second_time(scheduling: Scheduling) -> None:
    case = await an_offer(scheduling)
    await scheduling.do(lambda uow: commands.extend(uow, case.case_ref, "household"))
    offer = await scheduling.live(case)

    with pytest.raises(DBAPIError, match="was extended before"):
        await scheduling.set_deadline(offer.id, offer.deadline + timedelta(hours=1))

    assert offer == await scheduling.live(case)


async def said(scheduling: Scheduling, case: CaseChanged) -> Any:
    """The deadline in the case's newest event."""
    [row] = await scheduling.rows(
        """select cast(value::jsonb -> 'appointment' ->> 'deadline' as timestamptz) as deadline from outbox
           where key = :ref order by sequence desc limit 1""",
        ref=case.case_ref,
    )
    return row.deadline


async def history(scheduling: Scheduling, id: Any) -> list[tuple[int, str]]:
    rows = await scheduling.rows(
        "select version, acted_by from appointment_history where appointment_id = :id order by version", id=id
    )
    return [(row.version, row.acted_by) for row in rows]
