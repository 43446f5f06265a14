"""A place that is freed too late for everyone else is offered to a household that agreed to be called."""

from dataclasses import replace
from datetime import date

from services.scheduling.domain.needs import Need, need_of
from services.scheduling.domain.places import Place
from services.scheduling.domain.standby import STANDBY_NOTICE, Has, answer_by, is_at_short_notice, may_come
from services.scheduling.domain.states import NOT_BEGUN
from services.scheduling.placing.freed_places import calendar_of, caused_by, take_over
from services.scheduling.placing.offers import appointment_at
from services.scheduling.placing.outcomes import Outcome, record
from services.scheduling.repository import cases, freed, reference, standby
from services.scheduling.repository.freed import FreedPlace, HeldStep
from services.scheduling.repository.known_case import KnownCase, seniority_of
from shared.db import LostRace, UnitOfWork
from shared.events import AppointmentStatus


async def need_there(uow: UnitOfWork, case: KnownCase, site: str, day: date) -> Need | None:
    """What the household needs of a place at the site on that day of the site; None when it can have none there then."""
    programme = await reference.programme(uow, case.snapshot.programme)
    areas = await reference.areas(uow)
    if programme is None or (case.live and (case.live.status not in NOT_BEGUN or case.live.starts_at <= uow.now)):
        return None
    need = need_of(case.as_asked, programme, areas, uow.now)
    if not may_come(case.snapshot.state, programme, need, Has(case.held, case.waiting), site=site, day=day):
        return None
    return replace(need, sites=(site,), earliest=uow.now + STANDBY_NOTICE)


async def offer_at_short_notice(uow: UnitOfWork, place: FreedPlace) -> bool:
    """Offers the locked place to the first who waits, stands by for it and can use it, whole; False when there is none.

    What it leaves of the place stays freed. Who has an appointment is not asked here: staff call it.
    """
    site = (await reference.sites(uow)).get(place.site)
    if site is None or not is_at_short_notice(place.starts_at, uow.now):
        return False
    day = place.starts_at.astimezone(site.zone).date()
    waiting = [row.case_ref for row in await standby.at(uow, place.site, day) if not row.has_status]
    refs = [ref for ref in waiting if ref != place.from_case]
    if not refs:
        return False
    kept = await freed.held_by(uow, place)
    calendar = await calendar_of(uow, place, kept)
    for case in sorted(await cases.read(uow, refs), key=seniority_of):
        need = await need_there(uow, case, place.site, day)
        found = calendar.try_at(need, place.site, place.starts_at) if need else None
        if found:
            await _offer(uow, case, found, place, kept)
            return True
    return False


async def _offer(uow: UnitOfWork, seen: KnownCase, found: Place, place: FreedPlace, kept: list[HeldStep]) -> None:
    """Locks the case and the slots and looks again. Raises: LostRace when one of them is another by now.

    It stands by no more that day, so that no place goes round in a circle of those who do not answer.
    """
    [case] = await cases.lock(uow, [seen.case_ref])
    if case.live or not case.is_as(seen) or not await _stands_by(uow, case, found):
        raise LostRace("who stood by does not any more: look who is next")
    if not await take_over(uow, found, place, kept):
        raise LostRace("what the place needs beside what was freed is taken: look who can use it now")
    case = caused_by(place, case)
    site = (await reference.sites(uow))[place.site]
    deadline = answer_by(found.starts_at, uow.now, site.zone)
    made = appointment_at(case, found, site, status=AppointmentStatus.PENDING, deadline=deadline, acted_by="scheduling")
    await record(uow, [Outcome(case, made=made, place=found)])
    await standby.leave(uow, case.case_ref, found.local_date)


async def _stands_by(uow: UnitOfWork, case: KnownCase, found: Place) -> bool:
    """True when the locked case still agrees to be called for the place, and can have it."""
    agreed = {(row.site, row.day) for row in await standby.of_case(uow, case.case_ref)}
    if (found.site, found.local_date) not in agreed:
        return False
    return await need_there(uow, case, found.site, found.local_date) is not None
