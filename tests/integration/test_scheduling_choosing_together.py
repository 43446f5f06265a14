"""Choices that come at once are carried out in one transaction, and each gets what it would get alone."""

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

import httpx
import pytest
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor

from services.scheduling import commands
from services.scheduling.api.choosing import Choices
from services.scheduling.app import build
from services.scheduling.commands.choosing import Choosing, choose_together, gone
from services.scheduling.commands.requests import kept_key
from services.scheduling.placing.choices import Span, places_of
from services.scheduling.views.cases import known
from shared import tracing
from shared.clock import FixedClock
from shared.events import CaseChanged
from shared.reference import new_case_ref
from shared.web.problems import Problem
from tests.builders import NOW, a_case, a_programme, days
from tests.scheduling import Scheduling, settings
from tests.scheduling_http import Client

A_FREE_DESK_OF_OTHERS = """
insert into slots (resource_id, site, kind, starts_at, wall_time, local_date, capacity)
select r.id, s.site, s.kind, s.starts_at, s.wall_time, s.local_date, 1 from slots s join resources r using (site, kind)
where s.id = :slot and r.id <> s.resource_id and not 'MX-REF' = any(r.programmes) limit 1
on conflict (resource_id, starts_at) do update set taken = 0
"""


PROGRAMMES = (
    a_programme(allocation="choice"),
    a_programme(programme="MX-DRW", allocation="draw"),
    a_programme(programme="MX-IMM"),
)


class Kept(SpanProcessor):
    """Spans of this process, as they end."""

    def __init__(self) -> None:
        self.spans: list[ReadableSpan] = []

    def on_end(self, span: ReadableSpan) -> None:
        self.spans.append(span)

    def of_choices(self) -> list[ReadableSpan]:
        return [span for span in self.spans if span.name == "POST /v1/cases/{case_ref}/appointment"]


@pytest.fixture
def kept() -> Iterator[Kept]:
    processor = Kept()
    tracing.configure("scheduling", [processor])
    yield processor
    tracing.configure("scheduling", [])


async def choosers(scheduling: Scheduling, count: int, **changes: Any) -> list[CaseChanged]:
    made = [a_case(**changes) for _ in range(count)]
    await scheduling.receive(*made)
    return made


async def slots_of(scheduling: Scheduling, case: CaseChanged) -> list[int]:
    async def read(uow: Any) -> list[int]:
        shown = await places_of(uow, await known(uow, case.case_ref), Span(uow.now, uow.now + days(14)))
        return [place.claims[0][0] for place in shown]

    slots: list[int] = await scheduling.do(read)
    return slots


def choosing(ref: str, slot: int) -> Choosing:
    return Choosing(ref, slot, "assistant", tracing.new_root())


def outcome(answer: Any) -> Any:
    return answer.code if isinstance(answer, Problem) else answer and answer["state"]


async def test_each_gets_what_it_would_get_alone(scheduling: Scheduling) -> None:
    first, second, third, paired = await choosers(scheduling, 4)
    [drawn] = await choosers(scheduling, 1, programme="MX-DRW")
    [in_review] = await choosers(scheduling, 1, state="review")
    slots = await slots_of(scheduling, first)
    await scheduling.leave_only(slots[0])
    asked = [
        choosing(first.case_ref, slots[0]),
        choosing(second.case_ref, slots[0]),
        choosing(third.case_ref, slots[-1]),
        choosing(paired.case_ref, 999_999_999),
        choosing(drawn.case_ref, slots[3]),
        choosing(in_review.case_ref, slots[3]),
        choosing(new_case_ref(), slots[3]),
    ]

    answers = await scheduling.do(lambda uow: choose_together(uow, asked))

    assert [outcome(answer) for answer in answers] == [
        "booked", "place_taken", "booked", "place_taken", "drawn", "cannot_choose", None,
    ]  # fmt: skip
    assert (await scheduling.live(first)).acted_by == "assistant"
    assert await scheduling.published(first) == [
        "puente.scheduling.case.waiting.v1", "puente.scheduling.appointment.offered.v1",
    ]  # fmt: skip


