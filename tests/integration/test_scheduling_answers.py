"""What households say to an offer, and what their silence means."""

from datetime import timedelta
from typing import Any

import pytest

from services.scheduling import commands
from services.scheduling.repository import reference
from shared.events import CaseChanged, Party
from shared.web.problems import Problem
from tests.builders import NOW, a_case, a_programme, days
from tests.scheduling import Scheduling

PROGRAMMES = ()
"""Each test says which programmes there are."""


async def test_accepting_books_the_offer_and_accepting_again_changes_nothing(scheduling: Scheduling) -> None:
    case = a_case()
    await scheduling.receive(a_programme(), case)

    for _ in range(2):
        await scheduling.accept(case, "scheduler")

    assert (await scheduling.live(case)).status == "booked"
    assert len(await scheduling.published(case)) == 2


async def test_a_late_click_does_not_hit_an_offer_that_its_sender_never_saw(scheduling: Scheduling) -> None:
    case = a_case()
    await scheduling.receive(a_programme(), case)
    first = await scheduling.live(case)
    await scheduling.decline(case, "assistant", seen=first.id)
    await scheduling.do(lambda uow: commands.offer_again(uow, case.case_ref))

    for late in (commands.decline, commands.accept):
        with pytest.raises(Problem) as refused:
            await scheduling.do(late, case.case_ref, "assistant", first.id)
        assert refused.value.code == "offer_changed"

    assert (await scheduling.live(case)).status == "pending"


async def test_an_offer_cannot_be_accepted_after_its_deadline(scheduling: Scheduling) -> None:
    case = a_case()
    await scheduling.receive(a_programme(), case)
    scheduling.clock.advance(days(3))

    with pytest.raises(Problem) as refused:
        await scheduling.accept(case, "scheduler")

    assert (refused.value.status, refused.value.code) == (409, "offer_expired")


async def test_an_offer_past_its_deadline_expires_and_the_place_goes_to_the_next(scheduling: Scheduling) -> None:
    first = a_case()
    await scheduling.receive(a_programme(), first)
    place = await scheduling.live(first)
    second = a_case(valid_until=place.wall_time.date())
    await scheduling.take_all_but(place)
    await scheduling.receive(second)
    await scheduling.set_deadline(place.id, NOW - timedelta(seconds=1))

    await scheduling.jobs.expire_offers()
    await scheduling.jobs.offer_freed_places()

    assert (await scheduling.published(first))[-1] == "puente.scheduling.offer.expired.v1"
    assert await scheduling.waiting(first) == "offer_expired"
    assert (await scheduling.live(second)).starts_at == place.starts_at


async def test_an_offer_that_runs_out_after_its_case_has_ended_leaves_nothing_to_wait_for(
    scheduling: Scheduling,
) -> None:
    case = a_case()
    await scheduling.receive(a_programme(), case)
    scheduling.clock.instant = (await scheduling.live(case)).starts_at
    await scheduling.receive(a_case(case_ref=case.case_ref, version=2, state="withdrawn"))

    await scheduling.jobs.expire_offers()

    assert await scheduling.waiting(case) is None
    said = "select value::jsonb ->> 'closed' as closed from outbox where key = :ref order by sequence desc limit 1"
    assert "withdrawn" == (await scheduling.rows(said, ref=case.case_ref))[0].closed


async def test_after_two_unanswered_offers_a_case_waits_for_someone_to_act(scheduling: Scheduling) -> None:
    case = a_case()
    await scheduling.receive(a_programme(), case)
    for day in (3, 6, 9):
        scheduling.clock.instant = NOW + days(day)
        await scheduling.jobs.expire_offers()
        await scheduling.jobs.open_calendars()
        await scheduling.jobs.look_again()

    assert await scheduling.waiting(case) == "offers_unanswered"


