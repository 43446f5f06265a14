"""Slots: what is free, what is locked, what is claimed, what is freed."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from typing import Any
from uuid import UUID

from services.scheduling.domain.calendar import Calendar
from services.scheduling.domain.decisions import NOBODY_IS_HEARD
from services.scheduling.domain.places import Own, Place, Resource, Step, count
from shared.db import UnitOfWork, as_json
from shared.events import Appointment

FREE = """
select id, resource_id, starts_at, local_date, capacity - taken as "left" from slots
where site = any(:sites) and resource_id = any(:there) and taken < capacity
  and starts_at >= :earliest and starts_at < :until
union all
select id, resource_id, starts_at, local_date, capacity - taken from slots
where resource_id = any(:elsewhere) and taken < capacity and starts_at >= :earliest and starts_at < :until
order by resource_id, starts_at
"""

RESOURCES = """
select r.id, r.site, s.system, r.kind, r.name, r.programmes, r.languages, r.accommodations || r.modes as accommodations,
       r.is_remote
from resources r join sites s using (site)
where s.is_open and (r.site = any(:sites) or
  :with_remote and r.is_remote and s.system in (select x.system from sites x where x.site = any(:sites)))
order by r.id
"""

GONE = """
select coalesce(array_agg(w.n), '{}') as gone
from unnest(cast(:refs as text[]), cast(:ids as bigint[]), cast(:keys as text[])) with ordinality as w(ref, id, key, n)
join cases c on c.case_ref = w.ref and c.waiting = 'awaiting_choice'
join slots s on s.id = w.id and s.taken >= s.capacity
where not exists (select 1 from slots o join resources r on r.id = o.resource_id
    where o.site = s.site and o.kind = s.kind and o.starts_at = s.starts_at and o.taken < o.capacity
      and c.programme = any(r.programmes))
  and not exists (select 1 from answered_requests a where a.case_ref = w.ref and a.key = w.key)
"""

LOCK = 'select id, capacity - taken as "left" from slots where id = any(:ids) order by id for update'
LOCK_FREE = f"{LOCK} skip locked"

OWN = """
select c.appointment_id, a.site, a.starts_at as appointment_starts_at, s.id, s.resource_id, s.starts_at, s.local_date,
       greatest(0, least(c.units, coalesce(s.planned, s.capacity) - s.taken + c.units)) as units
from slot_claims c join slots s on s.id = c.slot_id join appointments a on a.id = c.appointment_id
where c.appointment_id = any(:ids) order by c.appointment_id, s.resource_id, s.starts_at
"""

HELD = """
select distinct c.appointment_id, r.id, r.site, y.system, r.kind, r.name, r.programmes, r.languages,
       r.accommodations || r.modes as accommodations, r.is_remote
from slot_claims c join slots s on s.id = c.slot_id join resources r on r.id = s.resource_id join sites y on y.site = r.site
where c.appointment_id = any(:ids) order by c.appointment_id, r.id
"""

KEEP = """
with kept as (
  select slot_id, appointment_id, units
  from jsonb_to_recordset(cast(:rows as jsonb)) as r(slot_id bigint, appointment_id uuid, units int)),
gone as (
  delete from slot_claims c using kept
  where c.appointment_id = kept.appointment_id and c.slot_id = kept.slot_id and c.units <= kept.units)
