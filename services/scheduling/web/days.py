"""The free places of a household by day, in the words of its language. Pure."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from services.scheduling.domain.places import Place
from services.scheduling.web.presented import Fact, Site, moment, when_and_where
from shared.dates import long_date, time_of_day
from shared.languages import Catalogue

SHOWN = timedelta(days=14)
"""Days on one page."""
FEW = 5
"""Places shown instead of one that was taken a moment ago."""


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
class Days:
    """Days with free places, each as an address names it and as people do; `following` is the first day after them."""

    days: tuple[tuple[str, str], ...]
    following: date


@dataclass(frozen=True, slots=True)
class Times:
    """The places of one day at one site, as radio buttons take them. `where`: the site as people know it."""

    site: str
    where: str
    items: tuple[dict[str, Any], ...]


def free_places(places: Sequence[Place], sites: Mapping[str, Site], zones: Mapping[str, ZoneInfo]) -> list[Free]:
    return [Free(place, sites[place.site], zones[place.site]) for place in places]


def around(first: date, days: timedelta, zones: Collection[ZoneInfo]) -> tuple[datetime, datetime]:
    """From when to when to look so that nothing of these days is missed at any place in these zones."""
    begins = [datetime.combine(first, time(), tzinfo=zone).astimezone(UTC) for zone in zones or [ZoneInfo("UTC")]]
    ends = [datetime.combine(first + days, time(), tzinfo=zone).astimezone(UTC) for zone in zones or [ZoneInfo("UTC")]]
    return min(begins), max(ends)


def days_of(places: Sequence[Free], first: date, catalogue: Catalogue, *, is_cut: bool) -> Days:
    """The days from the first on, as many as a page shows, on which there is a place. `is_cut`: there are more places
    than were read, so that the last day may not be whole and belongs to the next page."""
    known = sorted({free.wall_time.date() for free in places})
    following = first + SHOWN
    if is_cut and known[-1] > first:
        following = min(following, known[-1])
    dates = [day for day in known if first <= day < following]
    return Days(tuple((day.isoformat(), long_date(day, catalogue.language)) for day in dates), following)


def times_of(places: Sequence[Free], day: date, catalogue: Catalogue) -> tuple[Times, ...]:
    """The places of one day site by site, that with the earliest first."""
    at: dict[str, list[Free]] = {}
    for free in sorted(places, key=lambda free: free.place.starts_at):
        if free.wall_time.date() == day:
            at.setdefault(free.place.site, []).append(free)
    return tuple(
        Times(code, f"{those[0].site.name}, {those[0].site.city}", tuple(_radio(free, catalogue) for free in those))
        for code, those in at.items()
    )


def _radio(free: Free, catalogue: Catalogue) -> dict[str, Any]:
    return {"value": str(free.slot), "text": time_of_day(free.wall_time.time(), catalogue.language)}


def nearest(places: Sequence[Free], wanted: datetime, catalogue: Catalogue) -> list[dict[str, Any]]:
    """The few places that come nearest to a time that cannot be had, as radio buttons take them, earliest first."""
    few = sorted(places, key=lambda free: abs(free.place.starts_at - wanted))[:FEW]
    return [
        {
            "value": str(free.slot),
            "text": moment(free.place.starts_at, free.zone.key, free.site.city, catalogue),
            "hint": {"text": free.site.name},
        }
        for free in sorted(few, key=lambda free: free.place.starts_at)
    ]


def facts_of_place(free: Free, catalogue: Catalogue) -> tuple[Fact, ...]:
    """When and where it is."""
    return when_and_where(free.wall_time, free.place.starts_at, free.site, catalogue)
