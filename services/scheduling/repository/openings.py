"""When resources are open, and the slots that follow from it: set-based, one site at a time."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from services.scheduling.domain.opening import Opening, Rule
from services.scheduling.domain.places import STEP
from shared.clock import zone_named
from shared.db import UnitOfWork, as_json

RESOURCES = """
select r.id, r.site, r.kind, r.capacity, r.last_day, r.is_remote, s.zone, s.holidays, s.is_open,
       (select max(local_date) from slots x where x.resource_id = r.id) as known_until
from resources r join sites s on s.site = r.site where r.site = :site order by r.id
"""

RULES = """
select o.resource_id, o.rrule, o.valid_from, o.valid_until, o.opens, o.closes, o.on_holidays
from opening_rules o join resources r on r.id = o.resource_id
where r.site = :site and not o.is_lifted order by o.resource_id, o.valid_from, o.id
"""

CLOSURES = """
select first_day, last_day from closures
where site = :site and not is_lifted and first_day <= :last_day and last_day >= :first_day
"""

WANTED = """
select t.resource_id, t.site, t.kind, t.starts_at + n * make_interval(mins => t.minutes) as starts_at,
       t.wall_time + n * make_interval(mins => t.minutes) as wall_time, t.local_date, t.capacity
from jsonb_to_recordset(cast(:rows as jsonb)) as t(
  resource_id uuid, site text, kind text, starts_at timestamptz, wall_time timestamp, local_date date,
  capacity int, minutes int, steps int)
cross join lateral generate_series(0, t.steps - 1) n
"""

# Rules may overlap: `distinct on` leaves out what one statement names twice. In the order of time most entries go to the
# end of their indexes, which takes an eighth less than resource by resource.
INSERT = f"""
insert into slots (resource_id, site, kind, starts_at, wall_time, local_date, capacity)
select resource_id, site, kind, starts_at, wall_time, local_date, capacity from (
  select distinct on (resource_id, starts_at) * from ({WANTED}) w
  where not exists (select 1 from slots s where (s.resource_id, s.starts_at) = (w.resource_id, w.starts_at)
                    and s.resource_id = any(:resources))
  order by resource_id, starts_at) missing
order by starts_at, resource_id
"""  # noqa: S608  only our own constant is put in

LOCK_OTHERS = f"""
with wanted as materialized (select distinct on (resource_id, starts_at) * from ({WANTED}) w)
select s.id, s.resource_id, s.starts_at, s.taken, coalesce(w.capacity, 0) as wanted
from slots s left join wanted w on (w.resource_id, w.starts_at) = (s.resource_id, s.starts_at)
where s.resource_id = any(:resources) and s.starts_at > :now and s.local_date <= :last_day
  and (w.resource_id is null or w.capacity <> coalesce(s.planned, s.capacity) or w.wall_time <> s.wall_time)
order by s.id for update of s
"""  # noqa: S608  only our own constant is put in

CHANGE = """
update slots s set planned = r.planned, shrunk_because = r.because, capacity = r.capacity, wall_time = r.wall_time,
       local_date = r.wall_time::date
from jsonb_to_recordset(cast(:rows as jsonb)) as r(id bigint, planned int, because text, capacity int, wall_time timestamp)
where s.id = r.id and (s.planned, s.shrunk_because, s.capacity, s.wall_time)
      is distinct from (r.planned, r.because, r.capacity, r.wall_time)
"""


@dataclass(frozen=True, slots=True)
class ResourceOpening:
    """A resource with all that says when it is open; `known_until` is the last day for which it has slots."""

    id: UUID
    site: str
    kind: str
    capacity: int
    is_remote: bool
    opening: Opening
    known_until: date | None


async def open_sites(uow: UnitOfWork) -> list[str]:
    """The open sites, in their order."""
    return [row.site for row in await uow.rows("select site from sites where is_open order by site")]


async def is_open(uow: UnitOfWork, site: str) -> bool:
    """True when the site is open; its calendar stays as it is until this transaction ends."""
    return bool(await uow.rows("select 1 from sites where site = :site and is_open for share", site=site))


async def openings_of(uow: UnitOfWork, site: str, ahead: timedelta) -> list[ResourceOpening]:
    """The site's resources as its calendar is now, from yesterday to `ahead`; lock the site first."""
    first_day, last_day = uow.now.date() - timedelta(days=1), uow.now.date() + ahead + timedelta(days=1)
    rules: dict[UUID, list[Rule]] = defaultdict(list)
    for row in await uow.rows(RULES, site=site):
        rule = Rule(row.rrule, row.valid_from, row.valid_until, row.opens, row.closes, row.on_holidays)
        rules[row.resource_id].append(rule)
    closed: set[date] = set()
    for row in await uow.rows(CLOSURES, site=site, first_day=first_day, last_day=last_day):
        begin, end = max(row.first_day, first_day), min(row.last_day, last_day)
        closed |= {begin + timedelta(days=n) for n in range((end - begin).days + 1)}
    return [_opening(row, tuple(rules[row.id]), frozenset(closed)) for row in await uow.rows(RESOURCES, site=site)]


def _opening(row: Any, rules: tuple[Rule, ...], closed: frozenset[date]) -> ResourceOpening:
    opening = Opening(
        zone_named(row.zone),
        STEP[row.kind],
        rules,
        row.holidays,
        closed,
        last_day=row.last_day,
        site_is_open=row.is_open,
    )
    return ResourceOpening(row.id, row.site, row.kind, row.capacity, row.is_remote, opening, row.known_until)


def open_rows(resource: ResourceOpening, first_day: date, last_day: date, after: datetime | None = None) -> list[Any]:
    """The resource's open times as rows for the statements here; `after`: only steps that begin later."""
    width = resource.opening.width
    rows = []
    for time in resource.opening.times(first_day, last_day):
        begun = max(0, (after - time.starts_at) // width + 1) if after else 0
        if begun < time.steps:
            rows.append(
                {
                    "resource_id": resource.id,
                    "site": resource.site,
                    "kind": resource.kind,
                    "starts_at": (time.starts_at + begun * width).isoformat(),
                    "wall_time": (time.wall_time + begun * width).isoformat(),
                    "local_date": time.local_date.isoformat(),
                    "capacity": resource.capacity,
                    "minutes": int(width.total_seconds() // 60),
                    "steps": time.steps - begun,
                }
            )
    return rows


async def make_missing(uow: UnitOfWork, rows: Sequence[dict[str, Any]]) -> int:
    """Makes the slots that are not there yet; how many. One that another transaction made meanwhile is a lost race."""
    resources = list({row["resource_id"] for row in rows})
    return await uow.execute(INSERT, rows=as_json(rows), resources=resources) if rows else 0


async def lock_others(
    uow: UnitOfWork, resources: Sequence[UUID], rows: Sequence[dict[str, Any]], last_day: date
) -> Sequence[Any]:
    """Slots to come whose units or wall times are not those of `rows`, locked by id, with what is taken and wanted (0: not
    open)."""
    return await uow.rows(LOCK_OTHERS, resources=list(resources), rows=as_json(rows), last_day=last_day, now=uow.now)


async def delete(uow: UnitOfWork, slot_ids: Sequence[int]) -> None:
    """Deletes locked slots of which nothing is taken."""
    if slot_ids:
        await uow.execute("delete from slots where id = any(:ids)", ids=list(slot_ids))


async def change(uow: UnitOfWork, rows: Sequence[dict[str, Any]]) -> None:
    """Gives locked slots another capacity or wall time: id, planned, because, capacity, wall_time."""
    if rows:
        await uow.execute(CHANGE, rows=as_json(rows))
