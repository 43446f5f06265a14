"""Where the time comes from, and the proof that its zone data is the one we were built with."""

import zoneinfo
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from importlib.metadata import version
from typing import Protocol


class Clock(Protocol):
    """Gives the current instant, aware, in UTC."""

    def now(self) -> datetime: ...


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


@dataclass
class FixedClock:
    """A clock that stands still until it is told to go on."""

    instant: datetime

    def now(self) -> datetime:
        return self.instant

    def advance(self, by: timedelta) -> None:
        self.instant += by


WEST_OF_UTC = timedelta(hours=12)
"""How long after its end in UTC a day may still be the present one somewhere."""


def still_today(now: datetime) -> date:
    """The earliest day that may still be the present one at some site: what lies before it is over everywhere."""
    return (now - WEST_OF_UTC).date()


class ZoneDataStale(RuntimeError):
    """This machine's time-zone data is not the one Puente needs: install the package `tzdata` at the locked version."""


ZONE_VECTORS = (
    ("America/Vancouver", "2027-01-15T12:00", -7),
    ("America/Edmonton", "2027-01-15T12:00", -6),
    ("America/Winnipeg", "2027-01-15T12:00", -5),
    ("America/Mexico_City", "2027-07-15T12:00", -6),
    ("America/Matamoros", "2027-07-15T12:00", -5),
    ("America/Tijuana", "2027-07-15T12:00", -7),
)
"""Zone, wall time, hours from UTC. Source: tzdata 2026f; docs/domain.md, "Time zones"."""


def use_packaged_zone_data() -> str:
    """The version of the zone data in use, after making the `tzdata` package its only source.

    The host's copy is never read: it may be years old. Raises: ZoneDataStale when a known offset differs.
    """
    zoneinfo.reset_tzpath(())
    zoneinfo.ZoneInfo.clear_cache()
    zone_named.cache_clear()
    for zone, wall_time, hours in ZONE_VECTORS:
        offset = datetime.fromisoformat(wall_time).replace(tzinfo=zoneinfo.ZoneInfo(zone)).utcoffset()
        if offset != timedelta(hours=hours):
            raise ZoneDataStale(f"{zone} at {wall_time} is {offset} from UTC, not {hours} h: update the package tzdata")
    return tzdata_version()


@cache
def zone_named(name: str) -> zoneinfo.ZoneInfo:
    """The zone of this IANA name, read once: the library itself keeps only a few. Raises: ZoneInfoNotFoundError."""
    return zoneinfo.ZoneInfo(name)


@cache
def tzdata_version() -> str:
    """The version of the packaged zone data, as stored with every instant derived from it."""
    return version("tzdata")
