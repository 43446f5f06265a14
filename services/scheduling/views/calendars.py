"""What staff read of calendars: sites, resources, opening rules, closures, stranded appointments."""

from collections.abc import Sequence
from typing import Any

from services.scheduling.repository import calendars
from shared.db import UnitOfWork
from shared.web.problems import Problem

WHAT_HAPPENS = {
    "pending": "the offer stands; accepted in time, it is booked at this time until staff move or rebook it",
    "booked": "stays booked at this time until staff move or rebook it",
    "arrived": "the household is at the site: see it, or cancel it for the site's reason, which gives it another place",
    "checked-in": "the interview has begun: it goes on",
}
"""What becomes of a stranded appointment when nobody does anything, by its state."""


async def sites_view(uow: UnitOfWork) -> list[dict[str, Any]]:
    """Every site, by code."""
    return [site_view(row) for row in await calendars.all_sites(uow)]


async def known_site(uow: UnitOfWork, site: str) -> Any:
    """The site's row. Raises: Problem 404."""
    row = await calendars.site_of(uow, site)
    if row is None:
        raise site_unknown()
    return row


def site_unknown() -> Problem:
    """The refusal of a code that no site has."""
    return Problem(404, "site_unknown", "no site has this code: GET /v1/sites lists them")


def site_view(row: Any) -> dict[str, Any]:
    """A site's row; `version` is what a change of anything in its calendar names."""
    return {
        "site": row.site,
        "version": row.version,
        "system": row.system,
        "name": row.name,
        "city": row.city,
        "address": row.address,
        "zone": row.zone,
        "holidays": row.holidays,
        "admin_area": row.admin_area,
        "programmes": list(row.programmes),
        "is_open": row.is_open,
        "illustrative": row.illustrative,
    }


def resource_view(row: Any) -> dict[str, Any]:
    """A resource as staff see it."""
    return {
        "id": str(row.id),
        "kind": row.kind,
        "name": row.name,
        "programmes": list(row.programmes),
        "languages": list(row.languages),
        "accommodations": list(row.accommodations),
        "modes": list(row.modes),
        "is_remote": row.is_remote,
        "capacity": row.capacity,
        "last_day": _day(row.last_day),
    }


def rule_view(row: Any) -> dict[str, Any]:
    """An opening rule as staff see it, times by the site's clock."""
    return {
        "id": str(row.id),
        "resource_id": str(row.resource_id),
        "version": row.version,
        "rrule": row.rrule,
        "valid_from": _day(row.valid_from),
        "valid_until": _day(row.valid_until),
        "opens": row.opens.strftime("%H:%M"),
        "closes": row.closes.strftime("%H:%M"),
        "on_holidays": row.on_holidays,
        "is_lifted": row.is_lifted,
    }


def closure_view(row: Any) -> dict[str, Any]:
    """A closure as staff see it; both days are closed."""
    return {
        "id": str(row.id),
        "first_day": _day(row.first_day),
        "last_day": _day(row.last_day),
        "reason": row.reason,
        "source": row.source,
        "is_lifted": row.is_lifted,
    }


def _day(day: Any) -> str | None:
    return day.isoformat() if day else None


async def stranded_at(uow: UnitOfWork, site: str) -> list[dict[str, Any]]:
    """Appointments to come that cannot take place as the site's calendar is now."""
    return stranded_view(await calendars.stranded_at(uow, site))


def stranded_view(rows: Sequence[Any]) -> list[dict[str, Any]]:
    """Stranded appointments as staff see them: which, why, what happens to each."""
    return [
        {
            "appointment_id": str(row.id),
            "case_ref": row.case_ref,
            "programme": row.programme,
            "status": row.status,
            "wall_time": row.wall_time.strftime("%Y-%m-%dT%H:%M"),
            "zone": row.zone,
            "minutes": row.minutes,
            "party": row.party,
            "why": list(row.why),
            "resources": list(row.resources),
            "what_happens": WHAT_HAPPENS[row.status],
        }
        for row in rows
    ]


def changes_view(rows: Sequence[Any]) -> list[dict[str, Any]]:
    """What changed in a calendar, when and by whom."""
    return [
        {"version": row.version, "at": row.at.isoformat(), "acted_by": row.acted_by, "what": row.what} for row in rows
    ]
