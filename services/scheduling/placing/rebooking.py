"""Households whose appointments a change of the calendar strands go to the nearest places: by seniority, in chunks."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from zoneinfo import ZoneInfo

from services.scheduling.domain.decisions import Wait, Waiting, decide
from services.scheduling.domain.needs import Need
from services.scheduling.domain.opening import NotPlanned
from services.scheduling.domain.own_needs import need_instead
from services.scheduling.domain.places import Place
from services.scheduling.domain.rebooking import Unable, Wish, nearest_first
from services.scheduling.domain.states import NOT_BEGUN
from services.scheduling.placing.deciding import days_declined
from services.scheduling.placing.offers import NoPlace, ended, offered, place_all
from services.scheduling.placing.outcomes import Outcome, record
from services.scheduling.repository import calendars, cases, rebookings, reference, slots
from services.scheduling.repository.known_case import KnownCase, seniority_of
from services.scheduling.repository.rebookings import Done, Rebooking, Stranded
from services.scheduling.repository.reference import SiteZone
from shared.db import LostRace, UnitOfWork
from shared.events import AppointmentStatus
from shared.outbox import Cause

AT_ONCE = 500
"""Households in one transaction: people's requests wait for its locks."""
REASONS: dict[str, str] = {
    NotPlanned.RESOURCE_ENDED: "officer-unavailable",
    NotPlanned.CAPACITY_LOWERED: "site-capacity",
    Unable.DESK: "officer-unavailable",
    Unable.INTERPRETER: "interpreter-unavailable",
}
"""Why an appointment ends that cannot take place as its calendar is now; for all other causes the site is closed then."""
STILL_PLANNED = frozenset({REASONS[unable] for unable in Unable})
"""Reasons that leave time which others can be heard in: who waits is looked at again."""
STILL_OTHERS = STILL_PLANNED | {REASONS[NotPlanned.CAPACITY_LOWERED]}
"""Reasons for which others may be claiming the very slots that are given back."""


@dataclass(frozen=True, slots=True)
class Concerned:
    """A case whose appointment cannot take place and ends for this reason. `wishes`: where and when its need is to be met
    instead, the nearest first; `waits_for`: what it waits for when there is no place, if not just for one."""

    case: KnownCase
    reason: str
    need: Need
    wishes: list[Wish]
    waits_for: Waiting | None


def movable(stranded: Iterable[Any]) -> list[Stranded]:
    """Which of a calendar's stranded appointments can be rebooked."""
    return [
        Stranded(row.case_ref, row.id, next((REASONS[why] for why in row.why if why in REASONS), "site-closed"))
        for row in stranded
        if row.status in NOT_BEGUN
    ]


async def rebook_next(uow: UnitOfWork, *, at_once: int = AT_ONCE) -> bool:
    """Rebooks the next households of the oldest order; False when there is none. What is done is not done again.

    Each gets an offer in place of what it had, or waits with its seniority. Who has something else by now, or whose
    appointment is planned again, keeps it.
    """
    rebooking = await rebookings.take_next(uow)
    if rebooking is None:
        return False
    await calendars.lock_site(uow, rebooking.site)
    stranded = await rebookings.next_households(uow, rebooking, at_once)
    known = await cases.lock(uow, [each.case_ref for each in stranded])
    concerned = await concerned_of(uow, known, [each for each in stranded if each.is_stranded])
    places = await places_instead(uow, concerned)
    sites = await reference.sites(uow)
    outcomes = [_outcome(each, places[each.case.case_ref], sites, rebooking, uow) for each in concerned]
    await record(uow, outcomes)
    if any(each.reason in STILL_PLANNED for each in concerned):
        await reference.look_again(uow, rebooking.site)
    moved = sum(outcome.made is not None for outcome in outcomes)
    await rebookings.advance(uow, rebooking, Done(moved, len(outcomes) - moved, len(stranded) - len(outcomes)))
    return True


async def leave_next_stranded(uow: UnitOfWork) -> str:
    """Leaves the next household of the oldest order as it is, and listed as stranded, for staff; its reference."""
    rebooking = await rebookings.take_next(uow)
    if rebooking is None:
        raise LostRace("nobody is to be rebooked any more")
    [first] = await rebookings.next_households(uow, rebooking, 1)
    await rebookings.advance(uow, rebooking, Done(0, 0, 1))
    return first.case_ref


async def concerned_of(uow: UnitOfWork, known: Sequence[KnownCase], stranded: Sequence[Stranded]) -> list[Concerned]:
    """Those of the cases that still have just the appointment that is stranded, by seniority."""
    reasons = {each.appointment_id: each.reason for each in stranded}
    programmes = await reference.programmes(uow, {case.snapshot.programme for case in known})
    areas = await reference.areas(uow)
    declined = await days_declined(uow, known)
    result = []
    for case in sorted(known, key=seniority_of):
        live, programme = case.live, programmes.get(case.snapshot.programme)
        if not (live and case.held and programme and live.id in reasons and live.status in NOT_BEGUN):
            continue
        if live.starts_at > uow.now:
            need = need_instead(case.snapshot, case.own, programme, areas, uow.now)
            not_on = declined.get(case.case_ref, frozenset())
            need = replace(need, instead_of=(live.site, live.starts_at), not_on=not_on)
            waits = decide(case.snapshot.state, programme, need, held=None, waiting=None, now=uow.now)
            wishes = nearest_first(need, case.held.site, case.held.local_date, ZoneInfo(live.zone))
            reason = waits.reason if isinstance(waits, Wait) else None
            result.append(Concerned(case, reasons[live.id], need, wishes, reason))
    return result


async def places_instead(uow: UnitOfWork, concerned: Sequence[Concerned]) -> dict[str, Place | NoPlace]:
    """Another place for each case, its slots locked and found free, or why there is none.

    First everyone's nearest wish, then the next of those who found nothing.
    """
    found: dict[str, Place | NoPlace] = {}
    taken: Counter[int] = Counter()
    contested = [each.case.date.id for each in concerned if each.reason in STILL_OTHERS]
    given_back = await slots.claimed_by(uow, contested) if contested else set()
    for n in range(max((len(each.wishes) for each in concerned), default=0)):
        asking = [
            (replace(each.case, live=None), each.wishes[n].of(each.need))
            for each in concerned
            if n < len(each.wishes) and not isinstance(found.get(each.case.case_ref), Place)
        ]
        found |= await place_all(uow, asking, taken, is_first=n == 0, beside=() if n else given_back)
    return found


def _outcome(
    concerned: Concerned,
    found: Place | NoPlace,
    sites: Mapping[str, SiteZone],
    rebooking: Rebooking,
    uow: UnitOfWork,
) -> Outcome:
    case, cause = concerned.case, _cause(rebooking, concerned.case)
    over = ended(case.date, AppointmentStatus.CANCELLED, concerned.reason, "authority")
    if isinstance(found, NoPlace):
        waiting = concerned.waits_for or found.reason
        return Outcome(case, ended=over, waiting=waiting, is_stranded=True, cause=cause)
    made = offered(case, found, sites[found.site], uow.now)
    return Outcome(case, made=made, ended=over, place=found, is_stranded=True, cause=cause)


def _cause(rebooking: Rebooking, case: KnownCase) -> Cause:
    """The change of the calendar, linked to what made the appointment."""
    return rebooking.cause._replace(links=(case.live_made_in,) if case.live_made_in else ())
