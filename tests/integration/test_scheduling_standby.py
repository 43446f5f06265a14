"""Places that are freed too late for everyone else are offered to who agreed to be called."""

import asyncio
from datetime import time, timedelta

import pytest

from services.scheduling import commands
from services.scheduling.commands import standby
from services.scheduling.handlers import cases_changed
from shared import tracing
from shared.events import CaseChanged, Party, Urgency
from shared.outbox import Cause
from tests.builders import NOW, a_case, days
from tests.calendars import TAP
from tests.scheduling import Scheduling
from tests.standby import booked, let_go, moved_to_a_later_day, stand_by, standing_by, waiting


async def missed_one(scheduling: Scheduling) -> CaseChanged:
    """A case that did not answer one usual offer and is in line for the next place."""
    case = a_case()
    await scheduling.receive(case)
    await scheduling.set_deadline((await scheduling.live(case)).id, NOW)
    await scheduling.jobs.expire_offers()
    await scheduling.do(lambda uow: uow.execute("update freed_places set opens_at = :now", now=uow.now))
    await scheduling.jobs.open_freed_places()
    return case


async def test_a_place_freed_at_short_notice_is_offered_to_who_stands_by_until_two_hours_before_it_starts(
    scheduling: Scheduling,
) -> None:
    holder, place = await booked(scheduling)
    caller, other = await waiting(scheduling), await waiting(scheduling, registered_at=NOW - days(900))
    await stand_by(scheduling, caller, place.wall_time.date())
    scheduling.clock.instant = place.starts_at - timedelta(hours=5)

    await let_go(scheduling, holder)

    got = await scheduling.live(caller)
    assert (got.status, got.starts_at, got.acted_by) == ("pending", place.starts_at, "scheduling")
    assert got.deadline == place.starts_at - timedelta(hours=2)
    assert (await scheduling.published(caller))[-1] == "puente.scheduling.appointment.offered.v1"
    assert await scheduling.waiting(other) == "declined"


async def test_who_is_called_with_the_least_notice_has_an_hour_to_say_yes(scheduling: Scheduling) -> None:
    holder, place = await booked(scheduling)
    case = await waiting(scheduling)
    await stand_by(scheduling, case, place.wall_time.date())
    scheduling.clock.instant = place.starts_at - timedelta(hours=3)
    await let_go(scheduling, holder)
    scheduling.clock.advance(timedelta(minutes=59))
    await scheduling.jobs.expire_offers()

    await scheduling.do(lambda uow: commands.accept(uow, case.case_ref, "household"))

    got = await scheduling.live(case)
    assert (got.status, got.starts_at) == ("booked", place.starts_at)


async def test_a_place_that_nobody_answers_for_is_offered_to_one_after_the_other_the_same_evening(
    scheduling: Scheduling,
) -> None:
    holder, place = await booked(scheduling)
    line = [await waiting(scheduling, registered_at=NOW - days(900 - n)) for n in range(3)]
    for case in line:
        await stand_by(scheduling, case, place.wall_time.date())
    assert place.wall_time.time() == time(7)
    scheduling.clock.instant = place.starts_at - timedelta(hours=14)  # 17:00 on the evening before
    await let_go(scheduling, holder)
    minutes = []

    for case in line:
        deadline = (await scheduling.live(case)).deadline
        minutes.append((deadline - scheduling.clock.now()) / timedelta(minutes=1))
        scheduling.clock.instant = deadline
        await scheduling.jobs.expire_offers()
        await scheduling.jobs.offer_freed_places()

    assert minutes == [45, 33.75, 30]


async def test_more_time_for_an_offer_at_short_notice_is_half_of_the_little_that_there_was(
    scheduling: Scheduling,
) -> None:
    holder, place = await booked(scheduling)
    case = await waiting(scheduling)
    await stand_by(scheduling, case, place.wall_time.date())
    scheduling.clock.instant = place.starts_at - timedelta(hours=14)
    await let_go(scheduling, holder)

    await scheduling.do(lambda uow: commands.extend(uow, case.case_ref, "household"))

    offer = await scheduling.live(case)
    assert timedelta(minutes=22.5) == offer.deadline - offer.first_deadline


@pytest.mark.parametrize("hours", [5, 70])
async def test_an_offer_at_short_notice_without_an_answer_is_no_miss_and_who_had_it_stays_in_line(
    scheduling: Scheduling, hours: int
) -> None:
    holder, place = await booked(scheduling)
    case = await missed_one(scheduling)
    await stand_by(scheduling, case, place.wall_time.date())
    scheduling.clock.instant = place.starts_at - timedelta(hours=hours)
    await let_go(scheduling, holder)
    offer = await scheduling.live(case)
    scheduling.clock.instant = offer.deadline

    await scheduling.jobs.expire_offers()

    over = await scheduling.appointment(offer.id)
    missed = await scheduling.count("select offers_missed from cases where case_ref = :ref", ref=case.case_ref)
    assert (over.status, over.reason) == ("cancelled", "offer-expired")
    assert (await scheduling.waiting(case), missed) == ("offer_expired", 1)


