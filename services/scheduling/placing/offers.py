"""Carrying out decisions: places are claimed, offers made, appointments ended, each case said anew. Set-based.

Used by the handlers (events) and the jobs (time). The cases are locked when they come here; slots are locked here.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from uuid import UUID
from zoneinfo import ZoneInfo

from services.scheduling.domain.admission import admit
from services.scheduling.domain.calendar import Calendar
from services.scheduling.domain.decisions import Decision, End, Keep, Offer, Release, Wait, Waiting
from services.scheduling.domain.needs import LONGEST, Need, deadline_of
from services.scheduling.domain.opening import AHEAD
from services.scheduling.domain.places import Own, Place, Resource, count
from services.scheduling.domain.states import changed
from services.scheduling.domain.unmet import why_none
from services.scheduling.placing.outcomes import Outcome, record
from services.scheduling.repository import reference, slots
from services.scheduling.repository.known_case import KnownCase, seniority_of
from services.scheduling.repository.reference import SiteZone
from shared.clock import tzdata_version
from shared.db import LostRace, UnitOfWork
from shared.events import Appointment, AppointmentStatus
from shared.ids import random_id

ROUNDS = 3
"""Times a household that lost its place to another chooses again before it waits."""
FIRST_LOOK = timedelta(days=14)
"""Most places are found in it; only then is looked as far ahead as there are slots."""
ALL_UNITS = 1_000_000
"""More than any slot has."""


async def carry_out(uow: UnitOfWork, decided: Sequence[tuple[KnownCase, Decision]]) -> None:
    """Does what was decided for each case and publishes what changed, each with its own cause."""
    await record(uow, await outcomes_of(uow, decided))


async def outcomes_of(uow: UnitOfWork, decided: Sequence[tuple[KnownCase, Decision]]) -> list[Outcome]:
    """What becomes of each case for which something changes; the slots of places that were found are locked."""
    sites = await reference.sites(uow)
    asking = [(case, decision.need) for case, decision in decided if isinstance(decision, Offer)]
    places = await place_all(uow, sorted(asking, key=lambda each: seniority_of(each[0])))
    outcomes = [_outcome(case, decision, places, sites, uow.now) for case, decision in decided]
    return [outcome for outcome in outcomes if outcome is not None]


async def make_offer(uow: UnitOfWork, case: KnownCase, place: Place) -> None:
    """Offers a place whose slots are locked and free to a locked case that has none."""
    site = (await reference.sites(uow))[place.site]
    await record(uow, [Outcome(case, made=offered(case, place, site, uow.now), place=place)])


@dataclass(frozen=True, slots=True)
class NoPlace:
    """Why a need was not met."""

    reason: Waiting


async def place_all(
    uow: UnitOfWork,
    asking: Sequence[tuple[KnownCase, Need]],
    taken: Counter[int] | None = None,
    *,
    is_first: bool = True,
    beside: Collection[int] = (),
) -> dict[str, Place | NoPlace]:
    """A place for each household that can have one, its slots locked and found free, or why there is none.

    Earlier ones choose first. Who loses a place to a concurrent claim chooses again, three times, from what nobody else
    has locked. `taken` are the units of each slot that others won in this transaction; what is won here is added.
    `is_first`: nothing was locked in it before. Who holds slots already, whether they were won or lost, waits for none.
    `beside` are slots that are to be given back: they are locked along with the first that are chosen.
    What a household keeps of its own time is looked at again once it is locked: it may have been closed meanwhile.
    Raises: LostRace when there is a place only where others are choosing.
    """
    if not asking:
        return {}
    todo = [need for _, need in asking]
    interpreted = any(need.is_interpreted for need in todo)
    resources = await slots.resources_of(uow, (site for need in todo for site in need.sites), with_remote=interpreted)
    held_by = {case.live.id: case.case_ref for case, _ in asking if case.live}
    own = await _own_time(uow, held_by)
    won: dict[str, Place | NoPlace] = {}
    taken = Counter() if taken is None else taken
    busy: Counter[int] = Counter()
    lock = slots.lock if is_first else slots.lock_free
    for _ in range(ROUNDS):
        chosen, none = await _choose(uow, resources, todo, own, taken + busy)
        if none and busy:
            raise LostRace("the places that are left are being claimed: choose again")
        won.update(none)
        asked = {slot for place in chosen for slot, _ in place.claims}
        left = await lock(uow, asked.union(beside))
        busy.update(dict.fromkeys(asked - left.keys(), ALL_UNITS))
        lock, beside = slots.lock_free, ()
        if any(place.kept for place in chosen):
            own = await _own_time(uow, held_by)
        closed = {ref for place in chosen if place.kept and not place.still_has(own[ref := place.need.case_ref])}
        standing = [place for place in chosen if place.need.case_ref not in closed]
        winners, losers = admit(standing, {slot: units - taken[slot] for slot, units in left.items()})
        for place in winners:
            won[place.need.case_ref] = place
            count(taken, place.net)
        lost = closed | {place.need.case_ref for place in losers}
        todo = [need for need in todo if need.case_ref in lost]
        if not todo:
            break
    return {**{need.case_ref: NoPlace(Waiting.NO_CAPACITY) for need in todo}, **won}


async def _own_time(uow: UnitOfWork, held_by: Mapping[UUID, str]) -> dict[str, Own]:
    """What each case's appointment holds, as far as it is planned."""
    return {held_by[id]: time for id, time in (await slots.own_time(uow, list(held_by))).items()}