@pytest.mark.parametrize("at_once", [True, False])
async def test_a_time_is_chosen_not_a_desk_so_that_all_who_fit_get_it(scheduling: Scheduling, at_once: bool) -> None:
    cases = await choosers(scheduling, 9)
    slot = (await slots_of(scheduling, cases[0]))[0]
    desks = await scheduling.count(
        """select count(*) from slots o join slots s on s.id = :slot join resources r on r.id = o.resource_id
           where (o.site, o.starts_at, o.kind) = (s.site, s.starts_at, s.kind) and 'MX-REF' = any(r.programmes)""",
        slot=slot,
    )
    asked = [choosing(case.case_ref, slot) for case in cases]

    turns = [asked] if at_once else [[each] for each in asked]
    answers = [answer for turn in turns for answer in await scheduling.do(partial(choose_together, asked=turn))]

    assert 1 < desks < len(cases)
    assert [outcome(answer) for answer in answers] == ["booked"] * desks + ["place_taken"] * (len(cases) - desks)
    assert len({(await scheduling.live(case)).starts_at for case in cases[:desks]}) == 1


async def test_who_has_an_appointment_or_asks_twice_is_left_to_be_done_alone(scheduling: Scheduling) -> None:
    has, twice = await choosers(scheduling, 2)
    slots = await slots_of(scheduling, has)
    await scheduling.do(lambda uow: commands.choose(uow, has.case_ref, slots[0], "assistant"))
    asked = [choosing(has.case_ref, slots[5]), choosing(twice.case_ref, slots[-1]), choosing(twice.case_ref, slots[-9])]

    answers = await scheduling.do(lambda uow: choose_together(uow, asked))

    assert [outcome(answer) for answer in answers] == [None, "booked", None]


async def test_who_asks_the_same_again_under_its_key_while_it_is_at_work_is_told_the_same(
    scheduling: Scheduling,
) -> None:
    [case] = await choosers(scheduling, 1)
    slots = await slots_of(scheduling, case)
    choices = Choices(scheduling.database, FixedClock(NOW))
    key = kept_key("of the case")
    asked = [choosing(case.case_ref, slot)._replace(key=key) for slot in (slots[0], slots[0], slots[-1])]

    first, again, other = await asyncio.gather(*(choices.carried_out(each) for each in asked))

    assert outcome(first) == "booked"
    assert again == first
    assert other is None


async def test_a_crowd_does_not_wait_for_a_case_that_is_at_work_elsewhere(scheduling: Scheduling) -> None:
    busy, free = await choosers(scheduling, 2)
    slots = await slots_of(scheduling, free)

    async with scheduling.database.begin(NOW) as holding:
        await holding.rows("select 1 from cases where case_ref = :ref for update", ref=busy.case_ref)
        asked = [choosing(busy.case_ref, slots[0]), choosing(free.case_ref, slots[-1])]
        answers = await asyncio.wait_for(scheduling.do(lambda uow: choose_together(uow, asked)), 5)

    assert [outcome(answer) for answer in answers] == [None, "booked"]


async def test_when_one_loses_its_desk_at_the_last_moment_who_found_none_beside_it_looks_again_alone(
    scheduling: Scheduling,
) -> None:
    first, *crowd = await choosers(scheduling, 20)
    slot = (await slots_of(scheduling, first))[0]

    async with scheduling.database.begin(NOW) as other:
        await commands.choose(other, first.case_ref, slot, "assistant")
        asked = [choosing(each.case_ref, slot) for each in crowd]
        together = asyncio.create_task(scheduling.do(lambda uow: choose_together(uow, asked)))
        await asyncio.wait([together], timeout=0.3)
    answers = Counter(outcome(answer) for answer in await together)

    assert {"booked", None} == set(answers)


async def test_who_loses_a_desk_at_the_last_moment_is_not_refused_but_looks_for_another_alone(
    scheduling: Scheduling,
) -> None:
    first, second = await choosers(scheduling, 2)
    slot = (await slots_of(scheduling, first))[0]
    client = Client(scheduling)

    async with scheduling.database.begin(NOW) as other:
        await commands.choose(other, first.case_ref, slot, "assistant")
        together = scheduling.do(lambda uow: choose_together(uow, [choosing(second.case_ref, slot)]))
        losing = asyncio.create_task(together)
        await asyncio.wait([losing], timeout=0.3)
    answers, alone = await losing, await client.choose(second, slot)
    await client.close()

    assert answers == [None]
    assert alone.json()["state"] == "booked"


