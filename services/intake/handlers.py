"""What events mean for intake. The newest snapshot of each stream comes in."""

from services.intake.repository import tellings
from services.intake.repository.reference import store_sites
from shared.db import UnitOfWork
from shared.events import CaseScheduled, Event, SiteChanged


async def cases_scheduled(events: list[Event], uow: UnitOfWork) -> None:
    """Each country's system will be told where its cases' interviews stand now, unless it was told just that."""
    await tellings.note(uow, [event for event in events if isinstance(event, CaseScheduled)])


async def sites_changed(events: list[Event], uow: UnitOfWork) -> None:
    """From now on results are judged by these sites."""
    await store_sites(uow, [event for event in events if isinstance(event, SiteChanged)])