async def _choose(
    uow: UnitOfWork,
    resources: Sequence[Resource],
    needs: Sequence[Need],
    own: Mapping[str, Own],
    taken: Counter[int],
) -> tuple[list[Place], dict[str, Place | NoPlace]]:
    """The place of each need, looking two weeks ahead first, and around what anyone holds; at the whole horizon for who
    found none."""
    chosen: list[Place] = []
    todo, away = list(needs), Counter(taken)
    lost = {need.case_ref: Own(*need.instead_of, steps=()) for need in needs if need.instead_of}
    own = {**lost, **own}
    earliest = min([need.earliest for need in needs] + [time.starts_at for time in own.values()])
    held_until = max([uow.now] + [time.starts_at + LONGEST for time in own.values()])
    for ahead in (FIRST_LOOK, AHEAD):
        calendar = await slots.free_calendar(uow, resources, earliest, max(uow.now + ahead, held_until))
        calendar.hold(away)
        answers = [(need, _place(calendar, need, own.get(need.case_ref))) for need in todo]
        found = [place for _, place in answers if place]
        chosen += found
        todo = [need for need, place in answers if place is None]
        if not todo:
            break
        for place in found:
            count(away, place.net)
    return chosen, {need.case_ref: NoPlace(why_none(need, resources)) for need in todo}


def _place(calendar: Calendar, need: Need, own: Own | None) -> Place | None:
    return calendar.choose_instead(need, own) if own else calendar.choose(need)


def _outcome(
    case: KnownCase,
    decision: Decision,
    places: dict[str, Place | NoPlace],
    sites: dict[str, SiteZone],
    now: datetime,
) -> Outcome | None:
    """What is to be written and said of one case; None when nothing changes."""
    match decision:
        case Keep(party):
            if case.live is None or party is None:
                return None
            return Outcome(case, changed=changed(case.live, acted_by="scheduling", party=party))
        case Wait(reason):
            is_said = case.waiting == reason and case.version and not _has_other_days(case, reason)
            return None if is_said else Outcome(case, waiting=reason)
        case End(reason):
            closed = case.snapshot.state.value
            is_news = case.live is not None or case.waiting is not None or not case.version
            return Outcome(case, ended=_cancelled(case, reason), closed=closed) if is_news else None
        case Release(reason, waiting):
            return Outcome(case, ended=_cancelled(case, reason), waiting=waiting)
        case Offer(_, otherwise):
            found = places[case.case_ref]
            replaced = _cancelled(case, "superseded")
            if isinstance(found, NoPlace):
                waiting = otherwise or found.reason
                return Outcome(case, ended=replaced, waiting=waiting) if replaced or case.waiting != waiting else None
            return Outcome(case, made=offered(case, found, sites[found.site], now), ended=replaced, place=found)


def _has_other_days(case: KnownCase, reason: Waiting) -> bool:
    """True when its household is to choose by another day than it was until now."""
    before = case.valid_until_before
    return reason is Waiting.CHOICE and before is not None and before != case.snapshot.valid_until


def _cancelled(case: KnownCase, reason: str) -> Appointment | None:
    return ended(case.live, AppointmentStatus.CANCELLED, reason, "authority") if case.live else None


def ended(appointment: Appointment, status: AppointmentStatus, reason: str, acted_by: str) -> Appointment:
    """The appointment after its end. Raises: ForbiddenTransition."""
    return changed(appointment, acted_by=acted_by, status=status, reason=reason)


def offered(case: KnownCase, place: Place, site: SiteZone, now: datetime) -> Appointment:
    """A new appointment. What was booked stays booked when it stays at its site and time; else it is an offer."""
    live = case.live
    stays = live is not None and (live.site, live.starts_at) == (place.site, place.starts_at)
    deadline = (
        live.deadline if live and stays else deadline_of(now, place.need.deadline_hours, place.starts_at, site.zone)
    )
    status = live.status if live and stays else AppointmentStatus.PENDING
    made = appointment_at(case, place, site, status=status, deadline=deadline, acted_by="scheduling")
    return made.model_copy(update={"first_deadline": live.first_deadline}) if live and stays else made


def appointment_at(
    case: KnownCase,
    place: Place,
    site: SiteZone,
    *,
    status: AppointmentStatus,
    deadline: datetime | None,
    acted_by: str,
) -> Appointment:
    """A new appointment at this place, in place of the case's live one if it has one."""
    return Appointment(
        id=random_id(),
        version=1,
        status=status,
        site=place.site,
        wall_time=_wall_time(place.starts_at, site.zone),
        zone=site.zone.key,
        starts_at=place.starts_at,
        tzdata_version=tzdata_version(),
        minutes=place.setting.minutes,
        party=place.need.party,
        interpreter="+".join(place.need.languages) or None,
        deadline=deadline,
        replaces=case.live.id if case.live else None,
        acted_by=acted_by,
    )


@lru_cache(maxsize=256)
def _wall_time(instant: datetime, zone: ZoneInfo) -> str:
    """As appointments say it. Many of a batch begin at the same time."""
    return instant.astimezone(zone).replace(tzinfo=None).isoformat(timespec="minutes")
