"""Newer zone data: every appointment keeps its wall time; its instant moves, its slots go along, its holder is told once.

Runs while the service is prepared, when nobody chooses. Site by site and day by day, each in a transaction of its own:
what was cut off goes on where it was, and what is done is not done again.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from functools import partial
from uuid import UUID

import structlog

from services.scheduling.calendars.slot_generation import regenerate
from services.scheduling.domain.admission import admit
from services.scheduling.domain.calendar import NEVER, Calendar
from services.scheduling.domain.needs import Need, need_of
from services.scheduling.domain.places import STEP, Own, Place
from services.scheduling.domain.states import changed
from services.scheduling.domain.zones import CLOCK_CHANGED, Shift, ZoneData, in_order, instant_of, shifts
from services.scheduling.placing.outcomes import Outcome, record
from services.scheduling.repository import calendars, cases, reference, slots, zones
from services.scheduling.repository.known_case import KnownCase, seniority_of
from services.scheduling.repository.zones import SiteBehind
from shared import tracing
from shared.clock import tzdata_version, zone_named
from shared.db import Database, UnitOfWork
from shared.outbox import Cause

log = structlog.get_logger()


def packaged() -> ZoneData:
    """The zone data that this process has."""
    return ZoneData(tzdata_version(), zone_named)


async def follow_zone_data(database: Database, now: datetime, data: ZoneData) -> int:
    """Brings all instants to this version of the zone data; how many appointments got another one.

    A site is noted as done when every site is: interpreters serve other sites too.
    """
    behind = await database.run(now, partial(zones.sites_behind, version=data.version))
    moved = 0
    for site in behind:
        with tracing.span("follow zone data"):
            moved += await _follow_at(database, now, site, data)
    if behind:
        await database.run(now, claim_again)
        await database.run(now, partial(_done, behind=behind, data=data))
    return moved


async def _follow_at(database: Database, now: datetime, site: SiteBehind, data: ZoneData) -> int:
    days = await database.run(now, partial(_days_to_move, site=site, data=data))
    moved = 0
    for day, moving in days:
        moved += await database.run(now, partial(_move_day, site=site, day=day, moving=moving, data=data))
    await database.run(now, partial(_settle, site=site))
    if days:
        log.warning("zone_data.changed", site=site.site, version=data.version, days=len(days), appointments=moved)
    return moved


async def _days_to_move(uow: UnitOfWork, *, site: SiteBehind, data: ZoneData) -> list[tuple[date, list[Shift]]]:
    """The days on which something moves, with the wall times of slots that do. At all other appointments the version is
    noted, and nothing is said of them."""
    of_slots = shifts(await zones.slot_times(uow, site.site), data.zone(site.zone))
    derived = [
        (each, instant_of(each.wall_time, data.zone(each.zone)))
        for each in await zones.appointment_times(uow, site.site, data.version)
    ]
    await zones.note_version(uow, site.site, data.version, [each for each, at in derived if at == each.starts_at])
    others = [
        Shift(each.wall_time.date(), each.wall_time, each.starts_at, at) for each, at in derived if at != each.starts_at
    ]
    by_day: dict[date, list[Shift]] = defaultdict(list)
    for shift in of_slots:
        by_day[shift.day].append(shift)
    return [(day, by_day[day]) for day in in_order([*of_slots, *others])]


async def _move_day(uow: UnitOfWork, *, site: SiteBehind, day: date, moving: Sequence[Shift], data: ZoneData) -> int:
    await calendars.lock_site(uow, site.site)
    known = await cases.lock(uow, await zones.cases_at(uow, site.site, day))
    await zones.shift_day(uow, site.site, day, moving)
    outcomes = [outcome for case in known if (outcome := _retimed(case, site.site, day, data))]
    await record(uow, outcomes)
    return len(outcomes)


def _retimed(case: KnownCase, site: str, day: date, data: ZoneData) -> Outcome | None:
    """The case with its appointment at another instant; None when it has none there, or one that stays."""
    live = case.live
    if live is None or live.site != site:
        return None
    wall_time = datetime.fromisoformat(live.wall_time)
    starts_at = instant_of(wall_time, data.zone(live.zone))
    if wall_time.date() != day or starts_at == live.starts_at:
        return None
    links = (case.live_made_in,) if case.live_made_in else ()
    moved = changed(live, acted_by="scheduling", starts_at=starts_at, tzdata_version=data.version)
    return Outcome(case, changed=moved, cause=Cause.first(tracing.current(), *links))


async def _settle(uow: UnitOfWork, *, site: SiteBehind) -> None:
    """Makes the slots that exist only now, and takes from the plan those that do not exist any more."""
    await calendars.lock_site(uow, site.site)
    await regenerate(uow, site.site)


async def _done(uow: UnitOfWork, *, behind: Sequence[SiteBehind], data: ZoneData) -> None:
    for site in behind:
        await zones.note_site(uow, site.site, data.version)


async def claim_again(uow: UnitOfWork) -> int:
    """Gives appointments that hold time of another hour the desks and interpreters of their own; how many of them.

    It is the interpreters of sites in another zone who do not move with a household, or move without it. Whom nobody
    can serve keeps what it holds and is listed as stranded, for staff.
    """
    misplaced = await zones.misplaced(uow)
    known = [
        case
        for case in await cases.lock(uow, misplaced.values())
        if case.live and case.held and case.live.id in misplaced
    ]
    places = await _places(uow, sorted(known, key=seniority_of))
    ids = [id for id, _ in places]
    await slots.release(uow, ids)
    await slots.claim(uow, places)
    await zones.note_stranded(uow, misplaced, CLOCK_CHANGED)
    return len(ids)


async def _places(uow: UnitOfWork, known: Sequence[KnownCase]) -> list[tuple[UUID, Place]]:
    """The places that these households can have at the time and site that they have already, their slots locked."""
    if not known:
        return []
    own = await slots.own_time(uow, [case.live.id for case in known if case.live])
    calendar = await _calendar(uow, known)
    programmes = await reference.programmes(uow, {case.snapshot.programme for case in known})
    areas = await reference.areas(uow)
    found: list[tuple[UUID, Place]] = []
    for case in known:
        programme = programmes.get(case.snapshot.programme)
        if case.live and programme:
            need = _as_it_stands(case, need_of(case.as_held, programme, areas, uow.now))
            place = calendar.choose_instead(need, own[case.live.id])
            found += [(case.live.id, place)] if place else []
    return await _admitted(uow, found, own)


async def _calendar(uow: UnitOfWork, known: Sequence[KnownCase]) -> Calendar:
    """What is free at their sites, and of remote interpreters, on their days."""
    at = [case.live for case in known if case.live]
    resources = await slots.resources_of(uow, {each.site for each in at}, with_remote=True)
    first, last = min(each.starts_at for each in at), max(each.starts_at for each in at)
    return await slots.free_calendar(uow, resources, first, last + timedelta(days=1))


def _as_it_stands(case: KnownCase, need: Need) -> Need:
    """The need as the appointment meets it: there, then, as many desks for as long, and nothing else."""
    held = case.held
    assert held is not None  # noqa: S101  only cases with an appointment are asked about
    lasts = timedelta(minutes=held.minutes)
    same = tuple(each for each in need.settings if each.desks == held.desks and each.steps * STEP[need.kind] == lasts)
    return replace(need, sites=(held.site,), settings=same, earliest=NEVER, latest=held.local_date)


async def _admitted(
    uow: UnitOfWork, found: Sequence[tuple[UUID, Place]], own: Mapping[UUID, Own]
) -> list[tuple[UUID, Place]]:
    """Those whose slots are free, once they are locked, beyond what each holds already."""
    held = {step.slot_id for id, _ in found for _, step in own[id].steps}
    left = await slots.lock(uow, held | {slot for _, place in found for slot, _ in place.claims})
    winners, _ = admit([place for _, place in found], left)
    won = {place.need.case_ref for place in winners}
    return [(id, replace(place, kept=())) for id, place in found if place.need.case_ref in won]