async def test_a_time_is_known_to_be_gone_without_waiting_for_anything(scheduling: Scheduling) -> None:
    winner, loser = await choosers(scheduling, 2)
    [drawn] = await choosers(scheduling, 1, programme="MX-DRW")
    slot, other = [(await slots_of(scheduling, winner))[n] for n in (0, -1)]
    await scheduling.leave_only(slot)
    await scheduling.do(lambda uow: commands.choose(uow, winner.case_ref, slot, "assistant"))
    await scheduling.do(lambda uow: uow.execute(A_FREE_DESK_OF_OTHERS, slot=slot))

    async with scheduling.database.begin(NOW) as holding:
        await holding.rows("select * from cases for update")
        asked = [choosing(case.case_ref, slot) for case in (winner, drawn, a_case(), loser)]
        late = await asyncio.wait_for(
            scheduling.do(lambda uow: gone(uow, [*asked, choosing(loser.case_ref, other)])), 5
        )

    assert late == {3}


async def test_ahead_of_the_route_and_by_it_a_choice_is_answered_the_same(scheduling: Scheduling) -> None:
    winner, loser = await choosers(scheduling, 2)
    [drawn] = await choosers(scheduling, 1, programme="MX-DRW")
    slot = (await slots_of(scheduling, winner))[0]
    await scheduling.leave_only(slot)
    client = Client(scheduling)
    by_the_route = {"Content-Type": "application/json; charset=utf-8"}
    key = {"Idempotency-Key": "of-the-winner"}

    for case, headers in ((winner, key), (loser, {}), (drawn, {}), (a_case(), {})):
        ahead = await client.choose(case, slot, **headers)
        routed = await client.choose(case, slot, **headers, **by_the_route)
        told = [{**answer.json(), "trace_id": ""} for answer in (ahead, routed)]
        assert (ahead.status_code, told[0]) == (routed.status_code, told[1])
        assert {**ahead.headers, "content-length": ""} == {**routed.headers, "content-length": ""}
    await client.close()


async def test_forty_requests_at_once_for_one_place_give_it_once_and_the_same_again_to_who_has_it(
    scheduling: Scheduling,
) -> None:
    cases = await choosers(scheduling, 40)
    slot = (await slots_of(scheduling, cases[0]))[0]
    await scheduling.leave_only(slot)
    app = build(settings(scheduling.database.url), FixedClock(NOW))

    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://x") as client:
        client.headers["Authorization"] = "Bearer assistant"

        async def choose(case: CaseChanged) -> httpx.Response:
            return await client.post(f"/v1/cases/{case.case_ref}/appointment", json={"slot_id": slot})

        answers = await asyncio.gather(*(choose(case) for case in cases))
        winner = next(case for case, answer in zip(cases, answers, strict=True) if answer.status_code == 200)
        again = await choose(winner)

    assert Counter(answer.status_code for answer in answers) == {200: 1, 409: 39}
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} == {"place_taken"}
    assert (again.status_code, again.json()["version"]) == (200, 2)
    await app.state.service.database.close()


async def test_who_is_refused_together_shares_a_span_and_who_books_has_one_that_its_event_comes_from(
    scheduling: Scheduling, kept: Kept
) -> None:
    winner, *losers = await choosers(scheduling, 6)
    slot = (await slots_of(scheduling, winner))[0]
    await scheduling.leave_only(slot)
    client = Client(scheduling)

    booked = await client.choose(winner, slot)
    refused = [await client.choose(losers[0], slot)]
    refused += await asyncio.gather(*(client.choose(loser, slot) for loser in losers[1:]))
    await client.close()

    of_winner, of_first, *of_others = kept.of_choices()
    [created] = [
        span
        for span in kept.spans
        if span.name == "create scheduling.cases" and span.parent and span.parent.span_id == of_winner.context.span_id
    ]
    attributes: list[Mapping[str, Any]] = [span.attributes or {} for span in kept.of_choices()]
    statuses = [(each["http.response.status_code"], each.get("app.requests", 1)) for each in attributes]
    said = [answer.json()["trace_id"] for answer in refused]
    assert (booked.status_code, created.context.trace_id) == (200, of_winner.context.trace_id)
    assert statuses[:2] == [(200, 1), (409, 1)]
    assert sum(count for _, count in statuses[2:]) == 4 > len(of_others)
    assert said[0] == f"{of_first.context.trace_id:032x}"
    assert set(said[1:]) == {f"{span.context.trace_id:032x}" for span in of_others}
