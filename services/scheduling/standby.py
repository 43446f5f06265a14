"""A place that is freed too late for everyone else is booked at once for a household that agreed to be called."""

from dataclasses import replace
from datetime import date

from services.scheduling.choices import CAN_GO
from services.scheduling.domain.needs import Need, need_of
from services.scheduling.domain.places import Place
from services.scheduling.domain.standby import STANDBY_NOTICE, Has, is_at_short_notice, may_come
from services.scheduling.freed_places import calendar_of, caused_by, take_over
from services.scheduling.offers import appointment_at, ended
from services.scheduling.outcomes import Outcome, record
from services.scheduling.repository import cases, freed, reference, standby
from services.scheduling.repository.cases import KnownCase, seniority_of
from services.scheduling.repository.freed import FreedPlace, HeldStep
from shared.db import LostRace, UnitOfWork
from shared.events import Appointment, AppointmentStatus


async def need_there(uow: UnitOfWork, case: KnownCase, site: str, day: date) -> Need | None:
    """What the household needs of a place at the site on that day of the site; None when it can have none there then."""
    programme = (await reference.programmes(uow, [case.snapshot.programme])).get(case.snapshot.programme)
    areas = {each.site: each.admin_area for each in (await reference.sites(uow)).values()}
    if programme is None or (case.live and (case.live.status not in CAN_GO or case.live.starts_at <= uow.now)):
        return None
    need = need_of(case.snapshot, programme, areas, uow.now)
    if not may_come(case.snapshot.state, programme, need, Has(case.held, case.waiting), site=site, day=day):
        return None
    return replace(need, sites=(site,), earliest=uow.now + STANDBY_NOTICE)


async def book_for_standby(uow: UnitOfWork, place: FreedPlace) -> bool:
    """Books the locked place for the first who stands by for it and can use it, whole; False when there is none.

    To stand by is to have said yes: there is no offer to answer. What it leaves of the place stays freed, and the later
    appointment that it had is freed.
    """
    site = (await reference.sites(uow)).get(place.site)
    if site is None or not is_at_short_notice(place.starts_at, uow.now):
        return False
    day = place.starts_at.astimezone(site.zone).date()
    refs = [row.case_ref for row in await standby.at(uow, place.site, day) if row.case_ref != place.from_case]
    if not refs:
        return False
    kept = await freed.held_by(uow, place)
    calendar = await calendar_of(uow, place, kept)
    for case in sorted(await cases.read(uow, refs), key=seniority_of):
        need = await need_there(uow, case, place.site, day)
        found = calendar.try_at(need, place.starts_at) if need else None
        if found:
            await _book(uow, found, place, kept)
            return True
    return False


async def _book(uow: UnitOfWork, found: Place, place: FreedPlace, kept: list[HeldStep]) -> None:
    """Locks the case and the slots and looks again. Raises: LostRace when one of them is another by now."""
    [case] = await cases.lock(uow, [found.need.case_ref])
    stands_by = {(row.site, row.day) for row in await standby.of_case(uow, case.case_ref)}
    if (place.site, found.local_date) not in stands_by or await need_there(
        uow, case, place.site, found.local_date
    ) is None:
        raise LostRace("who stood by does not any more: look who is next")
    if not await take_over(uow, found, place, kept):
        raise LostRace("what the place needs beside what was freed is taken: look who can use it now")
    case = caused_by(place, case)
    site = (await reference.sites(uow))[place.site]
    made = appointment_at(case, found, site, status=AppointmentStatus.BOOKED, deadline=None, acted_by="scheduling")
    over = _left(case.live) if case.live else None
    await record(uow, [Outcome(case, made=made, ended=over, place=found)])
    await standby.leave(uow, case.case_ref)


def _left(appointment: Appointment) -> Appointment:
    reason = "superseded" if appointment.status is AppointmentStatus.PENDING else "rescheduled"
    return ended(appointment, AppointmentStatus.CANCELLED, reason, "scheduling")
