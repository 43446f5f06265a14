"""What scheduling does about events of others: the newest snapshot of each stream, in lists."""

from collections.abc import Iterable
from typing import cast

from services.scheduling.domain.decisions import Decision, Wait, Waiting, decide
from services.scheduling.domain.needs import need_of
from services.scheduling.offers import carry_out
from services.scheduling.repository import cases as cases_repository
from services.scheduling.repository import reference
from services.scheduling.repository.cases import KnownCase
from shared.db import UnitOfWork
from shared.events import CaseChanged, Event, ProgrammeChanged

FOR_THE_PROGRAMME = (
    Waiting.PROGRAMME_UNKNOWN,
    Waiting.PROGRAMME_PAUSED,
    Waiting.PROGRAMME_CLOSED,
    Waiting.SITE_UNKNOWN,
)
"""Reasons to wait that a programme's change may end."""


async def cases_changed(events: list[Event], uow: UnitOfWork) -> None:
    """Takes the cases in and does what their newest state asks for: offer, keep, replace, cancel or wait."""
    snapshots = cast(list[CaseChanged], events)
    codes = {case.programme for case in snapshots}
    known = await cases_repository.take_in(uow, snapshots)
    await carry_out(uow, await decided(uow, known, await reference.programmes(uow, codes)))


async def programmes_changed(events: list[Event], uow: UnitOfWork) -> None:
    """Takes the programmes in and decides again about the cases that wait for them."""
    snapshots = cast(list[ProgrammeChanged], events)
    await reference.take_in_programmes(uow, snapshots)
    for programme in snapshots:
        await decide_waiting(uow, programme, FOR_THE_PROGRAMME)


async def decide_waiting(uow: UnitOfWork, programme: ProgrammeChanged, reasons: Iterable[Waiting]) -> None:
    """Decides again about the programme's cases that wait for one of the reasons, as long as that ends it for some."""
    reasons = frozenset(reasons)
    while waiting := await cases_repository.lock_waiting(uow, [programme.programme], reasons):
        todo = await decided(uow, waiting, {programme.programme: programme}, afresh=True)
        await carry_out(uow, todo)
        if not any(_goes_on(decision, reasons) for _, decision in todo):
            return


async def decided(
    uow: UnitOfWork, known: list[KnownCase], programmes: dict[str, ProgrammeChanged], *, afresh: bool = False
) -> list[tuple[KnownCase, Decision]]:
    """Each case with what is to be done about it. `afresh`: also for who let a place go before."""
    areas = {site.site: site.admin_area for site in (await reference.sites(uow)).values()}
    result = []
    for case in known:
        snapshot = case.snapshot
        programme = programmes.get(snapshot.programme)
        need = need_of(snapshot, programme, areas, uow.now) if programme else None
        waiting = None if afresh else case.waiting
        result.append((case, decide(snapshot.state, programme, need, case.held, waiting)))
    return result


def _goes_on(decision: Decision, reasons: frozenset[Waiting]) -> bool:
    """True when the case surely no longer waits for one of the reasons."""
    return isinstance(decision, Wait) and decision.reason not in reasons
