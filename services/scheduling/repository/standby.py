"""The standby list: households that agreed to be called, by site and day."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from shared.clock import still_today
from shared.db import UnitOfWork

ADD = """
insert into standby (case_ref, site, day, since, acted_by) values (:case_ref, :site, :day, :now, :acted_by)
on conflict do nothing
"""

AT = """
select b.case_ref, c.programme, c.urgency, c.registered_at, cast(c.snapshot -> 'party' ->> 'attendees' as int) as party,
       b.since, b.acted_by, a.site as has_site, a.status as has_status, a.wall_time as has_wall_time, a.zone as has_zone
from standby b join cases c using (case_ref)
left join appointments a on a.case_ref = b.case_ref and a.status in ('pending', 'booked', 'arrived', 'checked-in')
where b.site = :site and b.day = :day and c.state = 'eligible' and (a.id is null or cast(a.wall_time as date) > :day)
order by c.urgency <> 'urgent', c.registered_at, b.case_ref
"""


async def add(uow: UnitOfWork, case_ref: str, site: str, day: date, *, acted_by: str) -> None:
    """A locked case stands by; the second time changes nothing."""
    await uow.execute(ADD, case_ref=case_ref, site=site, day=day, now=uow.now, acted_by=acted_by)


async def remove(uow: UnitOfWork, case_ref: str, site: str, day: date) -> None:
    """A locked case stands by for this no more."""
    sql = "delete from standby where case_ref = :case_ref and site = :site and day = :day"
    await uow.execute(sql, case_ref=case_ref, site=site, day=day)


async def leave(uow: UnitOfWork, case_ref: str, day: date) -> None:
    """A locked case stands by for no site any more on that day."""
    await uow.execute("delete from standby where case_ref = :case_ref and day = :day", case_ref=case_ref, day=day)


async def at(uow: UnitOfWork, site: str, day: date) -> Sequence[Any]:
    """The eligible cases that stand by for the site on its date and have nothing by then, in the order in which they are
    served; with the later appointment that they have, if any."""
    return await uow.rows(AT, site=site, day=day)


async def of_case(uow: UnitOfWork, case_ref: str) -> Sequence[Any]:
    """Site, day and since when of all for which a case stands by, by day."""
    return await uow.rows(
        "select site, day, since from standby where case_ref = :case_ref order by day, site", case_ref=case_ref
    )


async def forget(uow: UnitOfWork) -> int:
    """Deletes days that are over everywhere; how many rows there were."""
    return await uow.execute("delete from standby where day < :day", day=still_today(uow.now))
