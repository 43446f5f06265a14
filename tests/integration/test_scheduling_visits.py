"""What the day of an interview can bring: who is there, who is not, who left, and what its country says meanwhile."""

import asyncio
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from services.scheduling import commands
from services.scheduling.placing.choices import Span, places_of
from services.scheduling.repository.cases import lock
from shared.events import CaseChanged, CaseState, Party
from tests.builders import a_case, a_programme, days
from tests.scheduling import Scheduling

FEWER = {"party": Party(attendees=2, adults=2, children=0)}
OTHER_NEEDS = {"needs": ("female-officer",)}
PROGRAMMES = ()
"""Each test says which programmes there are."""


async def booked(scheduling: Scheduling, *, before: timedelta = timedelta(minutes=20)) -> tuple[CaseChanged, Any]:
    """A household of three with its appointment, the clock so long before its start."""
    case = a_case(party=Party(attendees=3, adults=2, children=1))
    await scheduling.receive(a_programme(), case)
    await scheduling.accept(case)
    appointment = await scheduling.live(case)
    scheduling.clock.instant = appointment.starts_at - before
    return case, appointment


async def visit(scheduling: Scheduling, appointment: Any, *what: str, present: int = 3) -> None:
    for step in what:
        seen = {"present": present} if step == "check_in" else {}
        await scheduling.do(getattr(commands, step), appointment.id, "officer", **seen)


async def revised(scheduling: Scheduling, case: CaseChanged, **changes: Any) -> None:
    await scheduling.receive(case.model_copy(update={"version": case.version + 1, **changes}))


async def said(scheduling: Scheduling, case: CaseChanged) -> list[Any]:
    """What the case's events say, in their order."""
    rows = await scheduling.rows(
        "select value::jsonb as value from outbox where key = :ref order by sequence", ref=case.case_ref
    )
    return [row.value for row in rows]


async def status_of(scheduling: Scheduling, appointment: Any) -> str:
    status: str = (await scheduling.appointment(appointment.id)).status
    return status


# Who is not there, after all


async def test_a_household_that_arrived_without_everyone_is_recorded_as_absent_and_can_be_excused(
    scheduling: Scheduling,
) -> None:
    case, appointment = await booked(scheduling)
    await visit(scheduling, appointment, "arrive")
    check_in = partial(commands.check_in, appointment_id=appointment.id, acted_by="officer", present=2)
    assert await scheduling.refusal(check_in) == "not_everyone_there"

    scheduling.clock.advance(timedelta(minutes=50))
    await visit(scheduling, appointment, "not_here", "miss")
    assert await scheduling.waiting(case) == "missed"
    await visit(scheduling, appointment, "excuse")

    assert (await scheduling.live(case)).status == "pending"


async def test_an_arrival_recorded_by_mistake_is_taken_back_and_the_date_can_still_be_given_up(
    scheduling: Scheduling,
) -> None:
    case, appointment = await booked(scheduling, before=timedelta(hours=11))
    await visit(scheduling, appointment, "arrive", "not_here", "not_here")

    assert (await scheduling.live(case)).id == appointment.id
    await scheduling.decline(case)
    assert await scheduling.waiting(case) == "declined"


async def test_what_a_country_said_while_a_household_was_thought_to_be_there_is_done_when_it_is_not(
    scheduling: Scheduling,
) -> None:
    case, appointment = await booked(scheduling)
    await visit(scheduling, appointment, "arrive")
    await revised(scheduling, case, state=CaseState.WITHDRAWN)
    assert await status_of(scheduling, appointment) == "arrived"

    await visit(scheduling, appointment, "not_here")

    assert await status_of(scheduling, appointment) == "cancelled"
    assert (await scheduling.published(case))[-1] == "puente.scheduling.appointment.cancelled.v1"


async def test_a_household_that_became_smaller_is_checked_in_when_all_of_it_are_there(scheduling: Scheduling) -> None:
    case, appointment = await booked(scheduling)
    await revised(scheduling, case, **FEWER)

    await visit(scheduling, appointment, "arrive", "check_in", present=2)

    assert await status_of(scheduling, appointment) == "checked-in"


# What a country says meanwhile


