"""What staff change in a site's calendar. One change is one unit of work: locked site, new version, slots, event.

A dry run does all of it and takes it back, so that what it shows is what would happen.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID, uuid4

from services.scheduling.calendars.slot_generation import regenerate
from services.scheduling.commands.dry_runs import do_or_show
from services.scheduling.domain import places
from services.scheduling.domain.opening import Rule, fault_of
from services.scheduling.domain.places import STEP
from services.scheduling.domain.sites import site_changed
from services.scheduling.placing import rebooking
from services.scheduling.repository import calendars, rebookings, reference
from services.scheduling.tables import Closure, OpeningRule, Resource, Site
from services.scheduling.views.calendars import (
    changes_view,
    closure_view,
    resource_view,
    rule_view,
    site_unknown,
    stranded_view,
)
from services.scheduling.views.rebookings import foreseen_view
from shared import tracing
from shared.db import Database, UnitOfWork
from shared.outbox import Cause
from shared.places import in_one_line
from shared.web.problems import Problem

SAYS_WHO_CAN_COME = (
    "admin_area",
    "is_open",
    "programmes",
    "languages",
    "accommodations",
    "modes",
    "is_remote",
    "capacity",
)
"""What a site or a resource says that can end somebody's waiting, beside its hours."""
Edit = Callable[[UnitOfWork, str], Awaitable[dict[str, Any]]]
"""Changes one row of a locked site and says what it changed, for those who come later."""


class Fate(StrEnum):
    """What becomes of the appointments that a change strands: they stay until staff move them, or go elsewhere now."""

    KEEP = "keep"
    REBOOK = "rebook"


@dataclass(frozen=True, slots=True)
class Asked:
    """Who asks for a change of which site's calendar, the version they saw, and whether it is only to be shown."""

    site: str
    seen_version: int
    acted_by: str
    dry_run: bool
    stranded: Fate = Fate.KEEP


async def change_calendar(database: Database, now: datetime, asked: Asked, edit: Edit) -> dict[str, Any]:
    """Changes the calendar and says what came of it: version, slots, how many households are told of another place, the
    appointments that it strands, and their rebooking.

    Raises: Problem 404 for what is unknown, 412 when the calendar changed since it was seen, 422 for an impossible row.
    """
    return await do_or_show(database, now, lambda uow: _changed(uow, asked, edit), dry_run=asked.dry_run)


async def _changed(uow: UnitOfWork, asked: Asked, edit: Edit) -> dict[str, Any]:
    await _check_version(uow, asked)
    before = {row.id: row for row in await calendars.stranded_at(uow, asked.site)}
    what = await edit(uow, asked.site)
    slots = await regenerate(uow, asked.site)
    await _look_again(uow, asked.site, what)
    after = {row.id: row for row in await calendars.stranded_at(uow, asked.site)}
    site = await calendars.note_change(uow, asked.site, acted_by=asked.acted_by, what=what)
    cause = uow.publish(site_changed(site), cause=Cause.first(tracing.current()))
    new = [row for id, row in after.items() if id not in before]
    return {
        "site": asked.site,
        "version": site.version,
        "dry_run": asked.dry_run,
        "what": what,
        "slots": asdict(slots),
        "households_told": await _told_of_place(uow, asked.site, what),
        "stranded": stranded_view(new),
        "not_stranded_any_more": stranded_view([row for id, row in before.items() if id not in after]),
        "rebooking": await _rebooking(uow, asked, site, new, cause) if asked.stranded is Fate.REBOOK else None,
    }


async def _told_of_place(uow: UnitOfWork, site: str, what: dict[str, Any]) -> int:
    """How many households hear that the place of their date has another name or address."""
    if what["thing"] != Site.__tablename__:
        return 0
    before, after = (
        in_one_line(each["name"], each["address"], each["city"]) for each in (what["before"], what["after"])
    )
    return await calendars.households_to_tell(uow, site) if before != after else 0


async def _look_again(uow: UnitOfWork, site: str, what: dict[str, Any]) -> None:
    """Notes that who waits is to be decided about again, where the site or a resource is another now."""
    before, after = what["before"] or {}, what["after"]
    if any(name in before and before[name] != after[name] for name in SAYS_WHO_CAN_COME):
        await reference.look_again(uow, None if after.get("is_remote") else site)


async def _rebooking(uow: UnitOfWork, asked: Asked, site: Any, stranded: Sequence[Any], cause: Cause) -> dict[str, Any]:
    """The order to rebook them, which a job carries out from now on; in a dry run what would become of each."""
    movable = rebooking.movable(stranded)
    if asked.dry_run:
        return await foreseen_view(uow, movable)
    id = await rebookings.order(uow, site, movable, acted_by=asked.acted_by, cause=cause) if movable else None
    return {"id": str(id) if id else None, "households": len(movable)}


