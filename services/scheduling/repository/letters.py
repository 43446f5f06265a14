"""How often a case was booked, and which letters hold no more."""

from datetime import timedelta

from services.scheduling.domain.letters import HOLDS_AFTER_END, WITH_LETTER, Bookings
from shared.db import UnitOfWork

LONGEST = timedelta(hours=24)
"""No appointment takes longer, and no change of clocks moves one by more."""

COUNTED = """
from appointments a join appointment_history h on h.appointment_id = a.id and h.status = 'booked'
left join appointment_history b on b.appointment_id = a.id and b.version = h.version - 1
left join appointments o on o.id = a.replaces and h.version = 1
  and (o.site, o.starts_at, o.party) = (a.site, a.starts_at, a.party)
  and exists (select 1 from appointment_history oh where oh.appointment_id = o.id and oh.status = 'booked')
"""
"""Every time that something was booked. What takes the place of a booking and says the same (`o`), and what is booked again
since it was recorded as arrived by mistake (`b`), brings no letter of its own: nobody is written to, and the paper is right."""

MADE = "count(*) filter (where b.status is distinct from 'arrived' and o.id is null)"

BOOKINGS = f"""
select {MADE} as made, coalesce(bool_or(a.status = any(:with_letter)), false) as stands
{COUNTED} where a.case_ref = :ref
"""

SUPERSEDED = f"""
select a.case_ref, {MADE} as made, bool_or(a.status = any(:with_letter)) as stands
{COUNTED} where a.case_ref in (
  select case_ref from appointments where starts_at > :since and (version > 1 or status <> 'booked'))
group by a.case_ref having {MADE} > 1 or not bool_or(a.status = any(:with_letter))
order by a.case_ref
"""  # noqa: S608  only our own constants are put in

HOLDS_NOW = """
select 1 from appointments
where case_ref = :ref and status = any(:with_letter)
  and starts_at + make_interval(mins => minutes) + cast(:after_end as interval) > :now limit 1
"""

LATELY = """
select max(id) as newest, count(*) as lately from outbox where id > (select max(id) from outbox) - 5000
"""
"""Also rows are seen by it that have lower numbers than others and were committed later."""

WITH = sorted(status.value for status in WITH_LETTER)


async def bookings(uow: UnitOfWork, case_ref: str) -> Bookings:
    """How often the case was booked, a new instant of the same booking too, the same date at another desk not; none for a case
    that is not known."""
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


async def mark(uow: UnitOfWork) -> tuple[int | None, int]:
    """Another one whenever a case has changed: as long as it stays the same, so does the list of superseded letters."""
    [row] = await uow.rows(LATELY)
    return row.newest, row.lately
