"""Programmes as intake publishes them, and sites."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from shared.clock import zone_named
from shared.db import UnitOfWork, as_json
from shared.events import ProgrammeChanged

TAKE_IN = """
insert into programmes as p (programme, version, snapshot, look_again_since)
select programme, version, snapshot, :now
from jsonb_to_recordset(cast(:rows as jsonb)) as r(programme text, version bigint, snapshot jsonb)
order by programme
on conflict (programme) do update
set version = excluded.version, snapshot = excluded.snapshot, look_again_since = excluded.look_again_since
where p.version < excluded.version
"""

LOOK_AGAIN = """
update programmes p set look_again_since = :now
from (select programme from programmes where snapshot ->> 'allocation' = 'immediate'
        and (cast(:site as text) is null or snapshot -> 'sites' ? cast(:site as text))
      order by programme for update) due
where p.programme = due.programme
"""


@dataclass(frozen=True, slots=True)
class SiteZone:
    """What placing needs of a site."""

    site: str
    zone: ZoneInfo
    admin_area: str | None


async def take_in_programmes(uow: UnitOfWork, programmes: Sequence[ProgrammeChanged]) -> None:
    """Stores the newest snapshots and notes that their waiting cases are to be decided again."""
    rows = [{"programme": p.programme, "version": p.version, "snapshot": p.model_dump(mode="json")} for p in programmes]
    await uow.execute(TAKE_IN, rows=as_json(rows), now=uow.now)


async def programmes(uow: UnitOfWork, codes: Iterable[str]) -> dict[str, ProgrammeChanged]:
    """The programmes that are known, by code."""
    rows = await uow.rows(
        "select programme, snapshot from programmes where programme = any(:codes)", codes=sorted(set(codes))
    )
    return {row.programme: ProgrammeChanged.model_validate(row.snapshot) for row in rows}


async def programme(uow: UnitOfWork, code: str) -> ProgrammeChanged | None:
    """The programme of this code; None while it is not known."""
    return (await programmes(uow, [code])).get(code)


async def sites(uow: UnitOfWork) -> dict[str, SiteZone]:
    """All open sites, by code."""
    rows = await uow.rows("select site, zone, admin_area from sites where is_open")
    return {row.site: SiteZone(row.site, zone_named(row.zone), row.admin_area) for row in rows}


async def areas_of(uow: UnitOfWork, codes: Collection[str]) -> dict[str, str | None]:
    """The state code of each of these sites, open or closed; None where it has none."""
    if not codes:
        return {}
    rows = await uow.rows("select site, admin_area from sites where site = any(:codes)", codes=sorted(codes))
    return {row.site: row.admin_area for row in rows}


async def areas(uow: UnitOfWork) -> dict[str, str | None]:
    """The state or province of each open site, by code."""
    rows = await uow.rows("select site, admin_area from sites where is_open")
    return {row.site: row.admin_area for row in rows}


async def sites_in_public(uow: UnitOfWork) -> Sequence[Any]:
    """What anyone may know of every site: site, name, city, is_open, illustrative."""
    return await uow.rows("select site, name, city, is_open, illustrative from sites")


async def sites_with_addresses(uow: UnitOfWork) -> Sequence[Any]:
    """Where each site is and by which clock it lives: site, name, city, address, illustrative, zone."""
    return await uow.rows("select site, name, city, address, illustrative, zone from sites order by site")


async def sites_named(uow: UnitOfWork, codes: Iterable[str]) -> Sequence[Any]:
    """What a household that is to go there must know of these sites: site, name, city, address, illustrative."""
    return await uow.rows(
        "select site, name, city, address, illustrative from sites where site = any(:codes)", codes=sorted(set(codes))
    )


async def look_again(uow: UnitOfWork, site: str | None = None) -> None:
    """Notes that places were opened, at one site or at all: who waits for one is to be decided again.

    Programmes are locked after everything else, in their order.
    """
    await uow.execute(LOOK_AGAIN, now=uow.now, site=site)


async def look_again_at_strays(uow: UnitOfWork) -> None:
    """The same for cases that came at the same moment as their programme, so that neither saw the other."""
    await uow.execute(
        """update programmes p set look_again_since = :now where look_again_since is null
           and exists (select 1 from cases c where c.programme = p.programme and c.waiting = 'programme_unknown')""",
        now=uow.now,
    )


async def to_look_at_again(uow: UnitOfWork) -> list[tuple[ProgrammeChanged, datetime]]:
    """The programmes whose waiting cases are to be decided again, and since when."""
    rows = await uow.rows(
        "select snapshot, look_again_since from programmes where look_again_since is not null order by look_again_since"
    )
    return [(ProgrammeChanged.model_validate(row.snapshot), row.look_again_since) for row in rows]


async def looked_again(uow: UnitOfWork, programme: str, since: datetime) -> None:
    """Notes that it was done, unless there is a newer reason to do it once more."""
    await uow.execute(
        "update programmes set look_again_since = null where programme = :programme and look_again_since = :since",
        programme=programme,
        since=since,
    )


async def known_programmes(uow: UnitOfWork) -> dict[str, ProgrammeChanged]:
    """Every programme that is known, by code."""
    rows = await uow.rows("select programme, snapshot from programmes order by programme")
    return {row.programme: ProgrammeChanged.model_validate(row.snapshot) for row in rows}
