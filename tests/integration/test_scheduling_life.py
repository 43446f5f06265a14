"""The life of an appointment after its offer: choose, move, cancel, arrive, check in, miss, excuse, fulfil."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from services.scheduling import commands, views
from services.scheduling.choices import Span, places_of
from services.scheduling.domain.decisions import Waiting
from shared.events import CaseChanged, Party
from shared.web.problems import Problem
from tests.builders import NOW, a_case, a_programme, days
from tests.scheduling import Scheduling

SELVES = ("household", "assistant")
"""Who moves as a household may: it itself, and assistants for it."""


PROGRAMMES = ()
"""Each test says which programmes there are."""


async def booked(scheduling: Scheduling, **changes: Any) -> tuple[CaseChanged, Any]:
    case = a_case(**changes)
    await scheduling.receive(a_programme(), case)
    await scheduling.do(lambda uow: commands.accept(uow, case.case_ref, "scheduler"))
    return case, await scheduling.live(case)


async def chooser(scheduling: Scheduling) -> CaseChanged:
    """A household of a programme whose places are chosen."""
    case = a_case()
    await scheduling.receive(a_programme(allocation="choice"), case)
    return case


async def slots_of(scheduling: Scheduling, case: CaseChanged, ahead: float = 14) -> list[dict[str, Any]]:
    async def read(uow: Any) -> list[dict[str, Any]]:
        known = await views.known(uow, case.case_ref)
        return await views.place_view(uow, await places_of(uow, known, Span(uow.now, uow.now + days(ahead))))

    shown: list[dict[str, Any]] = await scheduling.do(read)
    return shown


async def first_slot_of(scheduling: Scheduling, appointment: Any) -> int:
    """That which the appointment holds, or what was made of its place when it ended."""
    return await scheduling.count(
        """select slot_id from slot_claims c join slots s on s.id = c.slot_id
           where :id in (appointment_id, freed_place_id) order by s.starts_at limit 1""",
        id=appointment.id,
    )


async def refusal(scheduling: Scheduling, work: Any) -> str:
    with pytest.raises(Problem) as refused:
        await scheduling.do(work)
    assert refused.value.status == 409
    return refused.value.code


# Choosing


async def test_every_slot_that_is_shown_can_be_chosen(scheduling: Scheduling) -> None:
    case = await chooser(scheduling)
    shown = await slots_of(scheduling, case, ahead=5)
    assert len(shown) > 5

    for slot in (shown[0], shown[-1]):
        other = a_case()
        await scheduling.receive(other)
        await scheduling.do(lambda uow, o=other, s=slot: commands.choose(uow, o.case_ref, s["slot_id"], "assistant"))
        assert (await scheduling.live(other)).wall_time.strftime("%Y-%m-%dT%H:%M") == slot["wall_time"]


async def test_choosing_twice_books_once(scheduling: Scheduling) -> None:
    case = await chooser(scheduling)
    slot = (await slots_of(scheduling, case))[0]["slot_id"]

    for _ in range(2):
        await scheduling.do(lambda uow: commands.choose(uow, case.case_ref, slot, "assistant"))

    assert (await scheduling.live(case)).status == "booked"
    assert (await scheduling.published(case)).count("puente.scheduling.appointment.offered.v1") == 1


async def test_a_slot_that_was_never_shown_cannot_be_chosen(scheduling: Scheduling) -> None:
    case = await chooser(scheduling)
    too_soon = await scheduling.count(
        "select id from slots where site = 'MX-TAP-01' and kind = 'desk' and starts_at > :now order by starts_at limit 1",
        now=NOW,
    )
    elsewhere = await scheduling.count("select id from slots where site = 'MX-TIJ-01' order by starts_at desc limit 1")

    for slot in (too_soon, elsewhere, 999_999_999):
        code = await refusal(scheduling, lambda uow, s=slot: commands.choose(uow, case.case_ref, s, "assistant"))
        assert code == "place_taken"


async def test_two_who_choose_the_last_desk_at_once_get_it_once(scheduling: Scheduling) -> None:
    cases = [await chooser(scheduling) for _ in range(8)]
    slot = (await slots_of(scheduling, cases[0]))[0]
    await scheduling.leave_only(slot["slot_id"])

    answers = await asyncio.gather(
        *(
            scheduling.do(lambda uow, c=c: commands.choose(uow, c.case_ref, slot["slot_id"], "assistant"))
            for c in cases
        ),
        return_exceptions=True,
    )

    assert sum(answer is None for answer in answers) == 1
    assert {answer.code for answer in answers if isinstance(answer, Problem)} == {"place_taken"}


async def test_two_who_choose_one_time_at_once_both_get_it_where_two_desks_are_free(scheduling: Scheduling) -> None:
    first, second = await chooser(scheduling), await chooser(scheduling)
    slot = (await slots_of(scheduling, first))[0]

    await asyncio.gather(
        *(
            scheduling.do(lambda uow, c=c: commands.choose(uow, c.case_ref, slot["slot_id"], "assistant"))
            for c in (first, second)
        )
    )

    assert (await scheduling.live(first)).starts_at == (await scheduling.live(second)).starts_at


async def test_places_of_a_draw_cannot_be_chosen(scheduling: Scheduling) -> None:
    case = a_case()
    await scheduling.receive(a_programme(allocation="draw"), case)

    assert await refusal(scheduling, lambda uow: commands.choose(uow, case.case_ref, 1, "assistant")) == "drawn"


# Moving


async def test_a_move_takes_the_new_place_and_frees_the_old_in_one_step(scheduling: Scheduling) -> None:
    case, before = await booked(scheduling)
    far = (await slots_of(scheduling, case, ahead=10))[-1]

    await scheduling.do(lambda uow: commands.move(uow, case.case_ref, far["slot_id"], "assistant"))

    after = await scheduling.live(case)
    assert (after.status, after.replaces) == ("booked", before.id)
    assert (await scheduling.appointment(before.id)).reason == "rescheduled"
    assert (await scheduling.published(case))[-1] == "puente.scheduling.appointment.moved.v1"
    assert await scheduling.held_by_freed_places() == 10


async def test_a_move_onto_ones_own_time_succeeds_even_when_nothing_else_is_free(scheduling: Scheduling) -> None:
    case, before = await booked(scheduling)
    await scheduling.take_all_but(before)
    await scheduling.free_next_step(before)
    overlapping = next(s for s in await slots_of(scheduling, case) if s["instant"] != before.starts_at.isoformat())

    await scheduling.do(lambda uow: commands.move(uow, case.case_ref, overlapping["slot_id"], "scheduler"))

    after = await scheduling.live(case)
    assert after.starts_at - before.starts_at == timedelta(minutes=15)
    assert await scheduling.held_by_freed_places() == 1


async def test_a_household_moves_twice_and_staff_may_once_more(scheduling: Scheduling) -> None:
    case, _ = await booked(scheduling)
    shown = await slots_of(scheduling, case, ahead=12)
    for slot, by in ((shown[-1], "household"), (shown[-20], "assistant")):
        await scheduling.do(lambda uow, s=slot, by=by: commands.move(uow, case.case_ref, s["slot_id"], by))
    third = shown[-40]["slot_id"]

    codes = [
        await refusal(scheduling, lambda uow, by=by: commands.move(uow, case.case_ref, third, by)) for by in SELVES
    ]
    await scheduling.do(lambda uow: commands.move(uow, case.case_ref, third, "scheduler"))

    assert codes == ["moved_too_often", "moved_too_often"]


async def test_within_twelve_hours_only_staff_can_move_it(scheduling: Scheduling) -> None:
    case, before = await booked(scheduling)
    scheduling.clock.instant = before.starts_at - timedelta(hours=11)
    slot = (await slots_of(scheduling, case))[-1]["slot_id"]

    codes = [await refusal(scheduling, lambda uow, by=by: commands.move(uow, case.case_ref, slot, by)) for by in SELVES]
    await scheduling.do(lambda uow: commands.move(uow, case.case_ref, slot, "scheduler"))

    assert codes == ["too_late_to_move", "too_late_to_move"]


async def test_nobody_whose_time_has_come_is_shown_a_place_that_cannot_be_had(scheduling: Scheduling) -> None:
    case, appointment = await booked(scheduling)
    scheduling.clock.instant = appointment.starts_at

    with pytest.raises(Problem, match="its time has come"):
        await slots_of(scheduling, case)


async def test_what_is_cancelled_or_missed_cannot_be_moved(scheduling: Scheduling) -> None:
    case, _ = await booked(scheduling)
    slot = (await slots_of(scheduling, case))[0]["slot_id"]
    await scheduling.do(lambda uow: commands.cancel(uow, case.case_ref, "applicant-request", "assistant"))

    assert (
        await refusal(scheduling, lambda uow: commands.move(uow, case.case_ref, slot, "assistant")) == "nothing_booked"
    )


# Cancelling


async def test_a_household_that_cancels_keeps_its_seniority_and_waits(scheduling: Scheduling) -> None:
    case, _ = await booked(scheduling)

    await scheduling.do(lambda uow: commands.cancel(uow, case.case_ref, "applicant-unable", "assistant"))

    assert await scheduling.waiting(case) == "declined"


async def test_a_cancellation_that_is_not_the_households_offers_another_place_at_once(scheduling: Scheduling) -> None:
    case, before = await booked(scheduling)
    await scheduling.leave_only(await first_slot_of(scheduling, before))

    await scheduling.do(lambda uow: commands.cancel(uow, case.case_ref, "officer-unavailable", "scheduler"))

    after = await scheduling.live(case)
    assert after.status == "pending"
    assert after.id != before.id
    assert (await scheduling.appointment(before.id)).reason == "officer-unavailable"


async def test_a_household_whose_officer_is_ill_stays_booked_where_another_is_free_at_that_time(
    scheduling: Scheduling,
) -> None:
    case, before = await booked(scheduling)

    await scheduling.do(lambda uow: commands.cancel(uow, case.case_ref, "officer-unavailable", "scheduler"))

    after = await scheduling.live(case)
    assert (after.status, after.starts_at, after.replaces) == ("booked", before.starts_at, before.id)
    assert await first_slot_of(scheduling, after) != await first_slot_of(scheduling, before)


# The day


async def test_a_household_arrives_is_checked_in_and_heard(scheduling: Scheduling) -> None:
    case, appointment = await booked(scheduling)
    scheduling.clock.instant = appointment.starts_at

    await scheduling.do(lambda uow: commands.arrive(uow, appointment.id, "officer"))
    await scheduling.do(lambda uow: commands.check_in(uow, appointment.id, "officer", present=3))
    await scheduling.do(lambda uow: commands.fulfil(uow, appointment.id, "officer"))

    assert [t.split(".")[-2] for t in await scheduling.published(case)] == [
        "offered", "booked", "arrived", "checked-in", "fulfilled",
    ]  # fmt: skip
    assert (await scheduling.appointment(appointment.id)).status == "fulfilled"


async def test_check_in_waits_for_everyone_who_must_come(scheduling: Scheduling) -> None:
    _, appointment = await booked(scheduling)
    scheduling.clock.instant = appointment.starts_at
    await scheduling.do(lambda uow: commands.arrive(uow, appointment.id, "officer"))

    code = await refusal(scheduling, lambda uow: commands.check_in(uow, appointment.id, "officer", present=2))

    assert code == "not_everyone_there"


async def test_nobody_is_absent_before_the_grace_time_is_over(scheduling: Scheduling) -> None:
    case, appointment = await booked(scheduling)
    scheduling.clock.instant = appointment.starts_at + timedelta(minutes=29)
    code = await refusal(scheduling, lambda uow: commands.miss(uow, appointment.id, "officer"))

    scheduling.clock.advance(timedelta(minutes=1))
    await scheduling.do(lambda uow: commands.miss(uow, appointment.id, "officer"))

    assert code == "within_grace_time"
    assert await scheduling.waiting(case) == "missed"


async def test_an_excused_absence_puts_the_household_back_in_line(scheduling: Scheduling) -> None:
    case, appointment = await booked(scheduling)
    scheduling.clock.instant = appointment.starts_at + timedelta(hours=1)
    await scheduling.do(lambda uow: commands.miss(uow, appointment.id, "officer"))

    await scheduling.do(lambda uow: commands.excuse(uow, appointment.id, "officer"))

    assert (await scheduling.live(case)).status == "pending"
    history = await scheduling.rows(
        "select status from appointment_history where appointment_id = :id order by version", id=appointment.id
    )
    assert [row.status for row in history] == ["pending", "booked", "noshow", "waitlist"]


async def test_an_offer_cannot_be_excused_as_if_its_day_had_been_missed(scheduling: Scheduling) -> None:
    case = a_case()
    await scheduling.receive(a_programme(), case)
    offer = await scheduling.live(case)

    code = await refusal(scheduling, lambda uow: commands.excuse(uow, offer.id, "officer"))

    assert (code, (await scheduling.live(case)).status) == ("wrong_state", "pending")


async def test_a_wrong_step_is_refused_and_a_second_click_changes_nothing(scheduling: Scheduling) -> None:
    _, appointment = await booked(scheduling)
    scheduling.clock.instant = appointment.starts_at
    code = await refusal(scheduling, lambda uow: commands.check_in(uow, appointment.id, "officer", present=3))

    for _ in range(2):
        await scheduling.do(lambda uow: commands.arrive(uow, appointment.id, "officer"))

    assert code == "wrong_state"
    assert (await scheduling.appointment(appointment.id)).version == 3


async def test_history_rows_never_change(scheduling: Scheduling) -> None:
    await booked(scheduling)

    with pytest.raises(Exception, match="history rows never change"):
        await scheduling.do(lambda uow: uow.execute("update appointment_history set status = 'noshow'"))


# Reading


async def test_the_days_list_names_cases_and_no_person(scheduling: Scheduling) -> None:
    case, appointment = await booked(scheduling)

    listed = await scheduling.do(lambda uow: views.day_view(uow, "MX-TAP-01", appointment.wall_time.date()))

    assert [(entry["case_ref"], entry["status"], entry["party"]) for entry in listed] == [(case.case_ref, "booked", 3)]


async def test_a_waiting_case_can_say_why_its_rank_and_what_would_change_it(scheduling: Scheduling) -> None:
    first, second = a_case(registered_at=NOW - days(9)), a_case(registered_at=NOW - days(3))
    await scheduling.receive(a_programme(allocation="draw"), first, second)

    told = await scheduling.do(lambda uow: views.why(uow, second.case_ref))

    assert (told["reason"], told["rank"], told["changes_when"]) == ("awaiting_draw", 1, "a draw gives it a place")


def test_every_reason_to_wait_says_what_ends_it() -> None:
    assert set(views.WHAT_ENDS_IT) == set(Waiting)


async def test_a_household_of_one_and_one_of_six_see_places_of_their_own_length(scheduling: Scheduling) -> None:
    one = a_case(party=Party(attendees=1, adults=1, children=0))
    six = a_case(party=Party(attendees=6, adults=4, children=2))
    await scheduling.receive(a_programme(allocation="choice"), one, six)

    assert len(await slots_of(scheduling, one)) > len(await slots_of(scheduling, six))
