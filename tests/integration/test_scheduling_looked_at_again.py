"""Who waits is looked at again when places open: not for a day that it declined, and never under an old word."""

import asyncio
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy.event import listen

from services.scheduling import commands
from services.scheduling.handlers import cases_changed
from services.scheduling.jobs import look_at_page
from services.scheduling.repository import reference
from services.scheduling.repository.known_case import FIRST
from shared import tracing
from shared.events import CaseChanged
from shared.outbox import Cause
from tests.builders import NOW, a_case, a_programme, days
from tests.scheduling import Scheduling


async def decline(scheduling: Scheduling, case: CaseChanged) -> Any:
    """The appointment that it lets go."""
    offer = await scheduling.live(case)
    await scheduling.do(lambda uow: commands.decline(uow, case.case_ref, "assistant"))
    return offer


async def nobody_wants_it(scheduling: Scheduling) -> None:
    """The freed place opens, and who waits is looked at again."""
    await scheduling.jobs.offer_freed_places()
    scheduling.clock.advance(timedelta(hours=1))
    await scheduling.jobs.open_freed_places()
    await scheduling.jobs.look_again()


async def test_who_declined_is_offered_other_days_when_its_place_opens_and_none_of_them_twice(
    scheduling: Scheduling,
) -> None:
    case = a_case()
    await scheduling.receive(case)
    offered = []

    for _ in range(3):
        offered.append((await decline(scheduling, case)).wall_time.date())
        await nobody_wants_it(scheduling)

    assert offered == sorted(set(offered))
    assert (await scheduling.live(case)).wall_time.date() not in offered


async def test_who_declined_the_only_day_waits_for_another_one_and_not_for_that(scheduling: Scheduling) -> None:
    case = a_case(valid_until=(NOW + days(3)).date())
    await scheduling.receive(a_programme(version=2, offer_hours=24), case)

    await decline(scheduling, case)
    await scheduling.jobs.offer_freed_places()
    await scheduling.do(lambda uow: uow.execute("update freed_places set opens_at = :now", now=NOW))
    await scheduling.jobs.open_freed_places()
    for _ in range(2):
        await scheduling.do(reference.look_again)
        await scheduling.jobs.look_again()

    assert await scheduling.waiting(case) == "no_capacity_before_valid_until"


async def test_who_asks_for_another_offer_may_have_the_day_that_it_declined(scheduling: Scheduling) -> None:
    case = a_case()
    await scheduling.receive(case)
    declined = await decline(scheduling, case)

    await scheduling.do(lambda uow: commands.offer_again(uow, case.case_ref))

    assert (await scheduling.live(case)).wall_time.date() == declined.wall_time.date()


@pytest.mark.parametrize("status", ["closed", "paused"])
async def test_no_date_is_offered_under_the_old_word_of_a_programme_that_changed_meanwhile(
    scheduling: Scheduling, status: str
) -> None:
    case = a_case()
    await scheduling.receive(a_programme(version=2, status="paused"), case)
    await scheduling.receive(a_programme(version=3))
    (under_way, _), *_ = await scheduling.do(reference.to_look_at_again)

    await scheduling.receive(a_programme(version=4, status=status))
    went_on = await scheduling.do(partial(look_at_page, after=FIRST, most=500, programme=under_way))
    await scheduling.jobs.look_again()

    assert went_on is None
    assert await scheduling.waiting(case) == f"programme_{status}"
    assert await scheduling.count("select count(*) from appointments") == 0


async def test_who_comes_under_another_programme_while_its_old_line_is_looked_at_waits_for_that_one(
    scheduling: Scheduling,
) -> None:
    case = a_case(valid_until=NOW.date())
    await scheduling.receive(a_programme(programme="MX-TVH", allocation="choice"), case)
    await scheduling.do(reference.look_again)
    moved = a_case(case_ref=case.case_ref, version=2, programme="MX-TVH")

    async with scheduling.database.begin(NOW) as taking_in:
        taking_in.caused_by(moved, Cause.first(tracing.new_root()))
        await cases_changed([moved], taking_in)
        looking = asyncio.create_task(scheduling.jobs.look_again())
        done, _ = await asyncio.wait([looking], timeout=0.3)
    await looking

    assert not done
    assert await scheduling.waiting(case) == "awaiting_choice"


async def test_for_a_place_too_near_to_travel_to_nobody_in_line_is_read(scheduling: Scheduling) -> None:
    first = a_case()
    await scheduling.receive(first)
    place = await scheduling.live(first)
    await scheduling.take_all_but(place)
    await scheduling.receive(a_case(valid_until=place.wall_time.date()))
    scheduling.clock.instant = place.starts_at - days(3) + timedelta(minutes=1)
    await decline(scheduling, first)
    statements: list[str] = []
    listen(
        scheduling.database.engine.sync_engine,
        "before_cursor_execute",
        lambda _connection, _cursor, statement, *_: statements.append(statement),
    )

    await scheduling.jobs.offer_freed_places()

    assert not [each for each in statements if "waiting = any" in each]
    assert await scheduling.count("select count(*) from freed_places where opens_at is not null") == 1
