"""Changing a site's calendar in tests, and what is asked of it then."""

from datetime import date, timedelta
from typing import Any

from services.scheduling.commands.calendars import Asked, Edit, add_closure, change_calendar
from services.scheduling.views.calendars import stranded_at
from tests.builders import NOW
from tests.scheduling import Scheduling

TAP = "MX-TAP-01"


def closure(first_day: date, last_day: date | None = None) -> Edit:
    return add_closure(
        {"first_day": first_day, "last_day": last_day or first_day, "reason": "flood", "source": "civil protection"}
    )


class Calendars:
    """A scheduler at work."""

    def __init__(self, scheduling: Scheduling) -> None:
        self.scheduling = scheduling

    async def version(self, site: str = TAP) -> int:
        return await self.scheduling.count("select version from sites where site = :site", site=site)

    async def change(self, edit: Edit, site: str = TAP, **asked: Any) -> dict[str, Any]:
        """The change by someone who has just read the calendar, unless `seen_version` says otherwise."""
        usual = {"seen_version": await self.version(site), "acted_by": "scheduler", "dry_run": False}
        clock = self.scheduling.clock
        return await change_calendar(self.scheduling.database, clock.now(), Asked(site, **{**usual, **asked}), edit)

    async def stranded(self, site: str = TAP) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = await self.scheduling.do(lambda uow: stranded_at(uow, site))
        return found

    async def resource(self, name: str, site: str = TAP) -> Any:
        found = await self.scheduling.rows(
            "select * from resources where site = :site and name = :name", site=site, name=name
        )
        return found[0]

    async def rule_of(self, name: str, site: str = TAP) -> Any:
        resource = await self.resource(name, site)
        found = await self.scheduling.rows("select * from opening_rules where resource_id = :id", id=resource.id)
        return found[0]

    async def days(self, site: str = TAP, *, name: str = "desk 1") -> set[date]:
        """The days on which a resource has slots."""
        resource = await self.resource(name, site)
        found = await self.scheduling.rows(
            "select distinct local_date from slots where resource_id = :id and capacity > 0", id=resource.id
        )
        return {row.local_date for row in found}

    async def everything(self) -> dict[str, Any]:
        """Each row by the transaction that wrote it and where it lies: what is the same was not touched."""
        tables = "sites", "resources", "opening_rules", "closures", "slots", "slot_claims", "calendar_changes", "outbox"
        return {
            table: {tuple(row) for row in await self.scheduling.rows(f"select xmin::text, ctid::text from {table}")}  # noqa: S608  names of our own tables
            for table in tables
        }


def weekday(days_ahead: int = 7) -> date:
    """A Monday at least that far away."""
    day = NOW.date() + timedelta(days=days_ahead)
    return day + timedelta(days=-day.weekday() % 7)
