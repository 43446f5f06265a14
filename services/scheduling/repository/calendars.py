"""Sites, what their calendars are made of, who changed them, and whom a change strands."""

from collections.abc import Sequence
from typing import Any

import orjson

from services.scheduling.domain.rebooking import Unable
from services.scheduling.domain.states import NOT_BEGUN
from services.scheduling.repository.abilities import IS_UNABLE
from shared.db import UnitOfWork

CHANGED = "update sites set version = version + 1 where site = :site returning *"

NOTE = """
insert into calendar_changes (site, version, at, acted_by, what)
values (:site, :version, :now, :acted_by, cast(:what as jsonb))
"""

SINCE = """
select version, at, acted_by, what from calendar_changes
where site = :site and version > :version order by version desc limit 20
"""

STRANDED = f"""
with held as (
  select c.appointment_id, s.resource_id, s.planned, s.shrunk_because,
         sum(c.units) over (partition by s.id order by a.created_at nulls last, a.id, c.freed_place_id) as up_to
  from slots s join slot_claims c on c.slot_id = s.id left join appointments a on a.id = c.appointment_id
  where s.site = :site and s.planned < s.taken and s.starts_at > :now),
stranded as materialized (
  select appointment_id, resource_id, shrunk_because as because from held where up_to > planned
  union all
  select a.id, s.resource_id, a.stranded_because
  from appointments a join slot_claims c on c.appointment_id = a.id join slots s on s.id = c.slot_id
  where a.site = :site and a.stranded_because is not null
    and (s.starts_at < a.starts_at or s.starts_at >= a.starts_at + make_interval(mins => a.claimed_minutes))
  union all
  select a.id, r.id, case r.kind when 'interpreter' then :interpreter_unable else :desk_unable end
  from resources r join slots s on s.resource_id = r.id join slot_claims c on c.slot_id = s.id
  join appointments a on a.id = c.appointment_id
  where r.site = :site and s.starts_at > :now and s.taken > 0 and {IS_UNABLE})
select a.id, a.case_ref, a.programme, a.status, a.wall_time, a.zone, a.starts_at, a.minutes, a.party, a.deadline,
       array_agg(distinct h.because order by h.because) as why,
       array_agg(distinct r.name order by r.name) as resources
from stranded h join appointments a on a.id = h.appointment_id join resources r on r.id = h.resource_id
where a.starts_at > :now and a.status in ('pending', 'booked', 'arrived', 'checked-in')
group by a.id order by a.starts_at, a.id
"""  # noqa: S608  only our own constant is put in


async def lock_site(uow: UnitOfWork, site: str) -> Any:
    """The site's row, locked before it is read; claims and appointments at the site do not wait for it. None: unknown."""
    return _first(await uow.rows("select * from sites where site = :site for no key update", site=site))


async def site_of(uow: UnitOfWork, site: str) -> Any:
    """The site's row, None when there is no such site."""
    return _first(await uow.rows("select * from sites where site = :site", site=site))


def _first(rows: Sequence[Any]) -> Any:
    return next(iter(rows), None)


async def all_sites(uow: UnitOfWork) -> Sequence[Any]:
    """Every site, by code."""
    return await uow.rows("select * from sites order by site")


async def resources_at(uow: UnitOfWork, site: str) -> Sequence[Any]:
    """The site's resources, by kind and name."""
    return await uow.rows("select * from resources where site = :site order by kind, name", site=site)


async def rules_at(uow: UnitOfWork, site: str) -> Sequence[Any]:
    """The opening rules of the site's resources, lifted ones too, by resource and first day."""
    return await uow.rows(
        """select o.* from opening_rules o join resources r on r.id = o.resource_id
           where r.site = :site order by r.kind, r.name, o.valid_from, o.id""",
        site=site,
    )


async def closures_at(uow: UnitOfWork, site: str) -> Sequence[Any]:
    """The site's closures, lifted ones too, by first day."""
    return await uow.rows("select * from closures where site = :site order by first_day, id", site=site)


async def has_resource_named(uow: UnitOfWork, site: str, name: str, *, beside: Any) -> bool:
    """True when another resource of the site than `beside` has this name."""
    found = await uow.rows(
        "select 1 from resources where site = :site and name = :name and id <> :id", site=site, name=name, id=beside
    )
    return bool(found)


async def note_change(uow: UnitOfWork, site: str, *, acted_by: str, what: dict[str, Any]) -> Any:
    """Raises the version of a locked site, writes down what changed and by whom; the site's row after it."""
    row = (await uow.rows(CHANGED, site=site))[0]
    text = orjson.dumps(what, default=str).decode()
    await uow.execute(NOTE, site=site, version=row.version, now=uow.now, acted_by=acted_by, what=text)
    return row


async def changes_since(uow: UnitOfWork, site: str, version: int) -> Sequence[Any]:
    """What changed after that version, newest first, at most 20."""
    return await uow.rows(SINCE, site=site, version=version)


async def households_to_tell(uow: UnitOfWork, site: str) -> int:
    """How many households have an offer or a booked date at the site that has not begun."""
    rows = await uow.rows(
        "select count(*) from appointments where site = :site and status = any(:statuses) and starts_at > :now",
        site=site,
        statuses=list(NOT_BEGUN),
        now=uow.now,
    )
    return int(rows[0][0])


async def stranded_at(uow: UnitOfWork, site: str) -> Sequence[Any]:
    """Appointments to come that hold more at the site than its calendar plans, or time of who cannot hear them any more,
    by time; `why` as NotPlanned, CLOCK_CHANGED or Unable name it.

    Assumptions: where units were lowered below what is taken, those that were made last are the ones too many; freed
    places come after all of them.
    """
    return await uow.rows(
        STRANDED, site=site, now=uow.now, interpreter_unable=Unable.INTERPRETER, desk_unable=Unable.DESK
    )
