"""Orders to rebook stranded appointments, the households of each, and how far each came."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from services.scheduling.repository.abilities import IS_UNABLE
from shared import tracing
from shared.db import UnitOfWork, as_json
from shared.outbox import Cause

ORDER = """
insert into rebookings (id, site, site_version, ordered_at, acted_by, event_id, correlation_id, traceparent, households)
values (:id, :site, :site_version, :now, :acted_by, :event_id, :correlation_id, :traceparent, :households)
"""

HOUSEHOLDS = """
insert into rebooking_households (rebooking_id, number, case_ref, appointment_id, reason)
select :id, row_number() over (order by c.urgency <> 'urgent', c.registered_at, c.case_ref), c.case_ref, r.appointment_id,
       r.reason
from jsonb_to_recordset(cast(:rows as jsonb)) as r(appointment_id uuid, case_ref text, reason text)
join cases c using (case_ref)
"""

TAKE = """
select r.id, r.site, r.done, r.households, r.event_id, r.correlation_id, r.traceparent from rebookings r
where r.finished_at is null order by r.ordered_at, r.id limit 1 for update skip locked
"""

NEXT = f"""
select h.case_ref, h.appointment_id, h.reason, exists (
    select 1 from slot_claims c join slots s on s.id = c.slot_id join resources r on r.id = s.resource_id
    where c.appointment_id = h.appointment_id and (s.planned < s.taken or {IS_UNABLE})) as is_stranded
from rebooking_households h join appointments a on a.id = h.appointment_id
where h.rebooking_id = :id and h.number > :done and h.number <= :done + :limit order by h.number
"""  # noqa: S608  only our own constant is put in

ADVANCE = """
update rebookings set done = done + :moved + :waiting + :kept, moved = moved + :moved, waiting = waiting + :waiting,
       kept = kept + :kept, finished_at = case when done + :moved + :waiting + :kept = households
                                               then cast(:now as timestamptz) end
where id = :id
"""


@dataclass(frozen=True, slots=True)
class Rebooking:
    """An order at work, locked; `done` of its `households` were looked at."""

    id: UUID
    site: str
    done: int
    households: int
    cause: Cause


@dataclass(frozen=True, slots=True)
class Stranded:
    """An appointment that cannot take place, and why; `is_stranded` False when it can take place again."""

    case_ref: str
    appointment_id: UUID
    reason: str
    is_stranded: bool = True


@dataclass(frozen=True, slots=True)
class Done:
    """How many households of a chunk were moved, wait without an appointment, or keep what they have."""

    moved: int
    waiting: int
    kept: int


async def order(uow: UnitOfWork, site: Any, stranded: Sequence[Stranded], *, acted_by: str, cause: Cause) -> UUID:
    """Writes the order to rebook these appointments, urgent ones first, then by registration; its id."""
    id = uuid4()
    rows = [{"appointment_id": s.appointment_id, "case_ref": s.case_ref, "reason": s.reason} for s in stranded]
    await uow.execute(
        ORDER,
        id=id,
        site=site.site,
        site_version=site.version,
        now=uow.now,
        acted_by=acted_by,
        event_id=cause.event_id,
        correlation_id=cause.correlation_id,
        traceparent=tracing.to_traceparent(cause.context),
        households=len(rows),
    )
    await uow.execute(HOUSEHOLDS, id=id, rows=as_json(rows))
    return id


async def take_next(uow: UnitOfWork) -> Rebooking | None:
    """The oldest order that is not finished and that nobody else works at, locked."""
    for row in await uow.rows(TAKE):
        context = tracing.from_traceparent(row.traceparent) or tracing.new_root()
        cause = Cause(row.event_id, row.correlation_id, context)
        return Rebooking(row.id, row.site, row.done, row.households, cause)
    return None


async def next_households(uow: UnitOfWork, rebooking: Rebooking, limit: int) -> list[Stranded]:
    """The next households of the order, by seniority."""
    rows = await uow.rows(NEXT, id=rebooking.id, done=rebooking.done, limit=limit)
    return [Stranded(row.case_ref, row.appointment_id, row.reason, row.is_stranded) for row in rows]


async def advance(uow: UnitOfWork, rebooking: Rebooking, done: Done) -> None:
    """Notes what became of the next households; the order is finished after its last one."""
    await uow.execute(ADVANCE, id=rebooking.id, now=uow.now, moved=done.moved, waiting=done.waiting, kept=done.kept)


async def orders_at(uow: UnitOfWork, site: str) -> Sequence[Any]:
    """The orders of a site, newest first, at most 100."""
    return await uow.rows(
        "select * from rebookings where site = :site order by ordered_at desc, id limit 100", site=site
    )


async def to_do(uow: UnitOfWork) -> dict[str, int]:
    """Households that are still to be rebooked, by country."""
    rows = await uow.rows(
        """select s.system, sum(r.households - r.done)::int as households
           from rebookings r join sites s using (site) where r.finished_at is null group by s.system"""
    )
    return {row.system: row.households for row in rows}
