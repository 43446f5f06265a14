"""What other zone data moves: times of slots and appointments, and who does not hold the time that it needs."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from services.scheduling.domain.zones import Shift
from shared.db import UnitOfWork, as_json

LIVE = "status in ('pending', 'booked', 'arrived', 'checked-in')"

BEHIND = f"""
select site, zone from sites s
where tzdata_version <> :version or exists (
  select 1 from appointments a
  where a.site = s.site and a.{LIVE} and a.wall_time >= :first_day and a.tzdata_version <> :version)
order by site
"""  # noqa: S608  only our own constant is put in

SLOT_TIMES = """
select wall_time, starts_at from slots where site = :site and local_date >= :first_day group by 1, 2 order by 1, 2
"""

APPOINTMENT_TIMES = f"""
select zone, wall_time, starts_at from appointments
where site = :site and {LIVE} and wall_time >= :first_day and tzdata_version <> :version group by 1, 2, 3 order by 1, 2, 3
"""  # noqa: S608  only our own constant is put in

CASES_AT = f"""
select case_ref from appointments
where site = :site and {LIVE} and wall_time >= :day and wall_time < cast(:day as date) + 1
"""  # noqa: S608  only our own constant is put in

NOTE = f"""
update appointments a set tzdata_version = :version
from jsonb_to_recordset(cast(:rows as jsonb)) as r(zone text, wall_time timestamp, starts_at timestamptz)
where a.site = :site and a.{LIVE} and a.tzdata_version <> :version
  and (a.zone, a.wall_time, a.starts_at) = (r.zone, r.wall_time, r.starts_at)
"""  # noqa: S608  only our own constant is put in

LOCK_DAY = """
select id from slots
where resource_id in (select id from resources where site = :site) and local_date = :day
  and starts_at between cast(:day as date) - 2 and cast(:day as date) + 3
order by id for update
"""

# In two steps by way of a far time, since a slot may come to lie where another one still is.
LEAVE = """
update slots s set id = default, starts_at = r.starts_at + make_interval(hours => :far)
from jsonb_to_recordset(cast(:rows as jsonb)) as r(wall_time timestamp, was timestamptz, starts_at timestamptz)
where s.id = any(:ids) and (s.wall_time, s.starts_at) = (r.wall_time, r.was)
returning s.id
"""

ARRIVE = "update slots set starts_at = starts_at - make_interval(hours => :far) where id = any(:ids)"

FREED = """
update freed_places f set starts_at = r.starts_at
from jsonb_to_recordset(cast(:rows as jsonb)) as r(was timestamptz, starts_at timestamptz)
where f.site = :site and f.starts_at = r.was
"""

HOLDS_ELSEWHERE = """
exists (select 1 from slot_claims c join slots s on s.id = c.slot_id
        where c.appointment_id = a.id
          and (s.starts_at < a.starts_at or s.starts_at >= a.starts_at + make_interval(mins => a.claimed_minutes)))
"""

MISPLACED = f"""
select a.id, a.case_ref from appointments a
where a.{LIVE} and a.starts_at > :now and {HOLDS_ELSEWHERE} order by a.id
"""  # noqa: S608  only our own constant is put in

NOTE_STRANDED = f"""
update appointments a set stranded_because = x.because
from (select a.id, case when {HOLDS_ELSEWHERE} then :because end as because from appointments a
      where a.{LIVE} and (a.id = any(:ids) or a.stranded_because is not null)) x
where a.id = x.id and a.stranded_because is distinct from x.because
"""  # noqa: S608  only our own constant is put in

FAR_HOURS = 8_766_000
"""A thousand years."""


@dataclass(frozen=True, slots=True)
class SiteBehind:
    """A site whose instants were derived with other zone data."""

    site: str
    zone: str


def first_day(uow: UnitOfWork) -> date:
    """The first day that still matters at any site; days before it are over and stay as they were."""
    return uow.now.date() - timedelta(days=1)


async def sites_behind(uow: UnitOfWork, *, version: str) -> list[SiteBehind]:
    """The sites whose instants were not derived with this version, by code."""
    rows = await uow.rows(BEHIND, version=version, first_day=first_day(uow))
    return [SiteBehind(row.site, row.zone) for row in rows]


async def slot_times(uow: UnitOfWork, site: str) -> list[tuple[Any, Any]]:
    """Each wall time of the site's slots, with its instant."""
    rows = await uow.rows(SLOT_TIMES, site=site, first_day=first_day(uow))
    return [(row.wall_time, row.starts_at) for row in rows]


async def appointment_times(uow: UnitOfWork, site: str, version: str) -> Sequence[Any]:
    """Each zone and wall time of the site's live appointments that were derived with another version, with its instant."""
    return await uow.rows(APPOINTMENT_TIMES, site=site, version=version, first_day=first_day(uow))


async def cases_at(uow: UnitOfWork, site: str, day: date) -> list[str]:
    """The cases with a live appointment at the site on this day."""
    return [row.case_ref for row in await uow.rows(CASES_AT, site=site, day=day)]


async def note_version(uow: UnitOfWork, site: str, version: str, unchanged: Iterable[Any]) -> None:
    """Notes the version at live appointments of these times, which it changes nothing of."""
    rows = [
        {"zone": each.zone, "wall_time": each.wall_time.isoformat(), "starts_at": each.starts_at.isoformat()}
        for each in unchanged
    ]
    if rows:
        await uow.execute(NOTE, site=site, version=version, rows=as_json(rows))


async def shift_day(uow: UnitOfWork, site: str, day: date, shifts: Sequence[Shift]) -> None:
    """Brings the slots of a site's day, and the freed places that keep some, to their new instants. Claims go along."""
    rows = as_json(
        [
            {"wall_time": s.wall_time.isoformat(), "was": s.was.isoformat(), "starts_at": s.starts_at.isoformat()}
            for s in shifts
        ]
    )
    await uow.execute(FREED, site=site, rows=rows)
    ids = [row.id for row in await uow.rows(LOCK_DAY, site=site, day=day)]
    moved = [row.id for row in await uow.rows(LEAVE, ids=ids, rows=rows, far=FAR_HOURS)]
    await uow.execute(ARRIVE, ids=moved, far=FAR_HOURS)


async def misplaced(uow: UnitOfWork) -> dict[UUID, str]:
    """The live appointments to come that hold time outside of their own, each with its case."""
    return {row.id: row.case_ref for row in await uow.rows(MISPLACED, now=uow.now)}


async def note_stranded(uow: UnitOfWork, ids: Iterable[UUID], because: str) -> None:
    """Notes which of these appointments do not hold the time that they need, and which of the others do so again."""
    await uow.execute(NOTE_STRANDED, ids=list(ids), because=because)


async def note_site(uow: UnitOfWork, site: str, version: str) -> None:
    """Notes that the site's instants are those of this version."""
    await uow.execute("update sites set tzdata_version = :version where site = :site", site=site, version=version)
