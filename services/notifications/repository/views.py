"""What operations ask about notices."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlmodel import col

from services.notifications.tables import NoticeRow
from shared.db import UnitOfWork
from shared.events import System

COUNTS = """
select * from
  (select system, count(*) as notices_sent from notices where state = 'sent' group by system) as ended
full join
  (select system,
     count(*) filter (where state = 'not_reachable') as not_reachable,
     count(*) filter (where state = 'failed') as notices_failed,
     count(*) filter (where state in ('due', 'sending')) as notices_due,
     count(*) filter (where next_try_at < cast(:now as timestamptz) - interval '5 minutes') as notices_late
   from notices where closed_at is null group by system) as open
using (system)
"""
"""In two parts, each by its index: those that were sent are many, their rows are wide, and it is asked every second."""


async def counts(uow: UnitOfWork) -> dict[str, dict[str, int]]:
    """By country: notices sent, without an address now, with an address that was refused, still to go, and of all that may
    still go those whose time came over five minutes ago: nothing has tried them.

    Those without a good address are counted as sent when one comes, and not at all when they are not owed any more.
    """
    names = ("notices_sent", "not_reachable", "notices_failed", "notices_due", "notices_late")
    rows = await uow.rows(COUNTS, now=uow.now)
    found = {row.system: {name: getattr(row, name) or 0 for name in names} for row in rows}
    return {system: found.get(system, dict.fromkeys(names, 0)) for system in System}


async def notices_of_case(uow: UnitOfWork, case_ref: str) -> Sequence[NoticeRow]:
    """Every notice of the case, oldest first."""
    question = select(NoticeRow).where(col(NoticeRow.case_ref) == case_ref).order_by(col(NoticeRow.n))
    return (await uow.session.execute(question)).scalars().all()
