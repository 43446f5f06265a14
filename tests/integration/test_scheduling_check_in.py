"""From arriving to being heard, absences, and what staff read of the day and of the line."""

from datetime import timedelta

import pytest
from sqlalchemy.exc import DBAPIError

from services.scheduling import commands
from services.scheduling.domain.decisions import Waiting
from services.scheduling.views.cases import WHAT_ENDS_IT, day_view, why
from tests.builders import NOW, a_case, a_programme, days
from tests.scheduling import Scheduling

PROGRAMMES = ()
"""Each test says which programmes there are."""


async def test_a_household_arrives_is_checked_in_and_heard(scheduling: Scheduling) -> None:
    case, appointment = await scheduling.booked()
    scheduling.clock.instant = appointment.starts_at

    await scheduling.do(lambda uow: commands.arrive(uow, appointment.id, "officer"))
    await scheduling.do(lambda uow: commands.check_in(uow, appointment.id, "officer", present=3))
    await scheduling.do(lambda uow: commands.fulfil(uow, appointment.id, "officer"))

    assert [t.split(".")[-2] for t in await scheduling.published(case)] == [
        "offered", "booked", "arrived", "checked-in", "fulfilled",
    ]  # fmt: skip
    assert (await scheduling.appointment(appointment.id)).status == "fulfilled"


async def test_check_in_waits_for_everyone_who_must_come(scheduling: Scheduling) -> None:
    _, appointment = await scheduling.booked()
    scheduling.clock.instant = appointment.starts_at
    await scheduling.do(lambda uow: commands.arrive(uow, appointment.id, "officer"))

    code = await scheduling.refusal(lambda uow: commands.check_in(uow, appointment.id, "officer", present=2))

    assert code == "not_everyone_there"


async def test_nobody_is_absent_before_the_grace_time_is_over(scheduling: Scheduling) -> None:
    case, appointment = await scheduling.booked()
    scheduling.clock.instant = appointment.starts_at + timedelta(minutes=29)
    code = await scheduling.refusal(lambda uow: commands.miss(uow, appointment.id, "officer"))

    scheduling.clock.advance(timedelta(minutes=1))
    await scheduling.do(lambda uow: commands.miss(uow, appointment.id, "officer"))

    assert code == "within_grace_time"
    assert await scheduling.waiting(case) == "missed"


async def test_an_excused_absence_puts_the_household_back_in_line(scheduling: Scheduling) -> None:
    case, appointment = await scheduling.booked()
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

    code = await scheduling.refusal(lambda uow: commands.excuse(uow, offer.id, "officer"))

    assert (code, (await scheduling.live(case)).status) == ("wrong_state", "pending")


async def test_a_wrong_step_is_refused_and_a_second_click_changes_nothing(scheduling: Scheduling) -> None:
    _, appointment = await scheduling.booked()
    scheduling.clock.instant = appointment.starts_at
    code = await scheduling.refusal(lambda uow: commands.check_in(uow, appointment.id, "officer", present=3))

    for _ in range(2):
        await scheduling.do(lambda uow: commands.arrive(uow, appointment.id, "officer"))

    assert code == "wrong_state"
    assert (await scheduling.appointment(appointment.id)).version == 3


async def test_history_rows_never_change(scheduling: Scheduling) -> None:
    await scheduling.booked()

    with pytest.raises(DBAPIError, match="history rows never change"):
        await scheduling.execute("update appointment_history set status = 'noshow'")


async def test_the_days_list_names_cases_and_no_person(scheduling: Scheduling) -> None:
    case, appointment = await scheduling.booked()

    listed = await scheduling.do(lambda uow: day_view(uow, "MX-TAP-01", appointment.wall_time.date()))

    assert [(entry["case_ref"], entry["status"], entry["party"]) for entry in listed] == [(case.case_ref, "booked", 3)]


async def test_a_waiting_case_can_say_why_its_rank_and_what_would_change_it(scheduling: Scheduling) -> None:
    first, second = a_case(registered_at=NOW - days(9)), a_case(registered_at=NOW - days(3))
    await scheduling.receive(a_programme(allocation="draw"), first, second)

    told = await scheduling.do(lambda uow: why(uow, second.case_ref))

    assert (told["reason"], told["rank"], told["changes_when"]) == ("awaiting_draw", 1, "a draw gives it a place")


def test_every_reason_to_wait_says_what_ends_it() -> None:
    assert set(WHAT_ENDS_IT) == set(Waiting)
