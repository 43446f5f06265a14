"""Carrying out decisions: places are claimed, offers made, appointments ended, each case said anew. Set-based.

Used by the handlers (events) and the jobs (time). The cases are locked when they come here; slots are locked here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

from services.scheduling import outcomes
from services.scheduling.domain.admission import admit
from services.scheduling.domain.calendar import Place, Resource
from services.scheduling.domain.decisions import Decision, End, Keep, Offer, Wait, Waiting
from services.scheduling.domain.needs import Need, deadline_of
from services.scheduling.domain.states import step
from services.scheduling.outcomes import Outcome
from services.scheduling.repository import reference, slots
from services.scheduling.repository.cases import KnownCase
from services.scheduling.repository.reference import SiteZone
from shared.clock import tzdata_version
from shared.db import UnitOfWork
from shared.events import Appointment, AppointmentStatus, Urgency

ROUNDS = 3
"""Times a household that lost its place to another chooses again before it waits."""
FIRST_LOOK = timedelta(days=14)
HORIZON = timedelta(days=90)
"""How far ahead there are slots; the first look is shorter because most places are found in it."""


async def carry_out(uow: UnitOfWork, decided: Sequence[tuple[KnownCase, Decision]]) -> None:
    """Does what was decided for each case and publishes what changed, each caused by its own event."""
    sites = await reference.sites(uow)
    offers = {case.case_ref: decision.need for case, decision in decided if isinstance(decision, Offer)}
    places = await place_all(
        uow, [offers[c.case_ref] for c in by_seniority([c for c, _ in decided]) if c.case_ref in offers]
    )
    results = []
    for case, decision in decided:
        outcome = _outcome(case, decision, places, sites, uow.now)
        if outcome is not None:
            results.append(outcome)
    await outcomes.record(uow, results)


async def make_offer(uow: UnitOfWork, case: KnownCase, place: Place) -> None:
    """Offers a place whose slots are locked and free to a locked case that has none."""
    site = (await reference.sites(uow))[place.site]
    await outcomes.record(uow, [Outcome(case, made=_offered(case, place, site, uow.now), place=place)])


def by_seniority(cases: Sequence[KnownCase]) -> list[KnownCase]:
    """Urgent ones first, then by first registration; ties by reference."""
    return sorted(cases, key=lambda c: (c.snapshot.urgency is not Urgency.URGENT, c.snapshot.registered_at, c.case_ref))


@dataclass(frozen=True, slots=True)
class NoPlace:
    """Why a need was not met."""

    reason: Waiting


async def place_all(uow: UnitOfWork, needs: Sequence[Need]) -> dict[str, Place | NoPlace]:
    """A place for each household that can have one, its slots locked and found free, or why there is none.

    Earlier needs choose first. Who loses a place to a concurrent claim chooses again, three times.
    """
    if not needs:
        return {}
    resources = await slots.resources_of(uow, sorted({site for need in needs for site in need.sites}))
    won: dict[str, Place | NoPlace] = {}
    held: dict[int, int] = {}
    todo = list(needs)
    for _ in range(ROUNDS):
        chosen, none = await _choose(uow, resources, todo, held)
        won.update(none)
        left = await slots.lock(uow, [slot for place in chosen for slot, _ in place.claims])
        winners, losers = admit(chosen, {slot: units - held.get(slot, 0) for slot, units in left.items()})
        for place in winners:
            won[place.need.case_ref] = place
            for slot, units in place.claims:
                held[slot] = held.get(slot, 0) + units
        todo = [place.need for place in losers]
        if not todo:
            break
    return {**{need.case_ref: NoPlace(Waiting.NO_CAPACITY) for need in todo}, **won}


async def _choose(
    uow: UnitOfWork, resources: Sequence[Resource], needs: Sequence[Need], held: dict[int, int]
) -> tuple[list[Place], dict[str, Place | NoPlace]]:
    """The earliest place of each need, looking two weeks ahead first and at the whole horizon for who found none."""
    chosen: list[Place] = []
    todo = list(needs)
    earliest = min(need.earliest for need in needs)
    for ahead in (FIRST_LOOK, HORIZON):
        calendar = await slots.free_calendar(uow, resources, earliest, earliest + ahead)
        calendar.hold({**held, **_units(chosen)})
        answers = [(need, calendar.choose(need)) for need in todo]
        chosen += [place for _, place in answers if place]
        todo = [need for need, place in answers if place is None]
        if not todo:
            break
    return chosen, {need.case_ref: NoPlace(why_none(need, resources)) for need in todo}


def _units(places: Sequence[Place]) -> dict[int, int]:
    units: dict[int, int] = {}
    for place in places:
        for slot, n in place.claims:
            units[slot] = units.get(slot, 0) + n
    return units


def why_none(need: Need, resources: Sequence[Resource]) -> Waiting:
    """No interpreter at any of the sites, or none of them free in time."""
    able = [r for r in resources if r.kind == "interpreter" and r.languages.issuperset(need.languages)]
    return Waiting.NO_CAPACITY if able or not need.languages else Waiting.NO_INTERPRETER


def _outcome(
    case: KnownCase,
    decision: Decision,
    places: dict[str, Place | NoPlace],
    sites: dict[str, SiteZone],
    now: datetime,
) -> Outcome | None:
    """What is to be written and said of one case; None when nothing changes."""
    match decision:
        case Keep():
            return None
        case Wait(reason):
            return None if case.waiting == reason and case.version else Outcome(case, waiting=reason)
        case End(reason):
            closed = case.snapshot.state.value
            return Outcome(case, ended=_cancelled(case, reason), closed=closed) if case.version else None
        case Offer(_):
            found = places[case.case_ref]
            replaced = _cancelled(case, "superseded")
            if isinstance(found, NoPlace):
                if case.waiting == found.reason and not replaced:
                    return None
                return Outcome(case, ended=replaced, waiting=found.reason)
            return Outcome(case, made=_offered(case, found, sites[found.site], now), ended=replaced, place=found)


def _cancelled(case: KnownCase, reason: str) -> Appointment | None:
    return ended(case.live, AppointmentStatus.CANCELLED, reason, "authority") if case.live else None


def ended(appointment: Appointment, status: AppointmentStatus, reason: str, acted_by: str) -> Appointment:
    """The appointment after its end. Raises: ForbiddenTransition."""
    return appointment.model_copy(
        update={
            "status": step(appointment.status, status),
            "version": appointment.version + 1,
            "reason": reason,
            "acted_by": acted_by,
        }
    )


def _offered(case: KnownCase, place: Place, site: SiteZone, now: datetime) -> Appointment:
    return Appointment(
        id=uuid4(),
        version=1,
        status=AppointmentStatus.PENDING,
        site=place.site,
        wall_time=place.starts_at.astimezone(site.zone).strftime("%Y-%m-%dT%H:%M"),
        zone=site.zone.key,
        starts_at=place.starts_at,
        tzdata_version=tzdata_version(),
        minutes=place.need.minutes,
        party=place.need.party,
        interpreter=place.interpreter and "+".join(place.need.languages),
        deadline=deadline_of(now, place.need.deadline_hours, site.zone),
        replaces=case.live.id if case.live else None,
        acted_by="scheduling",
    )
