"""Programmes, which are ours, and the copy of scheduling's sites."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row

from services.intake.domain.judge import Programme, World
from shared.db import UnitOfWork, as_json
from shared.events import ProgrammeChanged, SiteChanged

PROGRAMMES = "select programme, system, status, opens_on, closes_on, sites from programmes"
SITES = "select site, admin_area from sites"

INSERT_PROGRAMMES = """
insert into programmes (programme, system, pathway, title, status, opens_on, closes_on, on_close, allocation, base_minutes,
  per_adult_minutes, per_child_minutes, counts, offer_hours, sites)
select programme, system, pathway, title, status, opens_on, closes_on, on_close, allocation, base_minutes,
  per_adult_minutes, per_child_minutes, counts, offer_hours, sites
from jsonb_to_recordset(cast(:rows as jsonb)) as r(programme text, system text, pathway text, title text, status text,
  opens_on date, closes_on date, on_close text, allocation text, base_minutes int, per_adult_minutes int,
  per_child_minutes int, counts text, offer_hours int, sites text[])
order by programme
on conflict do nothing
returning *
"""

UPSERT_SITES = """
insert into sites (site, version, system, programmes, admin_area, is_open)
select site, version, system, programmes, admin_area, is_open
from jsonb_to_recordset(cast(:rows as jsonb)) as r(site text, version bigint, system text, programmes text[],
  admin_area text, is_open boolean)
order by site
on conflict (site) do update set version = excluded.version, system = excluded.system, programmes = excluded.programmes,
  admin_area = excluded.admin_area, is_open = excluded.is_open
where sites.version < excluded.version
"""


async def world(uow: UnitOfWork) -> World:
    """The programmes and sites as results are judged by them."""
    programmes = {
        row.programme: Programme(
            row.programme, row.system, row.status, row.opens_on, row.closes_on, frozenset(row.sites)
        )
        for row in await uow.rows(PROGRAMMES)
    }
    return World(programmes, {row.site: row.admin_area for row in await uow.rows(SITES)})


async def add_programmes(uow: UnitOfWork, rows: Sequence[dict[str, Any]]) -> list[ProgrammeChanged]:
    """Stores the programmes that are not known yet; each of them as the event that says so."""
    return [_changed(row) for row in await uow.rows(INSERT_PROGRAMMES, rows=as_json(rows))]


async def lock_programme(uow: UnitOfWork, programme: str) -> ProgrammeChanged | None:
    """A programme as it is, locked; None when there is none of this code."""
    rows = await uow.rows("select * from programmes where programme = :programme for update", programme=programme)
    return _changed(rows[0]) if rows else None


async def store_status(uow: UnitOfWork, changed: ProgrammeChanged) -> None:
    """Stores a locked programme's new status and version."""
    await uow.execute(
        """update programmes set status = :status, closes_on = :closes_on, version = :version
           where programme = :programme""",
        status=changed.status,
        closes_on=changed.closes_on,
        version=changed.version,
        programme=changed.programme,
    )


def _changed(row: Row[Any]) -> ProgrammeChanged:
    return ProgrammeChanged.model_validate(dict(row._mapping))


async def store_sites(uow: UnitOfWork, sites: Sequence[SiteChanged]) -> None:
    """Keeps the newer of what we know of each site and what scheduling says."""
    columns = {"site", "version", "system", "programmes", "admin_area", "is_open"}
    rows = [site.model_dump(mode="json", include=columns) for site in sites]
    await uow.execute(UPSERT_SITES, rows=as_json(rows))
