"""Households that come no further without people, and how many there are."""

from collections.abc import Sequence
from typing import Any

from services.scheduling.domain.stalled import UNRECORDED_AFTER, Stalled
from shared.db import UnitOfWork

STALLED = """
select c.case_ref, c.system, c.programme, c.urgency, c.registered_at, c.snapshot ->> 'reachable' as reachable,
       cast(c.snapshot ->> 'valid_until' as date) as valid_until, x.why,
       a.id, a.site, a.status, a.wall_time, a.zone, count(*) over () as matching
from (select case_ref, ended_appointment as appointment,
             case waiting when 'missed' then 'missed' when 'offers_unanswered' then 'unanswered' else 'unreached' end as why
      from cases
      where waiting in ('missed', 'offers_unanswered') or waiting = 'offer_expired' and snapshot ->> 'reachable' <> 'yes'
      union all
      select case_ref, ended_appointment, 'unreached' from cases
      where waiting = 'awaiting_choice' and snapshot ->> 'reachable' <> 'yes'
      union all
      select case_ref, id, 'unrecorded' from appointments
      where status in ('booked', 'arrived', 'checked-in') and starts_at < :over
      union all
      select w.case_ref, w.ended_appointment, 'referred'
      from cases w join referrals r on r.id = cast(w.referral ->> 'id' as uuid)
      where w.waiting = 'referred' and r.answered_at < :over) x
join cases c using (case_ref) left join appointments a on a.id = x.appointment
where (cast(:system as text) is null or c.system = :system) and (cast(:why as text) is null or x.why = :why)
order by valid_until, c.urgency <> 'urgent', c.registered_at, c.case_ref limit :limit
"""

COUNTS = f"select system, why, count(*)::int as n from ({STALLED}) s group by system, why"  # noqa: S608  only our own query

NONE = {why.value: 0 for why in Stalled}
"""The counts of a country where nobody stands still."""


async def stalled(uow: UnitOfWork, system: str | None, why: str | None, limit: int) -> Sequence[Any]:
    """Who stands still, those first whose time ends first, with the appointment that it is about; each row says how many
    match in all."""
    return await uow.rows(STALLED, system=system, why=why, limit=limit, over=uow.now - UNRECORDED_AFTER)


async def counts(uow: UnitOfWork) -> dict[str, dict[str, int]]:
    """By country: how many stand still, by why."""
    found: dict[str, dict[str, int]] = {}
    for row in await uow.rows(COUNTS, system=None, why=None, limit=None, over=uow.now - UNRECORDED_AFTER):
        found.setdefault(row.system, {})[row.why] = row.n
    return found