async def test_what_one_does_not_answer_or_declines_goes_to_the_next_who_stands_by_and_never_round(
    scheduling: Scheduling,
) -> None:
    holder, place = await booked(scheduling)
    first, second = await waiting(scheduling, registered_at=NOW - days(900)), await waiting(scheduling)
    for case in (first, second):
        await stand_by(scheduling, case, place.wall_time.date())
    scheduling.clock.instant = place.starts_at - timedelta(hours=70)
    await let_go(scheduling, holder)
    scheduling.clock.instant = (await scheduling.live(first)).deadline
    await scheduling.jobs.expire_offers()
    await scheduling.jobs.offer_freed_places()
    then = await scheduling.live(second)

    await let_go(scheduling, second)

    assert (then.status, then.starts_at) == ("pending", place.starts_at)
    assert (await scheduling.waiting(first), await scheduling.waiting(second)) == ("offer_expired", "declined")


async def test_what_expires_less_than_three_hours_before_it_starts_is_offered_to_nobody(scheduling: Scheduling) -> None:
    holder, place = await booked(scheduling)
    first, second = await waiting(scheduling, registered_at=NOW - days(900)), await waiting(scheduling)
    for case in (first, second):
        await stand_by(scheduling, case, place.wall_time.date())
    scheduling.clock.instant = place.starts_at - timedelta(hours=5)
    await let_go(scheduling, holder)
    scheduling.clock.instant = (await scheduling.live(first)).deadline
    await scheduling.jobs.expire_offers()

    await scheduling.jobs.offer_freed_places()

    assert await scheduling.waiting(second) == "declined"


async def test_who_was_offered_a_place_stands_by_no_more_that_day_and_goes_on_for_others(
    scheduling: Scheduling,
) -> None:
    holder, place = await booked(scheduling)
    case, day = await waiting(scheduling), place.wall_time.date()
    for each in (day, day + timedelta(days=1)):
        await stand_by(scheduling, case, each)
    scheduling.clock.instant = place.starts_at - timedelta(hours=5)

    await let_go(scheduling, holder)

    left = await scheduling.rows("select day from standby where case_ref = :ref", ref=case.case_ref)
    assert [row.day for row in left] == [day + timedelta(days=1)]


async def test_nothing_is_taken_from_who_has_an_appointment_and_who_waits_is_offered_the_place(
    scheduling: Scheduling,
) -> None:
    holder, place = await booked(scheduling)
    later, _ = await booked(scheduling, registered_at=NOW - days(900))
    old = await moved_to_a_later_day(scheduling, later, place.wall_time.date())
    case = await waiting(scheduling)
    for each in (later, case):
        await stand_by(scheduling, each, place.wall_time.date())
    scheduling.clock.instant = place.starts_at - timedelta(hours=5)

    await let_go(scheduling, holder)

    kept = await scheduling.live(later)
    assert (kept.id, kept.status) == (old.id, "booked")
    assert (await scheduling.live(case)).starts_at == place.starts_at
    assert await standing_by(scheduling) == {later.case_ref}


async def test_who_is_offered_another_place_while_it_is_being_called_keeps_that_one(scheduling: Scheduling) -> None:
    holder, place = await booked(scheduling)
    case = await waiting(scheduling)
    await stand_by(scheduling, case, place.wall_time.date())
    scheduling.clock.instant = place.starts_at - timedelta(hours=5)
    await scheduling.do(lambda uow: commands.decline(uow, holder.case_ref, "assistant"))

    async with scheduling.database.begin(scheduling.clock.now()) as asking:
        await commands.offer_again(asking, case.case_ref)
        calling = asyncio.create_task(scheduling.jobs.offer_freed_places())
        done, _ = await asyncio.wait([calling], timeout=0.3)
    await calling

    assert not done
    got = await scheduling.live(case)
    assert (got.starts_at > place.starts_at, got.replaces) == (True, None)


async def test_nobody_is_called_who_did_not_agree_and_nobody_for_a_place_that_comes_too_soon(
    scheduling: Scheduling,
) -> None:
    (first, place), (second, same_day) = await booked(scheduling), await booked(scheduling)
    case = await waiting(scheduling)
    scheduling.clock.instant = place.starts_at - timedelta(hours=5)
    await let_go(scheduling, first)
    before = await scheduling.waiting(case)
    await stand_by(scheduling, case, place.wall_time.date())
    scheduling.clock.instant = same_day.starts_at - timedelta(hours=2, minutes=59)

    await let_go(scheduling, second)

    assert (before, await scheduling.waiting(case)) == ("declined", "declined")