async def _check_version(uow: UnitOfWork, asked: Asked) -> None:
    site = await calendars.lock_site(uow, asked.site)
    if site is None:
        raise site_unknown()
    if site.version != asked.seen_version:
        changes = changes_view(await calendars.changes_since(uow, asked.site, asked.seen_version))
        detail = f'the calendar is at version {site.version}: look at changes, read it again and send If-Match: "{site.version}"'
        raise Problem(412, "version_old", detail, version=site.version, changes=changes)


def add_resource(fields: dict[str, Any]) -> Edit:
    """A new desk, interpreter or arrival window; it has no hours until a rule gives it some."""

    async def edit(uow: UnitOfWork, site: str) -> dict[str, Any]:
        row = Resource(id=uuid4(), site=site, **fields)
        await _check_resource(uow, row)
        return await written(uow, row, None, resource_view(row))

    return edit


def change_resource(id: UUID, fields: dict[str, Any]) -> Edit:
    """A resource with other languages or accommodations, another capacity, a last day. Who waits is looked at again."""

    async def edit(uow: UnitOfWork, site: str) -> dict[str, Any]:
        row = await _resource(uow, site, id)
        before = resource_view(row)
        row.sqlmodel_update(fields)
        await _check_resource(uow, row)
        return await written(uow, row, before, resource_view(row))

    return edit


def add_rule(fields: dict[str, Any]) -> Edit:
    """New opening hours of a resource, beside those that it has."""

    async def edit(uow: UnitOfWork, site: str) -> dict[str, Any]:
        row = OpeningRule(id=uuid4(), **fields)
        _check_rule(row, await _resource(uow, site, row.resource_id))
        return await written(uow, row, None, rule_view(row))

    return edit


def change_rule(id: UUID, fields: dict[str, Any]) -> Edit:
    """Other days or hours, an end, or the rule lifted; its version counts the changes."""

    async def edit(uow: UnitOfWork, site: str) -> dict[str, Any]:
        row = await uow.session.get(OpeningRule, id)
        if row is None:
            raise _unknown("opening rule")
        resource = await _resource(uow, site, row.resource_id)
        before = rule_view(row)
        row.sqlmodel_update({**fields, "version": row.version + 1})
        _check_rule(row, resource)
        return await written(uow, row, before, rule_view(row))

    return edit


def add_closure(fields: dict[str, Any]) -> Edit:
    """Days on which the site is closed, both included."""

    async def edit(uow: UnitOfWork, site: str) -> dict[str, Any]:
        row = Closure(id=uuid4(), site=site, **fields)
        _check_closure(row)
        return await written(uow, row, None, closure_view(row))

    return edit


def change_closure(id: UUID, fields: dict[str, Any]) -> Edit:
    """A closure with other days or another reason, or lifted."""

    async def edit(uow: UnitOfWork, site: str) -> dict[str, Any]:
        row = await uow.session.get(Closure, id)
        if row is None or row.site != site:
            raise _unknown("closure")
        before = closure_view(row)
        row.sqlmodel_update(fields)
        _check_closure(row)
        return await written(uow, row, before, closure_view(row))

    return edit


async def written(uow: UnitOfWork, row: Any, before: Any, after: dict[str, Any]) -> dict[str, Any]:
    """Writes the row and says what it was and is."""
    uow.session.add(row)
    await uow.session.flush()
    return {"thing": row.__tablename__, "before": before, "after": after}


async def _resource(uow: UnitOfWork, site: str, id: UUID) -> Resource:
    row = await uow.session.get(Resource, id)
    if row is None or row.site != site:
        raise _unknown("resource")
    return row


async def _check_resource(uow: UnitOfWork, row: Resource) -> None:
    fault = places.fault_of(row.kind, row.accommodations, row.modes, is_remote=row.is_remote)
    if fault:
        raise Problem(422, "resource_impossible", fault)
    if await calendars.has_resource_named(uow, row.site, row.name, beside=row.id):
        raise Problem(409, "name_taken", "another resource of the site has this name: choose another")


def _check_rule(row: OpeningRule, resource: Resource) -> None:
    rule = Rule(row.rrule, row.valid_from, row.valid_until, row.opens, row.closes, row.on_holidays)
    fault = fault_of(rule, STEP[resource.kind])
    if fault:
        raise Problem(422, "rule_impossible", fault)


def _check_closure(row: Closure) -> None:
    if row.last_day < row.first_day:
        raise Problem(422, "closure_impossible", "last_day: must not be before first_day")


def _unknown(thing: str) -> Problem:
    return Problem(404, f"{thing.replace(' ', '_')}_unknown", f"the site has no {thing} with this id: read them again")
