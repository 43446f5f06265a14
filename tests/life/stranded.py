"""Whom the calendar strands, found the long way round: every claim beside what the rules plan."""

from collections import defaultdict
from datetime import timedelta
from typing import Any

from services.scheduling.domain.opening import AHEAD
from services.scheduling.repository import calendars
from services.scheduling.repository.openings import openings_of
from services.scheduling.views.calendars import stranded_at
from shared.db import UnitOfWork

CLAIMED = """
select c.appointment_id, s.resource_id, s.starts_at, c.units
from slot_claims c join slots s on s.id = c.slot_id join appointments a on a.id = c.appointment_id
where a.site = :site and a.starts_at > :now and a.status in ('pending', 'booked', 'arrived', 'checked-in')
"""


class Stranded:
    """Asks of a site at any time; what the rules plan is worked out anew when a site's version or the day changes."""

    def __init__(self) -> None:
        self._planned: dict[Any, dict[Any, int]] = {}

    async def check(self, uow: UnitOfWork, site: str) -> None:
        """Every appointment that holds time which is not open is listed, and of a time with too few units somebody is."""
        key = (site, (await calendars.site_of(uow, site)).version, uow.now.date())
        if key not in self._planned:
            self._planned[key] = await _planned(uow, site)
        planned = self._planned[key]
        listed = {each["appointment_id"] for each in await stranded_at(uow, site)}
        holders: dict[Any, list[Any]] = defaultdict(list)
        for row in await uow.rows(CLAIMED, site=site, now=uow.now):
            holders[(row.resource_id, row.starts_at)].append(row)
        for time, rows in holders.items():
            ids = {str(row.appointment_id) for row in rows}
            if not planned.get(time):
                assert ids <= listed, f"{ids - listed} hold {time}, which is not open, and are not listed"
            elif sum(row.units for row in rows) > planned[time]:
                assert ids & listed, f"{time} has {planned[time]} units, more are taken, and nobody is listed"


async def _planned(uow: UnitOfWork, site: str) -> dict[Any, int]:
    """The units of each step that the rules open, by resource and instant."""
    today, day = uow.now.date(), timedelta(days=1)
    return {
        (resource.id, time.starts_at + n * resource.opening.width): resource.capacity
        for resource in await openings_of(uow, site, AHEAD)
        for time in resource.opening.times(today - day, today + AHEAD + day)
        for n in range(time.steps)
    }