async def test_who_does_not_stand_by_any_more_is_not_called(scheduling: Scheduling) -> None:
    holder, place = await booked(scheduling)
    case, day = await waiting(scheduling), place.wall_time.date()
    await stand_by(scheduling, case, day)
    scheduling.clock.instant = place.starts_at - timedelta(hours=5)
    await scheduling.do(lambda uow: standby.stand_down(uow, case.case_ref, TAP, day))

    await let_go(scheduling, holder)

    assert await scheduling.waiting(case) == "declined"


async def test_who_takes_its_word_back_while_it_is_being_called_is_not_booked(scheduling: Scheduling) -> None:
    holder, place = await booked(scheduling)
    case, day = await waiting(scheduling), place.wall_time.date()
    await stand_by(scheduling, case, day)
    scheduling.clock.instant = place.starts_at - timedelta(hours=5)
    await scheduling.do(lambda uow: commands.decline(uow, holder.case_ref, "assistant"))

    async with scheduling.database.begin(scheduling.clock.now()) as taking_back:
        await standby.stand_down(taking_back, case.case_ref, TAP, day)
        calling = asyncio.create_task(scheduling.jobs.offer_freed_places())
        done, _ = await asyncio.wait([calling], timeout=0.3)
    await calling

    assert not done
    assert await scheduling.waiting(case) == "declined"


async def test_who_becomes_more_while_it_is_being_called_is_given_no_place_for_fewer(scheduling: Scheduling) -> None:
    holder, place = await booked(scheduling)
    case, day = await waiting(scheduling), place.wall_time.date()
    await stand_by(scheduling, case, day)
    await scheduling.take_all_but(place)
    scheduling.clock.instant = place.starts_at - timedelta(hours=5)
    await scheduling.decline(holder)
    grown = case.model_copy(update={"version": 2, "party": Party(attendees=6, adults=4, children=2)})

    async with scheduling.database.begin(scheduling.clock.now()) as taking_in:
        taking_in.caused_by(grown, Cause.first(tracing.new_root()))
        await cases_changed([grown], taking_in)
        calling = asyncio.create_task(scheduling.jobs.offer_freed_places())
        done, _ = await asyncio.wait([calling], timeout=0.3)
    await calling

    assert not done
    assert await scheduling.waiting(case) == "declined"


async def test_urgent_households_are_called_first_then_those_registered_first(scheduling: Scheduling) -> None:
    held = [await booked(scheduling) for _ in range(3)]
    late = await waiting(scheduling, registered_at=NOW - days(30))
    early = await waiting(scheduling, registered_at=NOW - days(300))
    urgent = await waiting(scheduling, registered_at=NOW - days(3), urgency=Urgency.URGENT)
    for case in (late, early, urgent):
        await stand_by(scheduling, case, held[0][1].wall_time.date())
    scheduling.clock.instant = held[0][1].starts_at - timedelta(hours=5)
    called: list[str] = []

    for holder, _ in held:
        before = await standing_by(scheduling)
        await let_go(scheduling, holder)
        called += before - await standing_by(scheduling)

    assert called == [urgent.case_ref, early.case_ref, late.case_ref]


async def test_a_household_is_called_whole_or_not_at_all(scheduling: Scheduling) -> None:
    holder, place = await booked(scheduling)
    of_nine = Party(attendees=9, adults=7, children=2)
    large = await waiting(scheduling, party=of_nine, registered_at=NOW - days(900))
    small = await waiting(scheduling)
    for case in (large, small):
        await stand_by(scheduling, case, place.wall_time.date())
    await scheduling.take_all_but(place)
    scheduling.clock.instant = place.starts_at - timedelta(hours=5)

    await let_go(scheduling, holder)

    assert await scheduling.waiting(large) == "declined"
    assert (await scheduling.live(small)).starts_at == place.starts_at


async def test_a_place_that_is_not_at_short_notice_goes_to_the_line_whoever_stands_by(scheduling: Scheduling) -> None:
    holder, place = await booked(scheduling)
    senior = await waiting(scheduling, registered_at=NOW - days(900))
    caller = await waiting(scheduling)
    await moved_to_a_later_day(scheduling, holder, place.wall_time.date())
    far = await scheduling.live(holder)
    await stand_by(scheduling, caller, far.wall_time.date())
    await scheduling.do(lambda uow: uow.execute("update freed_places set opens_at = :now", now=NOW + days(9)))

    await let_go(scheduling, holder)

    assert (await scheduling.live(senior)).starts_at == far.starts_at
    assert await scheduling.waiting(caller) == "declined"


async def test_a_household_does_not_get_back_what_it_let_go(scheduling: Scheduling) -> None:
    holder, place = await booked(scheduling)
    await moved_to_a_later_day(scheduling, holder, place.wall_time.date())
    await stand_by(scheduling, holder, place.wall_time.date())
    scheduling.clock.instant = place.starts_at - timedelta(hours=5)
    later = await scheduling.live(holder)

    await scheduling.jobs.offer_freed_places()

    assert (await scheduling.live(holder)).id == later.id
