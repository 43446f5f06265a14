"""A programme that is unknown, closed, opened again or gives its places another way, and the cases that hang on it."""

import pytest

from services.scheduling import commands
from services.scheduling.views.cases import effects_of_closing
from shared.events import Party
from tests.builders import NOW, a_case, a_programme, days
from tests.scheduling import Scheduling

PROGRAMMES = ()
"""Each test says which programmes there are."""


async def test_a_case_that_comes_before_its_programme_ends_the_same(scheduling: Scheduling) -> None:
    case = a_case()
    await scheduling.receive(case)
    assert await scheduling.waiting(case) == "programme_unknown"

    await scheduling.receive(a_programme())
    await scheduling.jobs.look_again()

    assert (await scheduling.live(case)).status == "pending"


@pytest.mark.parametrize(("allocation", "reason"), [("choice", "awaiting_choice"), ("draw", "awaiting_draw")])
async def test_choice_and_draw_programmes_wait(scheduling: Scheduling, allocation: str, reason: str) -> None:
    case = a_case()

    await scheduling.receive(a_programme(allocation=allocation), case)

    assert await scheduling.waiting(case) == reason


async def test_who_is_to_choose_is_said_by_which_day_and_again_when_that_is_another(scheduling: Scheduling) -> None:
    case = a_case()
    sooner = {"valid_until": case.valid_until - days(7), "version": 3, "revision": 3}
    await scheduling.receive(a_programme(allocation="choice"), case)

    await scheduling.receive(case.model_copy(update={"version": 2, "revision": 2}))
    await scheduling.receive(case.model_copy(update=sooner))

    rows = await scheduling.rows(
        "select value::json -> 'choice' as choice from outbox where topic = 'scheduling.cases' order by id"
    )
    last_days = [case.valid_until, case.valid_until - days(7)]
    assert [{"before": (day - days(3)).isoformat(), "latest": day.isoformat()} for day in last_days] == [
        row.choice for row in rows
    ]


async def test_a_programme_that_opens_again_reaches_every_household_that_waited(scheduling: Scheduling) -> None:
    await scheduling.receive(a_programme(status="paused"))
    await scheduling.receive(*[a_case(sites=(), valid_until=(NOW + days(89)).date()) for _ in range(450)])

    await scheduling.receive(a_programme(version=2))
    await scheduling.jobs.look_again()

    assert await scheduling.count("select count(*) from cases where waiting is not null") == 0


@pytest.mark.parametrize("on_close", ["cancel", "rebook"])
async def test_a_programme_that_closes_cancels_its_dates_one_message_each_and_keeps_the_line(
    scheduling: Scheduling, on_close: str
) -> None:
    offered, held, waits = a_case(), a_case(), a_case(valid_until=NOW.date())
    await scheduling.receive(a_programme(on_close=on_close), offered, held, waits)
    await scheduling.accept(held, "scheduler")

    await scheduling.receive(a_programme(on_close=on_close, status="closed", version=2))
    for _ in range(2):
        await scheduling.jobs.look_again()

    for case in (offered, held):
        assert await scheduling.waiting(case) == "programme_closed"
        assert (await scheduling.published(case)).count("puente.scheduling.appointment.cancelled.v1") == 1
    reasons = await scheduling.rows("select distinct reason from appointments")
    assert [row.reason for row in reasons] == ["programme-closed"]


async def test_a_programme_that_honours_its_dates_keeps_them_when_it_closes(scheduling: Scheduling) -> None:
    held = a_case()
    await scheduling.receive(a_programme(on_close="honour"), held)
    await scheduling.accept(held, "scheduler")

    await scheduling.receive(a_programme(on_close="honour", status="closed", version=2))
    await scheduling.jobs.look_again()

    assert (await scheduling.live(held)).status == "booked"


@pytest.mark.parametrize("status", ["closed", "paused"])
async def test_a_date_that_is_honoured_and_cannot_take_place_is_replaced(scheduling: Scheduling, status: str) -> None:
    held = a_case()
    await scheduling.receive(a_programme(on_close="honour"), held)
    await scheduling.accept(held, "scheduler")
    await scheduling.receive(a_programme(on_close="honour", status=status, version=2))
    await scheduling.jobs.look_again()
    before = await scheduling.live(held)

    await scheduling.do(lambda uow: commands.cancel(uow, held.case_ref, "site-closed", "scheduler"))

    assert (await scheduling.live(held)).replaces == before.id


async def test_who_chooses_and_loses_its_date_may_choose_again_though_nothing_is_free_now(
    scheduling: Scheduling,
) -> None:
    case = a_case(valid_until=(NOW + days(3)).date())
    await scheduling.receive(a_programme(allocation="choice"), case)
    slot = (await scheduling.slots_of(case))[0]["slot_id"]
    await scheduling.do(lambda uow: commands.choose(uow, case.case_ref, slot, "household"))
    await scheduling.take_all_but(await scheduling.live(case))

    await scheduling.receive(case.model_copy(update={"version": 2, "party": Party(attendees=5, adults=3, children=2)}))

    assert await scheduling.waiting(case) == "awaiting_choice"


async def test_whom_a_closing_would_concern_can_be_asked_before(scheduling: Scheduling) -> None:
    held, waits = a_case(), a_case(valid_until=NOW.date())
    await scheduling.receive(a_programme(), held, waits)

    effects = await scheduling.do(lambda uow: effects_of_closing(uow, "MX-REF"))

    assert effects == {"appointments": 1, "waiting": 1, "cases": [held.case_ref]}
