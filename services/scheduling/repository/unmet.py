"""Households for whom there is no place: since when, until when one must be found, and who sees to it.

`unmet_since`: since when it waits for want of a place; whoever sees to it acknowledges it with a plan. `overdue_since`:
since when it is too late for a place in time.
"""

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any

from services.scheduling.domain.needs import TRAVEL_NOTICE
from shared.clock import still_today
from shared.db import UnitOfWork

DUE_ON = "(cast(snapshot ->> 'valid_until' as date) - cast(:notice as int))"
NOTICE_DAYS = TRAVEL_NOTICE.days

COLUMNS = f"""
select case_ref, system, programme, waiting, urgency, registered_at, unmet_since, overdue_since, acknowledged_at,
       acknowledged_by, plan, {DUE_ON} as due_on, count(*) over () as matching
from cases where unmet_since is not null
"""  # noqa: S608  only our own constant is put in

OF_CASE = COLUMNS + " and case_ref = :ref"

LIST = f"""{COLUMNS}
and (cast(:system as text) is null or system = :system) and (cast(:programme as text) is null or programme = :programme)
and (cast(:due_before as date) is null or {DUE_ON} < :due_before)
order by due_on, urgency <> 'urgent', registered_at, case_ref limit :limit
"""

PASSED = f"""
select case_ref from cases where unmet_since is not null and (overdue_since is null) = ({DUE_ON} < :today) and case_ref <> all(:beside)
order by case_ref limit :limit
"""  # noqa: S608  only our own constant is put in

NOTE_CHOOSERS = """
with noted as (
  select case_ref from cases
  where case_ref = any(:refs) and waiting = 'awaiting_choice' and (unmet_since is null) = :begins and overdue_since is null
  order by case_ref for update skip locked)
update cases c set unmet_since = case when :begins then cast(:now as timestamptz) end, acknowledged_at = null,
       acknowledged_by = null, plan = null
from noted where noted.case_ref = c.case_ref
"""
"""Who is too late for a place by its clock stays so until the clock itself says that there is time again."""

ACKNOWLEDGE = """
update cases set acknowledged_at = :now, acknowledged_by = :by, plan = :plan where case_ref = :ref
"""

COUNTS = """
select system, count(*)::int as unmet, count(*) filter (where acknowledged_at is null)::int as unacknowledged,
       count(*) filter (where overdue_since is not null)::int as overdue,
       extract(day from :now - min(unmet_since))::int as oldest_days
from cases where unmet_since is not null group by system
"""


NONE = {"unmet": 0, "unmet_unacknowledged": 0, "unmet_overdue": 0, "unmet_oldest_days": 0}
"""The counts of a country where everyone has a place."""


async def clock_of(uow: UnitOfWork, case_ref: str) -> Any:
    """The clock of a case for which there is no place; None for any other."""
    return next(iter(await uow.rows(OF_CASE, ref=case_ref, notice=NOTICE_DAYS)), None)


async def by_clock(
    uow: UnitOfWork, system: str | None, programme: str | None, due_before: date | None, limit: int
) -> Sequence[Any]:
    """Cases without a place, those first whose time ends first; each row says how many match in all."""
    return await uow.rows(
        LIST, system=system, programme=programme, due_before=due_before, limit=limit, notice=NOTICE_DAYS
    )


async def whose_clock_passed(uow: UnitOfWork, limit: int, beside: Sequence[str]) -> list[str]:
    """Cases `beside` these that are overdue and do not say so yet, or that say so and have time again: past the day at every
    site."""
    rows = await uow.rows(PASSED, today=still_today(uow.now), limit=limit, notice=NOTICE_DAYS, beside=list(beside))
    return [row.case_ref for row in rows]


async def note_choosers(uow: UnitOfWork, *, without: Collection[str], others: Collection[str]) -> None:
    """The clock begins of households that are to choose and find no place, and ends of those that find one; those at which
    someone else is at work are left for the next time."""
    await uow.execute(NOTE_CHOOSERS, refs=sorted(without), begins=True, now=uow.now)
    await uow.execute(NOTE_CHOOSERS, refs=sorted(others), begins=False, now=uow.now)


async def acknowledge(uow: UnitOfWork, case_ref: str, by: str, plan: str) -> None:
    """Notes on a locked case without a place who sees to it, and how."""
    await uow.execute(ACKNOWLEDGE, ref=case_ref, now=uow.now, by=by, plan=plan)


async def counts(uow: UnitOfWork) -> dict[str, dict[str, int]]:
    """By country: cases without a place, of these not seen by anyone, too late, and days since the oldest."""
    return {
        row.system: {
            "unmet": row.unmet,
            "unmet_unacknowledged": row.unacknowledged,
            "unmet_overdue": row.overdue,
            "unmet_oldest_days": row.oldest_days,
        }
        for row in await uow.rows(COUNTS, now=uow.now)
    }