@pytest.mark.parametrize("steps", [("arrive",), ("arrive", "check_in")])
@pytest.mark.parametrize("change", [OTHER_NEEDS, {"state": CaseState.WITHDRAWN}, {"state": CaseState.REVIEW}])
async def test_who_is_at_the_site_is_heard_whatever_its_country_says_meanwhile(
    scheduling: Scheduling, steps: tuple[str, ...], change: dict[str, Any]
) -> None:
    case, appointment = await booked(scheduling)
    await visit(scheduling, appointment, *steps)

    await revised(scheduling, case, **change)

    assert await status_of(scheduling, appointment) == steps[-1].replace("check_in", "checked-in").replace(
        "arrive", "arrived"
    )


async def test_who_is_at_the_site_and_cannot_be_heard_gets_another_place_and_nobody_gets_that_one(
    scheduling: Scheduling,
) -> None:
    case, appointment = await booked(scheduling)
    await visit(scheduling, appointment, "arrive", "check_in")
    scheduling.clock.advance(timedelta(hours=1))

    await scheduling.do(lambda uow: commands.cancel(uow, case.case_ref, "officer-unavailable", "officer"))

    other = await scheduling.live(case)
    assert (other.status, other.replaces) == ("pending", appointment.id)
    assert (await scheduling.published(case))[-1] == "puente.scheduling.appointment.moved.v1"


async def test_an_absence_recorded_after_its_case_has_ended_ends_it_instead_of_waiting_for_a_review(
    scheduling: Scheduling,
) -> None:
    case, appointment = await booked(scheduling, before=-timedelta(minutes=40))
    await revised(scheduling, case, state=CaseState.EXPIRED)

    await visit(scheduling, appointment, "miss")

    assert await scheduling.waiting(case) is None
    assert (await said(scheduling, case))[-1]["closed"] == "expired"
    excuse = partial(commands.excuse, appointment_id=appointment.id, acted_by="officer")
    assert await scheduling.refusal(excuse) == "case_closed"


# Afterwards


async def heard(scheduling: Scheduling) -> tuple[CaseChanged, Any]:
    case, appointment = await booked(scheduling)
    await visit(scheduling, appointment, "arrive", "check_in", "fulfil")
    return case, appointment


@pytest.mark.parametrize("change", [{}, OTHER_NEEDS, {"state": CaseState.REVIEW}, {"state": CaseState.WITHDRAWN}])
async def test_a_household_that_was_heard_is_offered_no_second_interview_by_its_countrys_next_word(
    scheduling: Scheduling, change: dict[str, Any]
) -> None:
    case, _ = await heard(scheduling)
    before = await scheduling.published(case)

    await revised(scheduling, case, **change)

    assert await scheduling.published(case) == before


async def test_a_household_that_was_heard_under_one_programme_is_in_line_for_another(
    scheduling: Scheduling,
) -> None:
    case, _ = await heard(scheduling)

    await scheduling.receive(a_programme(programme="MX-TVR"))
    await revised(scheduling, case, programme="MX-TVR")

    assert await scheduling.waiting(case) == "no_capacity_before_valid_until"


async def test_who_was_recorded_as_heard_by_mistake_is_back_in_line_or_keeps_the_time_that_is_to_come(
    scheduling: Scheduling,
) -> None:
    (over, was), (to_come, at) = await booked(scheduling), await booked(scheduling)
    for appointment in (was, at):
        scheduling.clock.instant = appointment.starts_at - timedelta(minutes=10)
        await visit(scheduling, appointment, "arrive", "check_in", "fulfil")
    scheduling.clock.instant = was.starts_at + timedelta(hours=1)
    await visit(scheduling, was, "not_heard", "not_heard")
    scheduling.clock.instant = at.starts_at - timedelta(minutes=5)

    await visit(scheduling, at, "not_heard")

    assert ["entered-in-error"] * 2 == [await status_of(scheduling, each) for each in (was, at)]
    offered, kept = await scheduling.live(over), await scheduling.live(to_come)
    assert ("pending", True) == (offered.status, offered.starts_at > was.starts_at)
    assert ("booked", at.starts_at, at.site) == (kept.status, kept.starts_at, kept.site)
    assert await scheduling.claims_of(kept.id) == 10


