"""Opening rules become slots, 90 days ahead, set-based; slots that are there already stay as they are."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from itertools import chain
from typing import Any
from uuid import UUID

from services.scheduling.domain.opening import AHEAD, NotPlanned
from services.scheduling.repository import openings, reference
from services.scheduling.repository.openings import ResourceOpening, open_rows
from shared.db import Database, UnitOfWork

AT_ONCE = 2
"""Sites whose slots are made at the same time: it is the database that works, on a core for each."""


@dataclass(frozen=True, slots=True)
class Regenerated:
    """How many slots of a site were made, deleted, given other units, and kept although they are not open any more."""

    made: int
    deleted: int
    changed: int
    kept: int


async def open_calendars(database: Database, now: datetime) -> int:
    """Makes the slots of new days at every open site, each site in a unit of work of its own; how many were made."""
    sites = await database.run(now, openings.open_sites)
    core = asyncio.Semaphore(AT_ONCE)

    async def one(site: str) -> int:
        async with core:
            return await database.run(now, partial(open_slots, site=site))

    return sum(await asyncio.gather(*[one(site) for site in sites]))


async def open_slots(uow: UnitOfWork, site: str) -> int:
    """Makes the slots of new days at a site, from its date today to 90 days on; how many were made, none where it is not
    open. Who waits for a place is then looked at again."""
    if not await openings.is_open(uow, site):
        return 0
    resources = await openings.openings_of(uow, site, AHEAD)
    made = await openings.make_missing(uow, [row for each in resources for row in _new_days(each, uow)])
    if made:
        await reference.look_again(uow, site)
    return made


async def regenerate(uow: UnitOfWork, site: str) -> Regenerated:
    """Makes the slots of a locked site what its calendar says now, from this moment to 90 days on.

    Missing ones are made, free ones that are not open any more deleted; what is taken stays taken, whatever the
    calendar says, and is not given to anyone else. Slots that are right already are not touched. Who waits at the site is
    looked at again; for a remote interpreter's hours everyone who waits.
    """
    resources = {each.id: each for each in await openings.openings_of(uow, site, AHEAD)}
    rows = {each.id: _from_now(each, uow) for each in resources.values()}
    last_day = max((_today(each, uow) for each in resources.values()), default=uow.now.date()) + AHEAD
    all_rows = [row.copy() for row in chain.from_iterable(rows.values())]
    others = await openings.lock_others(uow, list(resources), all_rows, last_day)
    gone = [slot.id for slot in others if not slot.wanted and not slot.taken]
    changed = [_changed(slot, resources) for slot in others if slot.wanted or slot.taken]
    await openings.delete(uow, gone)
    await openings.change(uow, changed)
    made = {id: await openings.make_missing(uow, rows[id]) for id in resources}
    concerned = {slot.resource_id for slot in others if slot.wanted or slot.taken} | {id for id in made if made[id]}
    if concerned:
        await reference.look_again(uow, None if any(resources[id].is_remote for id in concerned) else site)
    kept = sum(slot.taken > 0 and not slot.wanted for slot in others)
    return Regenerated(sum(made.values()), len(gone), len(changed) - kept, kept)


def _new_days(resource: ResourceOpening, uow: UnitOfWork) -> Sequence[dict[str, Any]]:
    today = _today(resource, uow)
    first_day = max(today, resource.known_until + timedelta(days=1)) if resource.known_until else today
    return open_rows(resource, first_day, today + AHEAD)


def _from_now(resource: ResourceOpening, uow: UnitOfWork) -> Sequence[dict[str, Any]]:
    today = _today(resource, uow)
    return open_rows(resource, today, today + AHEAD, after=uow.now)


def _today(resource: ResourceOpening, uow: UnitOfWork) -> date:
    return uow.now.astimezone(resource.opening.zone).date()


def _changed(slot: Any, resources: Mapping[UUID, ResourceOpening]) -> dict[str, Any]:
    """A slot of which more is taken than wanted keeps what is taken, and why it is not planned any more.

    Its wall time is the one in the site's zone, which may be another one now.
    """
    opening = resources[slot.resource_id].opening
    wall_time = slot.starts_at.astimezone(opening.zone).replace(tzinfo=None)
    row = {"id": slot.id, "capacity": slot.wanted, "planned": None, "because": None, "wall_time": wall_time.isoformat()}
    if slot.wanted >= slot.taken:
        return row
    because = NotPlanned.CAPACITY_LOWERED if slot.wanted else opening.why_not(wall_time.date())
    return {**row, "capacity": slot.taken, "planned": slot.wanted, "because": because}
