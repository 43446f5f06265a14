"""Which notices households are owed by what is true of their cases, made so that the table says it."""

from collections.abc import Sequence

from services.notifications.domain.notice import PastNotice
from services.notifications.domain.notices import notices_due
from services.notifications.repository.notices import Asked, add, notices_of, renew, withdraw
from shared.db import UnitOfWork
from shared.events import CaseScheduled


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
