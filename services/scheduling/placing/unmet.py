"""No place is a state with a clock and an owner: it is listed, taken on by someone, and here said when it is too late."""

from collections.abc import Sequence
from dataclasses import replace

from services.scheduling.domain.decisions import Waiting
from services.scheduling.domain.needs import TRAVEL_NOTICE, need_of
from services.scheduling.domain.opening import AHEAD
from services.scheduling.placing.line import Line
from services.scheduling.placing.offers import FIRST_LOOK
from services.scheduling.placing.outcomes import Outcome, record
from services.scheduling.repository import cases, reference, slots, unmet
from services.scheduling.repository.known_case import KnownCase, Seniority
from shared import tracing
from shared.db import UnitOfWork
from shared.events import ProgrammeChanged
from shared.outbox import Cause


async def say_clocks_passed(uow: UnitOfWork, refs: list[str]) -> None:
    """Says of these cases without a place that it is too late for one, once, or that there is time again."""
    results = []
    for case in await cases.lock(uow, refs):
        if case.is_unmet and case.waiting:
            overdue_since = None if case.overdue_since else uow.now
            said = replace(case, overdue_since=overdue_since)
            cause = Cause.first(tracing.current(), case.cause.context)
            results.append(Outcome(said, waiting=Waiting(case.waiting), cause=cause))
    await record(uow, results)


def choosers(programme: ProgrammeChanged) -> Line:
    """Who is to choose under it."""
    return Line(programme.programme, [Waiting.CHOICE])


async def watch_choosers(
    uow: UnitOfWork, after: Seniority, most: int, *, programme: ProgrammeChanged
) -> Seniority | None:
    """Notes of the next households that are to choose whether there is a place that they could choose; where the page ended, None
    after the last one. Nothing is said to them for that, and nothing is locked that others wait for."""
    page = await choosers(programme).next_after(uow, after, most)
    known = await cases.read(uow, [each.case_ref for each in page])
    without = await _without_a_place(uow, known, programme)
    await unmet.note_choosers(uow, without=without, others={case.case_ref for case in known} - without)
    return page[-1] if len(page) == most else None


async def _without_a_place(uow: UnitOfWork, known: Sequence[KnownCase], programme: ProgrammeChanged) -> set[str]:
    areas = await reference.areas(uow)
    needs = [need_of(case.as_asked, programme, areas, uow.now) for case in known]
    interpreted = any(need.languages for need in needs)
    resources = await slots.resources_of(uow, {site for need in needs for site in need.sites}, with_remote=interpreted)
    for ahead in (FIRST_LOOK, AHEAD):
        if needs:
            calendar = await slots.free_calendar(uow, resources, uow.now + TRAVEL_NOTICE, uow.now + ahead)
            needs = [need for need in needs if not calendar.has(need)]
    return {need.case_ref for need in needs}
