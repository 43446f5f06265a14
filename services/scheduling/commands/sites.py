"""New sites, and what a site says of itself."""

from datetime import datetime
from typing import Any

from services.scheduling.commands.calendars import Edit, written
from services.scheduling.commands.dry_runs import do_or_show
from services.scheduling.domain.sites import fault_of, site_changed
from services.scheduling.repository import calendars, reference
from services.scheduling.tables import Site
from services.scheduling.views.calendars import site_view
from shared import tracing
from shared.db import Database, UnitOfWork
from shared.outbox import Cause
from shared.web.problems import Problem


async def add_site(
    database: Database, now: datetime, fields: dict[str, Any], *, acted_by: str, dry_run: bool
) -> dict[str, Any]:
    """A new site, open and without resources; it is published. Raises: Problem 409 when there is one of this code, 422."""

    async def add(uow: UnitOfWork) -> dict[str, Any]:
        row = Site(**fields, version=0)
        if await calendars.site_of(uow, row.site):
            raise Problem(409, "site_exists", "there is a site with this code: change that one, or choose another code")
        await _check(uow, row)
        what = await written(uow, row, None, {**site_view(row), "version": 1})
        made = await calendars.note_change(uow, row.site, acted_by=acted_by, what=what)
        uow.publish(site_changed(made), cause=Cause.first(tracing.current()))
        return {"site": made.site, "version": made.version, "dry_run": dry_run, "what": what}

    return await do_or_show(database, now, add, dry_run=dry_run)


def change_site(fields: dict[str, Any]) -> Edit:
    """What the site says of itself, or the site open or closed. In another zone its hours are at other instants."""

    async def edit(uow: UnitOfWork, site: str) -> dict[str, Any]:
        row = await uow.session.get_one(Site, site)
        before = site_view(row)
        row.sqlmodel_update(fields)
        await _check(uow, row)
        return await written(uow, row, before, site_view(row))

    return edit


async def _check(uow: UnitOfWork, site: Site) -> None:
    fault = fault_of(site.zone, site.holidays) or await _foreign_programme(uow, site)
    if fault:
        raise Problem(422, "site_impossible", fault)


async def _foreign_programme(uow: UnitOfWork, site: Site) -> str | None:
    """One of another country's system. Which sites a programme has is intake's to say; one that is not known here yet
    may still come."""
    known = await reference.programmes(uow, site.programmes)
    foreign = sorted(code for code, programme in known.items() if programme.system != site.system)
    return f"programmes: {foreign[0]} is a programme of another system" if foreign else None
