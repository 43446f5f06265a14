"""Which notices households are owed by what is true of their cases, made so that the table says it."""

from collections.abc import Sequence
from dataclasses import dataclass

from services.notifications.domain.notice import PastNotice
from services.notifications.domain.notices import notices_due
from services.notifications.repository.known import place_of, sites_named
from services.notifications.repository.notices import Asked, add, notices_of, renew, withdraw
from shared.db import UnitOfWork
from shared.events import CaseScheduled


@dataclass(frozen=True)
class LookedAt:
    """A case's notices, oldest first, and where its date is: None without a date, or when its site did not come yet."""

    past: list[PastNotice]
    place: str | None


async def make_owed_notices(snapshots: Sequence[CaseScheduled], uow: UnitOfWork) -> dict[str, LookedAt]:
    """Makes, renews and withdraws notices until they fit the snapshots; what it looked at of each case, as it was before.

    The cases are locked, and each snapshot's cause is known to the unit of work.
    """
    looked_at = await _look_at(snapshots, uow)
    due = []
    for snapshot in snapshots:
        case = looked_at[snapshot.case_ref]
        due.append((snapshot, notices_due(case.past, snapshot, uow.now, place=case.place)))
    await withdraw(uow, [one for _, each in due for one in each.withdrawn], "superseded")
    await renew(uow, [Asked(each.renewed[1], snapshot, each.renewed[0]) for snapshot, each in due if each.renewed])
    await add(uow, [Asked(each.new, snapshot) for snapshot, each in due if each.new])
    return looked_at


async def _look_at(snapshots: Sequence[CaseScheduled], uow: UnitOfWork) -> dict[str, LookedAt]:
    past = await notices_of(uow, [snapshot.case_ref for snapshot in snapshots])
    at = {each.case_ref: each.appointment.site for each in snapshots if each.appointment}
    sites = await sites_named(uow, set(at.values())) if at else {}
    places = {ref: place_of(sites[site]) for ref, site in at.items() if site in sites}
    return {each.case_ref: LookedAt(past[each.case_ref], places.get(each.case_ref)) for each in snapshots}
