"""What scheduling does about events of others: the newest snapshot of each stream, in lists."""

from dataclasses import replace

from services.scheduling.domain.decisions import CANCEL_REASON, WENT_ON
from services.scheduling.placing.deciding import decided
from services.scheduling.placing.offers import carry_out
from services.scheduling.repository import cases, reference, referrals
from services.scheduling.repository.known_case import KnownCase
from shared.db import UnitOfWork
from shared.events import CaseChanged, Event, ProgrammeChanged, all_of


async def cases_changed(events: list[Event], uow: UnitOfWork) -> None:
    """Takes the cases in and does what their newest state asks for: offer, keep, replace, cancel or wait."""
    snapshots = all_of(CaseChanged, events)
    codes = {case.programme for case in snapshots}
    known = await _without_dead_referrals(uow, await cases.take_in(uow, snapshots))
    await carry_out(uow, await decided(uow, known, await reference.programmes(uow, codes)))


async def _without_dead_referrals(uow: UnitOfWork, known: list[KnownCase]) -> list[KnownCase]:
    """The cases; who was to go on, and whose country ended the case before another had it, goes nowhere and is told so."""
    dead = {case.case_ref for case in known if case.referral and _has_ended(case)}
    await referrals.end(uow, sorted(dead))
    return [replace(case, referral=None) if case.case_ref in dead else case for case in known]


def _has_ended(case: KnownCase) -> bool:
    return case.snapshot.state in CANCEL_REASON and case.snapshot.reason != WENT_ON


async def programmes_changed(events: list[Event], uow: UnitOfWork) -> None:
    """Takes the programmes in; the job `look_again` then decides again about the cases that wait for them."""
    await reference.take_in_programmes(uow, all_of(ProgrammeChanged, events))
