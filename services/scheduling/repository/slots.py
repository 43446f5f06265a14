"""Slots: what is free, what is locked, what is claimed, what is freed."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from services.scheduling.domain.calendar import Calendar, Resource, Step
from shared.db import UnitOfWork, as_json

FREE = """
select id, resource_id, starts_at, local_date, capacity - taken as "left" from slots
where site = any(:sites) and taken < capacity and starts_at >= :earliest and starts_at < :until
order by resource_id, starts_at
"""

LOCK = 'select id, capacity - taken as "left" from slots where id = any(:ids) order by id for update'

CLAIM = """
insert into slot_claims (slot_id, appointment_id, units)
select slot_id, appointment_id, units
from jsonb_to_recordset(cast(:rows as jsonb)) as r(slot_id bigint, appointment_id uuid, units int)
"""

TAKE = """
update slots s set taken = s.taken + r.units
from (select slot_id, sum(units)::int as units
      from jsonb_to_recordset(cast(:rows as jsonb)) as r(slot_id bigint, units int) group by slot_id) r
where s.id = r.slot_id
"""

FREE_PLACES = """
insert into freed_places (id, site, from_case, starts_at, freed_at)
select id, site, case_ref, starts_at, :now from appointments where id = any(:ids) order by id
"""

HAND_OVER = """
update slot_claims set freed_place_id = appointment_id, appointment_id = null where appointment_id = any(:ids)
"""


async def resources_of(uow: UnitOfWork, sites: Sequence[str]) -> list[Resource]:
    """The desks, interpreters and windows of open sites."""
    rows = await uow.rows(
        """select r.id, r.site, r.kind, r.name, r.programmes, r.languages, r.female
           from resources r join sites s using (site) where r.site = any(:sites) and s.is_open order by r.id""",
        sites=list(sites),
    )
    return [Resource(r.id, r.site, r.kind, r.name, tuple(r.programmes), frozenset(r.languages), r.female) for r in rows]


async def free_calendar(
    uow: UnitOfWork, resources: Sequence[Resource], earliest: datetime, until: datetime
) -> Calendar:
    """What is free at these resources' sites, not locked: the claim looks again."""
    sites = sorted({resource.site for resource in resources})
    rows = await uow.rows(FREE, sites=sites, earliest=earliest, until=until)
    return Calendar.of(
        resources, ((row.resource_id, Step(row.id, row.starts_at, row.local_date, row.left)) for row in rows)
    )


async def lock(uow: UnitOfWork, slot_ids: Iterable[int]) -> dict[int, int]:
    """Units still free of each slot, which stay so until the transaction ends."""
    return {row.id: row.left for row in await uow.rows(LOCK, ids=sorted(set(slot_ids)))}


async def claim(uow: UnitOfWork, claims: Sequence[tuple[int, UUID, int]]) -> None:
    """Writes (slot, appointment, units) on locked slots."""
    rows = as_json([{"slot_id": slot, "appointment_id": str(holder), "units": units} for slot, holder, units in claims])
    await uow.execute(CLAIM, rows=rows)
    await uow.execute(TAKE, rows=rows)


async def free_places_of(uow: UnitOfWork, appointment_ids: Sequence[UUID]) -> None:
    """Turns what the ended appointments held into freed places of the same id: still taken, for the next household."""
    if appointment_ids:
        await uow.execute(FREE_PLACES, ids=list(appointment_ids), now=uow.now)
        await uow.execute(HAND_OVER, ids=list(appointment_ids))
