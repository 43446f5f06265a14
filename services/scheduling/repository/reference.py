"""Programmes as intake publishes them, and sites."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from shared.db import UnitOfWork, as_json
from shared.events import ProgrammeChanged

TAKE_IN = """
insert into programmes as p (programme, version, snapshot)
select programme, version, snapshot
from jsonb_to_recordset(cast(:rows as jsonb)) as r(programme text, version bigint, snapshot jsonb)
order by programme
on conflict (programme) do update set version = excluded.version, snapshot = excluded.snapshot
where p.version < excluded.version
"""


@dataclass(frozen=True, slots=True)
class SiteZone:
    """What placing needs of a site."""

    site: str
    zone: ZoneInfo
    admin_area: str | None


async def take_in_programmes(uow: UnitOfWork, programmes: Sequence[ProgrammeChanged]) -> None:
    """Stores the newest snapshots."""
    rows = [{"programme": p.programme, "version": p.version, "snapshot": p.model_dump(mode="json")} for p in programmes]
    await uow.execute(TAKE_IN, rows=as_json(rows))


async def programmes(uow: UnitOfWork, codes: Iterable[str]) -> dict[str, ProgrammeChanged]:
    """The programmes that are known, by code."""
    rows = await uow.rows(
        "select programme, snapshot from programmes where programme = any(:codes)", codes=sorted(set(codes))
    )
    return {row.programme: ProgrammeChanged.model_validate(row.snapshot) for row in rows}


async def sites(uow: UnitOfWork) -> dict[str, SiteZone]:
    """All open sites, by code."""
    rows = await uow.rows("select site, zone, admin_area from sites where is_open")
    return {row.site: SiteZone(row.site, ZoneInfo(row.zone), row.admin_area) for row in rows}


async def known_programmes(uow: UnitOfWork) -> dict[str, ProgrammeChanged]:
    """Every programme that is known, by code."""
    rows = await uow.rows("select programme, snapshot from programmes order by programme")
    return {row.programme: ProgrammeChanged.model_validate(row.snapshot) for row in rows}
