"""What tests of the standby list do: households that hold a place, wait, stand by and let go."""

from datetime import date
from typing import Any

from services.scheduling import commands
from services.scheduling.commands import standby
from services.scheduling.domain.places import Place
from services.scheduling.placing.choices import Span, places_of
from services.scheduling.views.cases import known
from shared.db import UnitOfWork
from shared.events import CaseChanged
from tests.builders import a_case, days
from tests.calendars import TAP
from tests.scheduling import Scheduling


async def booked(scheduling: Scheduling, **changes: Any) -> tuple[CaseChanged, Any]:
    """A case with its booked appointment."""
    case = a_case(**changes)
    await scheduling.receive(case)
    await scheduling.do(lambda uow: commands.accept(uow, case.case_ref, "assistant"))
    return case, await scheduling.live(case)


async def waiting(scheduling: Scheduling, **changes: Any) -> CaseChanged:
    """A case that said no to what it was offered and is in line for the next place."""
    case = a_case(**changes)
    await scheduling.receive(case)
    await scheduling.do(lambda uow: commands.decline(uow, case.case_ref, "assistant"))
    await scheduling.do(lambda uow: uow.execute("update freed_places set opens_at = :now", now=uow.now))
    await scheduling.jobs.open_freed_places()
    return case


async def stand_by(scheduling: Scheduling, case: CaseChanged, day: date) -> None:
    await scheduling.do(lambda uow: standby.stand_by(uow, case.case_ref, TAP, day, acted_by="officer"))


async def let_go(scheduling: Scheduling, case: CaseChanged) -> None:
    """The household lets its place go, and the freed places are given to others."""
    await scheduling.do(lambda uow: commands.decline(uow, case.case_ref, "assistant"))
    await scheduling.jobs.offer_freed_places()


async def shown_to(scheduling: Scheduling, case: CaseChanged) -> list[Place]:
    """The places that the case can have in the next two weeks."""

    async def read(uow: UnitOfWork) -> list[Place]:
        return await places_of(uow, await known(uow, case.case_ref), Span(uow.now, uow.now + days(14)))

    return list(await scheduling.do(read))


async def moved_to_a_later_day(scheduling: Scheduling, case: CaseChanged, day: date) -> Any:
    """The case's appointment after staff moved it to some day after this one."""
    slot = next(place.claims[0][0] for place in await shown_to(scheduling, case) if place.local_date > day)
    await scheduling.do(lambda uow: commands.move(uow, case.case_ref, slot, "scheduler"))
    return await scheduling.live(case)


async def standing_by(scheduling: Scheduling) -> set[str]:
    return {row.case_ref for row in await scheduling.rows("select case_ref from standby")}
