"""What events mean for notices. The newest snapshot of each stream comes in; no order between topics is assumed."""

from services.notifications.owed import make_owed_notices
from services.notifications.repository import known
from shared.db import UnitOfWork
from shared.events import CaseScheduled, Event, ProgrammeChanged, SiteChanged, all_of


async def cases_changed(events: list[Event], uow: UnitOfWork) -> None:
    """Households will be told what the newest snapshots say, and nothing that they no longer say."""
    snapshots = all_of(CaseScheduled, events)
    await known.store_cases(uow, snapshots)
    await make_owed_notices(snapshots, uow)


async def sites_changed(events: list[Event], uow: UnitOfWork) -> None:
    """Notices that wait for one of these sites can go: the job looks for the site when it claims. Who has a date at one with
    another name or address is told by a tick, in chunks."""
    await known.store_sites(uow, all_of(SiteChanged, events))


async def programmes_changed(events: list[Event], uow: UnitOfWork) -> None:
    """Messages name the programme as its authority does; they do not wait for it."""
    await known.store_programmes(uow, all_of(ProgrammeChanged, events))
