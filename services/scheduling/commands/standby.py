"""Households that agree to be called at short notice, for a site on a day, or do not any more."""

from datetime import date

from services.scheduling.commands.locked import locked
from services.scheduling.domain.opening import AHEAD
from services.scheduling.placing.standby import need_there
from services.scheduling.repository import standby
from services.scheduling.views.calendars import known_site
from shared.clock import zone_named
from shared.db import UnitOfWork
from shared.web.problems import Problem

WHO_CANNOT = (
    "the household can have no place there that day: choose a site of its own and a day before its appointment, while its"
    " programme is open"
)


async def stand_by(uow: UnitOfWork, case_ref: str, site: str, day: date, *, acted_by: str) -> None:
    """The household is offered a place at the site that is freed for that day of the site; staff call it if it has an
    appointment. Twice is once.

    Raises: Problem 404, 409 for a day that is over or too far, or on which the household can have no place there.
    """
    case = await locked(uow, case_ref)
    zone = zone_named((await known_site(uow, site)).zone)
    today = uow.now.astimezone(zone).date()
    if not today <= day <= today + AHEAD:
        raise Problem(409, "day_out_of_reach", f"stand by for a day from {today} to {today + AHEAD}")
    if await need_there(uow, case, site, day) is None:
        raise Problem(409, "cannot_stand_by", WHO_CANNOT)
    await standby.add(uow, case_ref, site, day, acted_by=acted_by)


async def stand_down(uow: UnitOfWork, case_ref: str, site: str, day: date) -> None:
    """The household is not called for that any more. Raises: Problem 404."""
    await standby.remove(uow, (await locked(uow, case_ref)).case_ref, site, day)