@pytest.mark.parametrize("answer", ["declines", "chooses", "accepts"])
async def test_a_household_that_answered_since_is_not_taken_for_one_that_does_not(
    scheduling: Scheduling, answer: str
) -> None:
    case = a_case()
    await scheduling.receive(a_programme(), case)
    await expire(scheduling, case)
    assert await scheduling.count("select offers_missed from cases") == 1

    if answer == "chooses":
        slot = (await scheduling.slots_of(case))[-1]["slot_id"]
        await scheduling.do(lambda uow: commands.choose(uow, case.case_ref, slot, "household"))
    elif answer == "accepts":
        await scheduling.accept(case)
    if answer != "declines":
        assert await scheduling.count("select offers_missed from cases") == 0
    await scheduling.decline(case)
    await scheduling.do(reference.look_again)
    await scheduling.jobs.look_again()
    await expire(scheduling, case)

    assert await scheduling.waiting(case) is None


async def expire(scheduling: Scheduling, case: CaseChanged) -> None:
    """Its offer runs out, and it is offered another place."""
    scheduling.clock.instant = (await scheduling.live(case)).deadline
    await scheduling.jobs.expire_offers()
    await scheduling.do(reference.look_again)
    await scheduling.jobs.look_again()


async def test_a_household_that_wants_an_interview_again_is_back_in_line_at_once(scheduling: Scheduling) -> None:
    case = a_case()
    await scheduling.receive(a_programme(), case)
    for day in (3, 6):
        scheduling.clock.instant = NOW + days(day)
        await scheduling.jobs.expire_offers()
        await scheduling.jobs.open_calendars()
        await scheduling.jobs.look_again()
    scheduling.clock.advance(days(4))
    await scheduling.jobs.expire_offers()
    assert await scheduling.waiting(case) == "offers_unanswered"

    await scheduling.do(lambda uow: commands.offer_again(uow, case.case_ref))

    assert (await scheduling.live(case)).status == "pending"
    assert await scheduling.count("select offers_missed from cases") == 0


async def with_the_declined_day_first(scheduling: Scheduling) -> tuple[CaseChanged, Any, Any]:
    """A household with a date, the day after one that it declined, and the places of both, on which others are free."""
    case = a_case()
    await scheduling.receive(a_programme(), case)
    declined = await scheduling.live(case)
    await scheduling.decline(case)
    await scheduling.receive(a_programme(version=2))
    await scheduling.jobs.look_again()
    date = await scheduling.live(case)
    await scheduling.accept(case)
    assert declined.wall_time.date() < date.wall_time.date()
    return case, declined, date


async def test_an_authority_that_takes_a_date_away_offers_no_day_that_the_household_declined(
    scheduling: Scheduling,
) -> None:
    case, declined, _ = await with_the_declined_day_first(scheduling)

    await scheduling.do(lambda uow: commands.cancel(uow, case.case_ref, "safety", "scheduler"))
    after_a_cancellation = await scheduling.live(case)
    await scheduling.receive(case.model_copy(update={"version": 2, "party": Party(attendees=5, adults=5, children=0)}))

    for offered in (after_a_cancellation, await scheduling.live(case)):
        assert offered.wall_time.date() > declined.wall_time.date()


async def test_who_is_excused_is_offered_no_day_that_it_declined(scheduling: Scheduling) -> None:
    case = a_case()
    await scheduling.receive(a_programme(), case)
    await scheduling.accept(case)
    near = await scheduling.live(case)
    later = next(
        place for place in await scheduling.slots_of(case) if place["wall_time"] > f"{near.wall_time + days(6)}"
    )
    await scheduling.do(lambda uow: commands.move(uow, case.case_ref, later["slot_id"], "household"))
    declined = await scheduling.live(case)
    await scheduling.decline(case)
    await scheduling.do(lambda uow: commands.offer_again(uow, case.case_ref))
    await scheduling.accept(case)
    missed = await scheduling.live(case)
    await scheduling.execute("delete from slots where taken = 0 and local_date <> :day", day=declined.wall_time.date())
    scheduling.clock.instant = missed.starts_at + timedelta(minutes=40)

    await scheduling.do(lambda uow: commands.miss(uow, missed.id, "officer"))
    await scheduling.do(lambda uow: commands.excuse(uow, missed.id, "officer"))

    assert await scheduling.waiting(case) == "no_capacity_before_valid_until"
    await scheduling.do(lambda uow: commands.offer_again(uow, case.case_ref))
    assert (await scheduling.live(case)).wall_time.date() == declined.wall_time.date()
