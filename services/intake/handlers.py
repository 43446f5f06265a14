"""What events mean for intake. The newest snapshot of each stream comes in."""

from services.intake.repository import referrals, tellings
from services.intake.repository.reference import store_sites
from shared.db import UnitOfWork
from shared.events import CaseScheduled, Event, Referral, ReferralState, SiteChanged, all_of


async def cases_scheduled(events: list[Event], uow: UnitOfWork) -> None:
    """Each country's system will be told where its cases' interviews stand now, unless it was told just that; households
    that another country accepted will have a case there, unless that is taken back before."""
    snapshots = all_of(CaseScheduled, events)
    await tellings.note(uow, snapshots)
    await referrals.note(uow, [each for each in snapshots if _is_accepted(each.referral)])
    await referrals.take_back(uow, [each.case_ref for each in snapshots if not _is_accepted(each.referral)])


async def sites_changed(events: list[Event], uow: UnitOfWork) -> None:
    """From now on results are judged by these sites."""
    await store_sites(uow, all_of(SiteChanged, events))


def _is_accepted(referral: Referral | None) -> bool:
    return referral is not None and referral.state is ReferralState.ACCEPTED
