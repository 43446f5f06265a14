"""The free places of a household by day, in the words of its language. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from services.scheduling.domain.places import Place
from services.scheduling.web.presented import Fact, Site, when_and_where
from shared.dates import long_date, time_of_day
from shared.languages import Catalogue

SHOWN = timedelta(days=14)
"""Days on one page."""
AHEAD = timedelta(days=90)
"""How far ahead there are places."""
FARTHEST_ZONE = timedelta(hours=14)
"""No local day begins or ends farther than this from the same day in UTC."""


@dataclass(frozen=True, slots=True)
class Free:
    """A free place with the site that it is at."""

    place: Place
    site: Site
    zone: ZoneInfo

    @property
    def wall_time(self) -> datetime:
        return self.place.starts_at.astimezone(self.zone)

    @property
    def slot(self) -> int:
        """The slot that choosing it names."""
        return self.place.claims[0][0]


@dataclass(frozen=True, slots=True)
class Day:
    """A day with free places: how an address names it, and how people do."""

    date: str
    text: str


def free_places(places: Sequence[Place], sites: Mapping[str, Site], zones: Mapping[str, ZoneInfo]) -> list[Free]:
    return [Free(place, sites[place.site], zones[place.site]) for place in places]


def around(first: date, days: timedelta) -> tuple[datetime, datetime]:
    """From when to when to look so that nothing of these days is missed, in whatever zone."""
    begins_at = datetime.combine(first, datetime.min.time(), tzinfo=UTC)
    return begins_at - FARTHEST_ZONE, begins_at + days + FARTHEST_ZONE


def days_of(places: Sequence[Free], first: date, catalogue: Catalogue) -> list[Day]:
    """The days from the first on, as many as a page shows, on which there is a place."""
    dates = sorted({free.wall_time.date() for free in places})
    return [Day(day.isoformat(), long_date(day, catalogue.language)) for day in dates if first <= day < first + SHOWN]


def times_of(places: Sequence[Free], day: date, catalogue: Catalogue) -> list[dict[str, Any]]:
    """The places of one day, as radio buttons take them."""
    return [
        {
            "value": str(free.slot),
            "text": time_of_day(free.wall_time.time(), catalogue.language),
            "hint": {"text": f"{free.site.name}, {free.site.city}"},
        }
        for free in places
        if free.wall_time.date() == day
    ]


def facts_of_place(free: Free, catalogue: Catalogue) -> tuple[Fact, ...]:
    """When and where it is."""
    return when_and_where(free.wall_time, free.place.starts_at, free.site, catalogue)