async def test_whose_time_is_still_to_come_holds_it_while_another_place_is_looked_for(scheduling: Scheduling) -> None:
    """Who gave slots back and then waited for others could wait in a circle."""
    case, appointment = await booked(scheduling)
    await visit(scheduling, appointment, "arrive", "check_in", "fulfil")
    await scheduling.execute(
        """delete from slots s where kind = 'desk' and local_date <= :day
           and not exists (select 1 from slot_claims c where c.slot_id = s.id)""",
        day=appointment.wall_time.date() + days(7),
    )
    await scheduling.execute(
        "update resources set programmes = '{}' where id in (select resource_id from slots where taken > 0)"
    )
    own = "select id from slots where taken > 0 order by id for update nowait"

    async with scheduling.database.begin(scheduling.clock.now()) as other:
        await other.rows("select id from slots where taken = 0 and kind = 'desk' order by id for update")
        mistaken = asyncio.create_task(visit(scheduling, appointment, "not_heard"))
        await asyncio.wait([mistaken], timeout=0.5)
        assert not mistaken.done()
        assert len(await other.rows(own)) == 10
    await mistaken

    assert (await scheduling.live(case)).wall_time.date() > appointment.wall_time.date()
    assert await scheduling.held_by_freed_places() == 10


async def test_the_time_of_who_was_recorded_as_heard_by_mistake_and_may_not_keep_it_goes_to_the_next(
    scheduling: Scheduling,
) -> None:
    case, appointment = await booked(scheduling)
    await visit(scheduling, appointment, "arrive", "check_in", "fulfil")
    await scheduling.receive(a_programme(version=2, status="closed", on_close="cancel"))

    await visit(scheduling, appointment, "not_heard")

    assert await scheduling.waiting(case) == "programme_closed"
    assert await scheduling.held_by_freed_places() == 10


@pytest.mark.parametrize(("state", "code"), [("booked", "wrong_state"), ("withdrawn", "case_closed")])
async def test_only_what_was_recorded_of_a_case_that_goes_on_can_have_been_a_mistake(
    scheduling: Scheduling, state: str, code: str
) -> None:
    case, appointment = await booked(scheduling)
    if state != "booked":
        await visit(scheduling, appointment, "arrive", "check_in", "fulfil")
        await scheduling.receive(a_case(case_ref=case.case_ref, version=2, state=state))

    mistaken = partial(commands.not_heard, appointment_id=appointment.id, acted_by="officer")

    assert await scheduling.refusal(mistaken) == code


async def test_a_household_that_was_heard_can_choose_no_other_place(scheduling: Scheduling) -> None:
    case, _ = await heard(scheduling)

    async def look(uow: Any) -> None:
        [known] = await lock(uow, [case.case_ref])
        await places_of(uow, known, Span(uow.now, uow.now + days(30)))

    assert await scheduling.refusal(look) == "interview_over"


async def test_a_household_that_missed_its_interview_cannot_take_another_past_the_review(
    scheduling: Scheduling,
) -> None:
    case, appointment = await booked(scheduling, before=-timedelta(minutes=40))
    slot = await scheduling.count(
        "select id from slots where site = 'MX-TAP-01' and kind = 'desk' order by starts_at desc limit 1"
    )
    await visit(scheduling, appointment, "miss")

    for work in (
        lambda uow: commands.choose(uow, case.case_ref, slot, "household"),
        lambda uow: commands.offer_again(uow, case.case_ref, by_household=True),
    ):
        assert await scheduling.refusal(work) == "missed"
    await scheduling.do(lambda uow: commands.offer_again(uow, case.case_ref))

    assert (await scheduling.live(case)).status == "pending"


# Places where nobody can be heard


@pytest.mark.parametrize(("reason", "is_offered"), [("officer-unavailable", False), ("safety", False), ("error", True)])
async def test_a_place_where_nobody_can_be_heard_is_offered_to_nobody_else(
    scheduling: Scheduling, reason: str, is_offered: bool
) -> None:
    case, appointment = await booked(scheduling, before=timedelta(days=6))
    await scheduling.take_all_but(appointment)
    other = a_case()
    await scheduling.receive(other)
    before = await scheduling.live(other)
    await scheduling.decline(other)

    await scheduling.do(lambda uow: commands.cancel(uow, case.case_ref, reason, "scheduler"))
    await scheduling.jobs.offer_freed_places()

    assert before.starts_at > appointment.starts_at
    assert ((await scheduling.waiting(other)) is None) == is_offered


async def test_a_cancellation_by_the_authority_never_says_that_the_household_let_its_date_go(
    scheduling: Scheduling,
) -> None:
    case, _ = await booked(scheduling, before=timedelta(days=6))

    await scheduling.do(lambda uow: commands.cancel(uow, case.case_ref, "site-closed", "scheduler"))

    assert [each.get("waiting") for each in await said(scheduling, case)] == [None, None, None]
