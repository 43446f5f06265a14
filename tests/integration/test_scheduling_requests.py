"""Requests that name a key are carried out once and answered again: over HTTP, in two processes, after a lost answer."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import pytest

from services.scheduling.commands.choosing import Choosing, choose_together
from services.scheduling.commands.requests import kept_key
from shared import tracing
from shared.events import CaseChanged
from shared.web.problems import Problem
from tests.builders import NOW, a_programme
from tests.scheduling import Scheduling
from tests.scheduling_http import CHOICE, Client, a_chooser, an_offer

KEY = {"Idempotency-Key": "8e03978e-40d5-43dd-bc93-6894a57f9324"}
OTHER_KEY = {"Idempotency-Key": "another"}


PROGRAMMES = (
    a_programme(),
    CHOICE,
)


class Lost(httpx.AsyncBaseTransport):
    """The service does what it is asked and dies before its answer is out."""

    def __init__(self, transport: httpx.AsyncBaseTransport) -> None:
        self.transport = transport

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await self.transport.handle_async_request(request)
        raise httpx.ReadError("the other side is gone")


async def test_the_same_request_again_is_answered_as_it_was_even_when_the_case_changed_since(
    scheduling: Scheduling, http: Client
) -> None:
    case, slots = await a_chooser(scheduling)
    first = await http.choose(case, slots[0], **KEY)
    await http.move(case, slots[-1], role="scheduler")
    moved = await scheduling.live(case)

    again = await http.choose(case, slots[0], **KEY)

    assert (again.status_code, again.content, again.headers["ETag"]) == (200, first.content, first.headers["ETag"])
    assert (await scheduling.live(case)).id == moved.id
    assert (await http.choose(case, slots[0])).json()["code"] == "has_appointment"  # what it would be without the key


async def test_a_choice_whose_answer_was_lost_is_the_same_booking_when_it_is_sent_again(scheduling: Scheduling) -> None:
    case, slots = await a_chooser(scheduling)
    dying, next_one = Client(scheduling), Client(scheduling)
    dying.transport = Lost(dying.transport)
    with pytest.raises(httpx.ReadError):
        await dying.choose(case, slots[0], **KEY)
    booked = await scheduling.live(case)

    again = await next_one.choose(case, slots[0], **KEY)

    assert (again.status_code, again.json()["appointment"]["id"]) == (200, str(booked.id))
    assert len(await scheduling.published(case)) == 2
    for client in (dying, next_one):
        await client.close()


async def test_a_key_of_a_choice_that_was_let_go_since_books_nothing_again(
    scheduling: Scheduling, http: Client
) -> None:
    case, slots = await a_chooser(scheduling)
    first = await http.choose(case, slots[0], **KEY)
    await http.call(case, "/appointment/decline")

    again = await http.choose(case, slots[-1], **KEY), await http.choose(case, slots[0], **KEY)

    assert [answer.json().get("code") for answer in again] == ["key_reused", None]
    assert again[1].content == first.content
    assert await scheduling.waiting(case) == "declined"


async def test_clicks_at_once_in_two_processes_with_one_key_get_one_answer_and_one_booking(
    scheduling: Scheduling, http: Client
) -> None:
    case, slots = await a_chooser(scheduling)
    other = Client(scheduling)

    chosen = await asyncio.gather(*(each.choose(case, slots[0], **KEY) for each in (http, other) for _ in range(4)))
    moved = await asyncio.gather(*(each.move(case, slots[9], **OTHER_KEY) for each in (http, other) for _ in range(4)))

    assert [{answer.status_code for answer in answers} for answers in (chosen, moved)] == [{200}, {200}]
    assert [len({answer.content for answer in answers}) for answers in (chosen, moved)] == [1, 1]
    assert (await scheduling.published(case))[1:] == [
        "puente.scheduling.appointment.offered.v1", "puente.scheduling.appointment.moved.v1",
    ]  # fmt: skip
    await other.close()


async def test_a_second_click_waits_for_the_first_that_is_still_at_work(scheduling: Scheduling, http: Client) -> None:
    case = await an_offer(scheduling)
    async with scheduling.database.begin(NOW) as at_work:
        await at_work.rows("select 1 from cases where case_ref = :ref for update", ref=case.case_ref)
        named = {**KEY, "role": "officer"}
        clicks = [
            asyncio.create_task(http.call(case, "/appointment/cancel", {"reason": "error"}, **named)) for _ in "12"
        ]
        done, _ = await asyncio.wait(clicks, timeout=0.3)

    answers = await asyncio.gather(*clicks)

    assert not done
    assert answers[0].content == answers[1].content
    assert len(await scheduling.published(case)) == 2


@pytest.mark.parametrize("command", ["accept", "decline"])
async def test_an_answer_to_an_offer_is_the_same_again_after_the_next_offer(
    scheduling: Scheduling, http: Client, command: str
) -> None:
    case = await an_offer(scheduling)
    first = await http.call(case, f"/appointment/{command}", **KEY)
    if command == "accept":
        await http.call(case, "/appointment/cancel", {"reason": "applicant-request"}, **OTHER_KEY)
    offered = await http.call(case, "/appointment/offer-again", **{"Idempotency-Key": "a-third"})

    again = await http.call(case, f"/appointment/{command}", **KEY)

    assert (first.status_code, again.content) == (200, first.content)
    assert (await scheduling.live(case)).status == "pending"
    assert str((await scheduling.live(case)).id) == offered.json()["appointment"]["id"]


async def test_a_key_that_stands_for_another_request_is_refused_and_nothing_is_done(
    scheduling: Scheduling, http: Client
) -> None:
    case, slots = await a_chooser(scheduling)
    await http.choose(case, slots[0], **KEY)

    refused = [
        await http.choose(case, slots[1], **KEY),
        await http.move(case, slots[0], **KEY),
        await http.move(case, slots[9], **KEY),
        await http.call(case, "/appointment/cancel", {"reason": "error"}, **KEY),
        await http.choose(case, slots[0], role="scheduler", **KEY),
    ]

    assert {(answer.status_code, answer.json()["code"]) for answer in refused} == {(409, "key_reused")}
    assert "send a new one" in refused[0].json()["detail"]
    assert len(await scheduling.published(case)) == 2


async def test_the_key_of_one_household_says_nothing_about_another(scheduling: Scheduling, http: Client) -> None:
    (first, slots), (second, _) = await a_chooser(scheduling), await a_chooser(scheduling)

    answers = [await http.choose(first, slots[0], **KEY), await http.choose(second, slots[-1], **KEY)]

    assert [answer.json()["case_ref"] for answer in answers] == [first.case_ref, second.case_ref]


@pytest.mark.parametrize("content_type", ["application/json", "application/json; charset=utf-8"])
async def test_whether_a_place_is_taken_is_looked_at_anew_when_it_is_asked_again(
    scheduling: Scheduling, http: Client, content_type: str
) -> None:
    named = {**KEY, "Content-Type": content_type}
    (winner, slots), (loser, _) = await a_chooser(scheduling), await a_chooser(scheduling)
    await scheduling.leave_only(slots[0])
    await http.choose(winner, slots[0])
    refused = [await http.choose(loser, slots[0], **named) for _ in "12"]
    await http.call(winner, "/appointment/cancel", {"reason": "applicant-request"})
    await scheduling.do(lambda uow: uow.execute("delete from slot_claims"))
    await scheduling.do(lambda uow: uow.execute("update slots set taken = 0"))
    await scheduling.do(lambda uow: uow.execute("delete from freed_places"))

    again = await http.choose(loser, slots[0], **named)

    assert [answer.json()["code"] for answer in refused] == ["place_taken"] * 2
    assert again.json()["state"] == "booked"


async def test_a_key_that_booked_is_answered_so_although_the_case_may_choose_again_and_the_place_is_gone(
    scheduling: Scheduling, http: Client
) -> None:
    case, slots = await a_chooser(scheduling)
    await scheduling.leave_only(slots[0])
    first = await http.choose(case, slots[0], **KEY)
    await http.call(case, "/appointment/decline")
    await http.call(case, "/appointment/offer-again")

    again, anew = await http.choose(case, slots[0], **KEY), await http.choose(case, slots[0], **OTHER_KEY)

    assert await scheduling.waiting(case) == "awaiting_choice"
    assert again.content == first.content
    assert anew.json()["code"] == "place_taken"


async def test_a_refused_move_is_refused_again_with_its_key(scheduling: Scheduling, http: Client) -> None:
    case, slots = await a_chooser(scheduling)
    refused = await http.move(case, slots[0], **KEY)
    await http.choose(case, slots[0])

    again = await http.move(case, slots[9], **KEY), await http.move(case, slots[0], **KEY)

    assert (refused.status_code, refused.json()["code"]) == (409, "nothing_booked")
    assert [answer.json()["code"] for answer in again] == ["key_reused", "nothing_booked"]


async def test_choices_that_arrive_together_keep_their_keys_with_their_answers(scheduling: Scheduling) -> None:
    (first, slots), (second, _) = await a_chooser(scheduling), await a_chooser(scheduling)
    await scheduling.leave_only(slots[0])

    def choosing(case: CaseChanged, key: str | None) -> Choosing:
        return Choosing(case.case_ref, slots[0], "assistant", tracing.new_root(), key and kept_key(key))

    asked = [choosing(first, "a"), choosing(second, "b"), choosing(second, "c")]
    answers = await scheduling.do(lambda uow: choose_together(uow, asked))
    asked = [choosing(second, "b"), choosing(first, None)]
    again = await scheduling.do(lambda uow: choose_together(uow, asked))

    kept = await scheduling.rows("select case_ref, status from answered_requests order by status")
    assert [(row.case_ref, row.status) for row in kept] == [(first.case_ref, 200)]
    assert [outcome(answer) for answer in answers] == ["booked", "place_taken", None]
    assert [outcome(answer) for answer in again] == ["place_taken", None]


def outcome(answer: Any) -> Any:
    return answer.code if isinstance(answer, Problem) else answer and answer["state"]


async def test_what_is_full_is_refused_with_a_key_too_without_waiting_for_its_case(
    scheduling: Scheduling, http: Client
) -> None:
    (winner, slots), (loser, _) = await a_chooser(scheduling), await a_chooser(scheduling)
    await scheduling.leave_only(slots[0])
    await http.choose(winner, slots[0])

    async with scheduling.database.begin(NOW) as holding:
        await holding.rows("select * from cases for update")
        refused = await asyncio.wait_for(http.choose(loser, slots[0], **KEY), 5)

    assert refused.json()["code"] == "place_taken"


async def test_keys_are_forgotten_after_a_day_and_nobody_can_read_what_was_put_into_them(
    scheduling: Scheduling, http: Client
) -> None:
    case, slots = await a_chooser(scheduling)
    await http.choose(case, slots[0], **{"Idempotency-Key": "Yolanda"})
    kept = str(await scheduling.rows("select * from answered_requests"))
    seen = []

    for hours in (23, 2):
        scheduling.clock.advance(timedelta(hours=hours))
        await scheduling.jobs.forget_what_is_over()
        seen.append(await scheduling.count("select count(*) from answered_requests"))

    assert seen == [1, 0]
    assert "Yolanda" not in kept