update slot_claims c set units = c.units - kept.units from kept
where c.appointment_id = kept.appointment_id and c.slot_id = kept.slot_id and c.units > kept.units
"""

CLAIM = """
insert into slot_claims (slot_id, appointment_id, units)
select * from unnest(cast(:slots as bigint[]), cast(:holders as uuid[]), cast(:units as int[]))
"""

TAKE = """
update slots s set taken = s.taken + r.units
from unnest(cast(:slots as bigint[]), cast(:units as int[])) as r(slot_id, units)
where s.id = r.slot_id and r.units <> 0
"""

RELEASE = """
with gone as (delete from slot_claims where appointment_id = any(:ids) returning slot_id, units)
update slots s set taken = s.taken - g.units
from (select slot_id, sum(units)::int as units from gone group by slot_id) g where s.id = g.slot_id
"""

FREE_PLACES = """
insert into freed_places (id, site, from_case, starts_at, freed_at, traceparent, opens_at)
select a.id, a.site, a.case_ref, a.starts_at, :now, r.traceparent, case when r.is_for_nobody then a.starts_at end
from jsonb_to_recordset(cast(:rows as jsonb)) as r(id uuid, traceparent text, is_for_nobody boolean) join appointments a using (id)
where exists (select 1 from slot_claims c where c.appointment_id = a.id)
order by a.id
"""

HAND_OVER = """
update slot_claims set freed_place_id = appointment_id, appointment_id = null where appointment_id = any(:ids)
"""


async def resources_of(uow: UnitOfWork, sites: Iterable[str], *, with_remote: bool) -> list[Resource]:
    """The desks, interpreters and windows of open sites; with the remote interpreters elsewhere in their systems, if so
    asked: only households that need an interpreter have to look at those."""
    return [_resource(row) for row in await uow.rows(RESOURCES, sites=sorted(set(sites)), with_remote=with_remote)]


async def resources_held(uow: UnitOfWork, appointment_ids: Sequence[UUID]) -> dict[UUID, list[Resource]]:
    """The desks, windows and interpreters that each appointment holds."""
    found: dict[UUID, list[Resource]] = {id: [] for id in appointment_ids}
    for row in await uow.rows(HELD, ids=list(appointment_ids)):
        found[row.appointment_id].append(_resource(row))
    return found


def _resource(row: Any) -> Resource:
    return Resource(
        row.id,
        row.site,
        row.system,
        row.kind,
        row.name,
        tuple(row.programmes),
        frozenset(row.languages),
        frozenset(row.accommodations),
        row.is_remote,
    )


async def free_calendar(
    uow: UnitOfWork, resources: Sequence[Resource], earliest: datetime, until: datetime
) -> Calendar:
    """What is free of these resources, not locked: the claim looks again."""
    sites = {resource.site for resource in resources if not resource.is_remote}
    there = [resource.id for resource in resources if resource.site in sites]
    elsewhere = [resource.id for resource in resources if resource.site not in sites]
    rows = await uow.rows(FREE, sites=sorted(sites), there=there, elsewhere=elsewhere, earliest=earliest, until=until)
    return Calendar.of(
        resources, ((row.resource_id, Step(row.id, row.starts_at, row.local_date, row.left)) for row in rows)
    )


async def find(uow: UnitOfWork, slot_id: int) -> Any:
    """Site and start of a slot; None when there is no such slot."""
    return next(iter(await uow.rows("select site, starts_at from slots where id = :id", id=slot_id)), None)


async def starts_of(uow: UnitOfWork, slot_ids: Sequence[int]) -> dict[int, tuple[str, datetime]]:
    """Site and start of each slot that there is."""
    rows = await uow.rows("select id, site, starts_at from slots where id = any(:ids)", ids=list(slot_ids))
    return {row.id: (row.site, row.starts_at) for row in rows}


async def gone_for(uow: UnitOfWork, wanted: Sequence[tuple[str, int, str | None]]) -> set[int]:
    """Which of these, counted from 0, are cases that wait for their choice and slots at whose time all is taken; not those
    with a key under which the case was answered before."""
    refs, ids, keys = [[each[n] for each in wanted] for n in range(3)]
    [row] = await uow.rows(GONE, refs=refs, ids=ids, keys=keys)
    return {n - 1 for n in row.gone}


async def lock(uow: UnitOfWork, slot_ids: Iterable[int]) -> dict[int, int]:
    """Units still free of each slot, which stay so until the transaction ends."""
    return {row.id: row.left for row in await uow.rows(LOCK, ids=sorted(set(slot_ids)))}


async def lock_free(uow: UnitOfWork, slot_ids: Iterable[int]) -> dict[int, int]:
    """The same for those that nobody else has locked: who holds some already waits for none, so that no circle forms."""
    return {row.id: row.left for row in await uow.rows(LOCK_FREE, ids=sorted(set(slot_ids)))}


async def claimed_by(uow: UnitOfWork, appointment_ids: Sequence[UUID]) -> set[int]:
    """The slots of which these appointments of locked cases hold something."""
    sql = "select distinct slot_id from slot_claims where appointment_id = any(:ids)"
    return {row.slot_id for row in await uow.rows(sql, ids=list(appointment_ids))}


async def own_time(uow: UnitOfWork, appointment_ids: Sequence[UUID]) -> dict[UUID, Own]:
    """What each appointment holds of the time that is planned: what is not open any more is nobody's to choose."""
    rows = await uow.rows(OWN, ids=list(appointment_ids)) if appointment_ids else []
    found: dict[UUID, Own] = {}
    for id, of_one in groupby(rows, key=attrgetter("appointment_id")):
        held = list(of_one)
        steps = tuple((row.resource_id, Step(row.id, row.starts_at, row.local_date, row.units)) for row in held)
        found[id] = Own(held[0].site, held[0].appointment_starts_at, steps)
    return found


async def claim(uow: UnitOfWork, made: Sequence[tuple[UUID, Place]]) -> None:
    """Writes what each appointment holds of its locked slots, beyond what the one that it replaces held of them."""
    claims = [(slot, holder, units) for holder, place in made for slot, units in place.claims]
    net = Counter[int]()
    for _, place in made:
        count(net, place.net)
    ids, holders, units = ([claim[n] for claim in claims] for n in range(3))
    await uow.execute(CLAIM, slots=ids, holders=holders, units=units)
    await uow.execute(TAKE, slots=list(net), units=list(net.values()))


async def keep(uow: UnitOfWork, replaced: Sequence[tuple[UUID, Place]]) -> None:
    """Takes from replaced appointments what those that replace them keep."""
    rows = [
        {"slot_id": slot, "appointment_id": str(old), "units": units}
        for old, place in replaced
        for slot, units in place.kept
    ]
    if rows:
        await uow.execute(KEEP, rows=as_json(rows))


async def free_places_of(uow: UnitOfWork, ended: Sequence[tuple[Appointment, str]]) -> None:
    """Turns what ended appointments hold into freed places of the same id: still taken, for the next household, or for
    nobody where the site itself cannot hear anyone then.

    With each goes the traceparent of what ended it.
    """
    if ended:
        rows = [
            {"id": str(a.id), "traceparent": traceparent, "is_for_nobody": a.reason in NOBODY_IS_HEARD}
            for a, traceparent in ended
        ]
        await uow.execute(FREE_PLACES, rows=as_json(rows), now=uow.now)
        await uow.execute(HAND_OVER, ids=[a.id for a, _ in ended])


async def release(uow: UnitOfWork, ended: Iterable[UUID]) -> None:
    """Takes from ended appointments what they hold; what the calendar does not plan any more is then no place at all."""
    if ids := list(ended):
        await uow.execute(RELEASE, ids=ids)
