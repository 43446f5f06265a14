"""What scheduling does about events of others: the newest snapshot of each stream, in lists."""

from services.scheduling.placing.deciding import decided
from services.scheduling.placing.offers import carry_out
from services.scheduling.repository import cases, reference
from shared.db import UnitOfWork
from shared.events import CaseChanged, Event, ProgrammeChanged, all_of


async def cases_changed(events: list[Event], uow: UnitOfWork) -> None:
    """Takes the cases in and does what their newest state asks for: offer, keep, replace, cancel or wait."""
    snapshots = all_of(CaseChanged, events)
    codes = {case.programme for case in snapshots}
    known = await cases.take_in(uow, snapshots)
    await carry_out(uow, await decided(uow, known, await reference.programmes(uow, codes)))


async def programmes_changed(events: list[Event], uow: UnitOfWork) -> None:
    """Takes the programmes in; the job `look_again` then decides again about the cases that wait for them."""
    await reference.take_in_programmes(uow, all_of(ProgrammeChanged, events))
