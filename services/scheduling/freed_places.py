"""A place that was let go goes to the next household that can use it, never to an open calendar by itself."""

from dataclasses import replace
from datetime import timedelta

from services.scheduling.domain.calendar import Calendar, Place
from services.scheduling.domain.decisions import CANDIDATES
from services.scheduling.domain.needs import need_of
from services.scheduling.offers import make_offer
from services.scheduling.repository import cases, freed, reference, slots
from services.scheduling.repository.cases import KnownCase
from services.scheduling.repository.freed import FreedPlace, HeldStep
from shared.db import UnitOfWork
from shared.events import Allocation, CaseState, ProgrammeChanged, ProgrammeStatus

CANDIDATES_AT_ONCE = 100


async def offer_to_next(uow: UnitOfWork, place: FreedPlace) -> bool:
    """Offers the place to the first waiting household that can use it, whole; False when there is none.

    What it leaves of the place stays freed.
    """
    programmes = {
        code: programme
        for code, programme in (await reference.known_programmes(uow)).items()
        if programme.status is ProgrammeStatus.OPEN
        and programme.allocation is Allocation.IMMEDIATE
        and place.site in programme.sites
    }
    waiting = await cases.lock_waiting(uow, list(programmes), CANDIDATES, limit=CANDIDATES_AT_ONCE)
    kept = await freed.lock_held(uow, place) if waiting else []
    for case in waiting if kept else []:
        found = await _place_for(uow, case, programmes[case.snapshot.programme], place, kept)
        if found is not None:
            await _give(uow, case, found, place, kept)
            return True
    return False


async def _place_for(
    uow: UnitOfWork, case: KnownCase, programme: ProgrammeChanged, place: FreedPlace, kept: list[HeldStep]
) -> Place | None:
    """A place for this household that begins with what was freed, on the same desk."""
    if case.case_ref == place.from_case or case.snapshot.state is not CaseState.ELIGIBLE:
        return None
    areas = {site.site: site.admin_area for site in (await reference.sites(uow)).values()}
    need = need_of(case.snapshot, programme, areas, uow.now)
    if place.starts_at < need.earliest or place.site not in need.sites:
        return None
    calendar = await _calendar(uow, place, kept)
    found = calendar.choose(replace(need, sites=(place.site,), earliest=place.starts_at))
    freed_slots = {step.step.slot_id for step in kept}
    return found if found and any(slot in freed_slots for slot, _ in found.claims) else None


async def _calendar(uow: UnitOfWork, place: FreedPlace, kept: list[HeldStep]) -> Calendar:
    """What is free at the site on that day, with the freed steps among it; of desks only the one that was freed."""
    resources = await slots.resources_of(uow, [place.site])
    mine = {step.resource_id for step in kept}
    usable = [r for r in resources if r.id in mine or r.kind == "interpreter"]
    calendar = await slots.free_calendar(uow, usable, place.starts_at, place.starts_at + timedelta(hours=12))
    for held in kept:
        calendar.add(held.resource_id, replace(held.step))
    return calendar


async def _give(uow: UnitOfWork, case: KnownCase, found: Place, place: FreedPlace, kept: list[HeldStep]) -> None:
    await slots.lock(uow, [slot for slot, _ in found.claims])
    await freed.release(uow, place)
    await make_offer(uow, case, found)
    used = dict(found.claims)
    left = {held.step.slot_id: held.step.left - used.get(held.step.slot_id, 0) for held in kept}
    rest = {slot: units for slot, units in left.items() if units > 0}
    if rest:
        await freed.reserve(uow, place, rest)
    else:
        await freed.forget(uow, place)


async def open_to_all(uow: UnitOfWork, place: FreedPlace) -> None:
    """Makes a place free again that nobody could use."""
    await freed.lock_held(uow, place)
    await freed.release(uow, place)
    await freed.forget(uow, place)
