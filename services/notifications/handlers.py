"""What events mean for notices. The newest snapshot of each stream comes in; no order between topics is assumed."""

from collections.abc import Sequence

from services.notifications.domain.notices import PastNotice, notices_due
from services.notifications.repository import known
from services.notifications.repository.notices import Asked, add, notices_of, renew, withdraw
from shared.db import UnitOfWork
from shared.events import CaseScheduled, Event, ProgrammeChanged, SiteChanged


async def cases_changed(events: list[Event], uow: UnitOfWork) -> None:
    """Households will be told what the newest snapshots say, and nothing that they no longer say."""
    snapshots = [event for event in events if isinstance(event, CaseScheduled)]
    await known.store_cases(uow, snapshots)
    await make_owed_notices(snapshots, uow)


async def make_owed_notices(snapshots: Sequence[CaseScheduled], uow: UnitOfWork) -> dict[str, list[PastNotice]]:
    """Makes, renews and withdraws notices until they fit the snapshots; each case's notices as they were before.

    The cases are locked, and each snapshot's cause is known to the unit of work.
    """
    past = await notices_of(uow, [snapshot.case_ref for snapshot in snapshots])
    due = [(snapshot, notices_due(past[snapshot.case_ref], snapshot, uow.now)) for snapshot in snapshots]
    await withdraw(uow, [one for _, each in due for one in each.withdrawn], "superseded")
    await renew(uow, [Asked(each.renewed[1], snapshot, each.renewed[0]) for snapshot, each in due if each.renewed])
    await add(uow, [Asked(each.new, snapshot) for snapshot, each in due if each.new])
    return past


async def sites_changed(events: list[Event], uow: UnitOfWork) -> None:
    """Notices that wait for one of these sites can go: the job looks for the site when it claims."""
    await known.store_sites(uow, [event for event in events if isinstance(event, SiteChanged)])


async def programmes_changed(events: list[Event], uow: UnitOfWork) -> None:
    """Messages name the programme as its authority does; they do not wait for it."""
    await known.store_programmes(uow, [event for event in events if isinstance(event, ProgrammeChanged)])
