"""How often a case was booked, and which letters hold no more."""

from datetime import timedelta

from services.scheduling.domain.letters import HOLDS_AFTER_END, WITH_LETTER, Bookings
from shared.db import UnitOfWork

LONGEST = timedelta(hours=24)
"""No appointment takes longer, and no change of clocks moves one by more."""

BOOKINGS = """
select count(*) as made, coalesce(bool_or(a.status = any(:with_letter)), false) as stands
from appointments a join appointment_history h on h.appointment_id = a.id and h.status = 'booked'
where a.case_ref = :ref
"""

SUPERSEDED = """
select a.case_ref, count(*) as made, bool_or(a.status = any(:with_letter)) as stands
from appointments a join appointment_history h on h.appointment_id = a.id and h.status = 'booked'
where a.case_ref in (
  select case_ref from appointments where starts_at > :since and (version > 1 or status <> 'booked'))
group by a.case_ref having count(*) > 1 or not bool_or(a.status = any(:with_letter))
order by a.case_ref
"""

HOLDS_NOW = """
select 1 from appointments
where case_ref = :ref and status = any(:with_letter)
  and starts_at + make_interval(mins => minutes) + cast(:after_end as interval) > :now limit 1
"""

WITH = sorted(status.value for status in WITH_LETTER)


async def bookings(uow: UnitOfWork, case_ref: str) -> Bookings:
    """How often the case was booked, a new instant of the same booking too; none for a case that is not known."""
    [row] = await uow.rows(BOOKINGS, ref=case_ref, with_letter=WITH)
    return Bookings(row.made, row.stands)


async def holds_now(uow: UnitOfWork, case_ref: str) -> bool:
    """Whether the case has an appointment whose letter holds at this moment; False for a case that is not known."""
    rows = await uow.rows(HOLDS_NOW, ref=case_ref, with_letter=WITH, now=uow.now, after_end=HOLDS_AFTER_END)
    return bool(rows)


async def superseded(uow: UnitOfWork) -> dict[str, int]:
    """The least sequence of each case that had a letter which is superseded and would otherwise hold still."""
    since = uow.now - HOLDS_AFTER_END - LONGEST
    rows = await uow.rows(SUPERSEDED, since=since, with_letter=WITH)
    return {row.case_ref: Bookings(row.made, row.stands).least_sequence for row in rows}
