"""What a site must say of itself so that its calendar can be made, and what it says to everyone."""

import re
from functools import cache
from typing import Any
from zoneinfo import available_timezones

from services.scheduling.domain.opening import holidays_exist
from shared.events import SiteChanged

HOLIDAYS = re.compile(r"[A-Z]{2}(-[A-Z0-9]{1,3})?(\+[A-Z]{2}(-[A-Z0-9]{1,3})?)*|")
"""Calendars observed together: `US+MX`, `CA-BC`; none at all is an empty text."""


def fault_of(zone: str, holidays: str) -> str | None:
    """What is wrong with a site that staff describe, or None. Zones are those of the packaged data."""
    if zone not in _zones():
        return "zone: no IANA time zone has this name: write it as America/Ciudad_Juarez"
    if not HOLIDAYS.fullmatch(holidays):
        return "holidays: write calendars as US+MX or CA-BC"
    unknown = [name for name in holidays.split("+") if name and not holidays_exist(name)]
    return f"holidays: the calendar {unknown[0]} is not known" if unknown else None


def site_changed(row: Any) -> SiteChanged:
    """A site's row as the event that publishes it."""
    return SiteChanged(
        version=row.version,
        site=row.site,
        system=row.system,
        name=row.name,
        city=row.city,
        address=row.address,
        zone=row.zone,
        admin_area=row.admin_area,
        programmes=tuple(row.programmes),
        is_open=row.is_open,
        illustrative=row.illustrative,
    )


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())
