"""A place that was let go goes to the next household that can use it, never to an open calendar by itself."""

from dataclasses import replace

from services.scheduling.domain.admission import admit
from services.scheduling.domain.calendar import Calendar
from services.scheduling.domain.decisions import CANDIDATES
from services.scheduling.domain.needs import LONGEST, TRAVEL_NOTICE, need_of
from services.scheduling.domain.places import Place
from services.scheduling.placing.offers import make_offer
from services.scheduling.repository import appointments, cases, freed, reference, slots
from services.scheduling.repository.freed import FreedPlace, HeldStep
from services.scheduling.repository.known_case import FIRST, KnownCase, seniority_of
from shared import tracing
from shared.db import LostRace, UnitOfWork
from shared.events import Allocation, CaseState, ProgrammeChanged, ProgrammeStatus
from shared.outbox import Cause

PAGE = 200


async def offer_to_next(uow: UnitOfWork, place: FreedPlace) -> bool:
    """Offers the locked place to the first waiting household that can use it, whole; False when there is none.

    What it leaves of the place stays freed. Nobody is looked for when it is too near for anyone to travel to.
    Raises: LostRace when someone was faster.
    """
    if place.starts_at < uow.now + TRAVEL_NOTICE:
        return False
    kept = await freed.held_by(uow, place)
    programmes = [p for p in (await reference.known_programmes(uow)).values() if _gives(p, place)] if kept else []
    calendar = await calendar_of(uow, place, kept)
    found = [await _first_who_fits(uow, programme, place, calendar) for programme in programmes]
    fitting = sorted((each for each in found if each), key=lambda each: seniority_of(each[0]))
    if fitting:
        await _give(uow, *fitting[0], place, kept)
    return bool(fitting)


def _gives(programme: ProgrammeChanged, place: FreedPlace) -> bool:
    return (
        programme.status is ProgrammeStatus.OPEN
        and programme.allocation is Allocation.IMMEDIATE
        and place.site in programme.sites
    )


async def calendar_of(uow: UnitOfWork, place: FreedPlace, kept: list[HeldStep]) -> Calendar:
    """What is free at the site in the hours after the place begins, with what it keeps; of desks only its own."""
    resources = await slots.resources_of(uow, [place.site], with_remote=True)
    mine = {step.resource_id for step in kept}
    usable = [r for r in resources if r.id in mine or r.kind == "interpreter"]
    calendar = await slots.free_calendar(uow, usable, place.starts_at, place.starts_at + LONGEST)
    for held in kept:
        calendar.add(held.resource_id, replace(held.step))
    return calendar


async def _first_who_fits(
    uow: UnitOfWork, programme: ProgrammeChanged, place: FreedPlace, calendar: Calendar
) -> tuple[KnownCase, Place] | None:
    """The first household in line whose place can begin with what was freed, on the same desk, on a day that it did not
    decline."""
    areas = await reference.areas(uow)
    after = FIRST
    while page := await cases.waiting_after(uow, programme.programme, CANDIDATES, after, PAGE):
        refs = [each.case_ref for each in page]
        declined = await appointments.days_declined(uow, refs)
        for case in sorted(await cases.read(uow, refs), key=seniority_of):
            need = need_of(case.as_asked, programme, areas, uow.now)
            if case.case_ref == place.from_case or place.site not in need.sites or place.starts_at < need.earliest:
                continue
            there = replace(need, not_on=declined.get(case.case_ref, frozenset()))
            found = calendar.try_at(there, place.site, place.starts_at)
            if found and case.snapshot.state is CaseState.ELIGIBLE and case.waiting in CANDIDATES:
                return case, found
        after = page[-1]
    return None


async def _give(uow: UnitOfWork, seen: KnownCase, found: Place, place: FreedPlace, kept: list[HeldStep]) -> None:
    """Locks the case, then all slots at once, looks again and offers. Raises: LostRace when one of them is another by now."""
    [case] = await cases.lock(uow, [seen.case_ref])
    if not case.is_as(seen):
        raise LostRace("the household waits for something else by now: look who is next")
    if not await take_over(uow, found, place, kept):
        raise LostRace("what the place needs beside what was freed is taken: look who can use it now")
    await make_offer(uow, caused_by(place, case), found)


async def take_over(uow: UnitOfWork, found: Place, place: FreedPlace, kept: list[HeldStep]) -> bool:
    """Locks all slots of what was found, looks again, and lets the freed place give them up; what is not used of it stays
    freed. False when someone was faster. The case that is to have it is locked before."""
    own = {held.step.slot_id: held.step.left for held in kept}
    left = await slots.lock(uow, {*own, *(slot for slot, _ in found.claims)})
    winners, _ = admit([found], {slot: units + own.get(slot, 0) for slot, units in left.items()})
    if not winners:
        return False
    await freed.release(uow, place)
    used = dict(found.claims)
    rest = {slot: units - used.get(slot, 0) for slot, units in own.items() if units > used.get(slot, 0)}
    if rest:
        await freed.reserve(uow, place, rest)
    else:
        await freed.forget(uow, place)
    return True


def caused_by(place: FreedPlace, case: KnownCase) -> KnownCase:
    """The case with the tick as the cause of what follows: a trace of its own, linked to its result's and to the freeing."""
    links = [context for context in (case.cause.context, place.freed_in) if context]
    return replace(case, cause=Cause.first(tracing.current(), *links))


async def open_to_all(uow: UnitOfWork, place: FreedPlace) -> None:
    """Makes a locked place free again that nobody could use; who waits at its site is looked at again."""
    await slots.lock(uow, [held.step.slot_id for held in await freed.held_by(uow, place)])
    await freed.release(uow, place)
    await freed.forget(uow, place)
    await reference.look_again(uow, place.site)
