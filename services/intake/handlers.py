"""What events mean for intake. The newest snapshot of each stream comes in."""

from services.intake.repository.reference import store_sites
from shared.db import UnitOfWork
from shared.events import Event, SiteChanged


async def sites_changed(events: list[Event], uow: UnitOfWork) -> None:
    """From now on results are judged by these sites."""
    await store_sites(uow, [event for event in events if isinstance(event, SiteChanged)])
