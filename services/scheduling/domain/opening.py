"""Opening rules as the steps of a calendar: wall time first, instants derived, holidays and closures left out."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import holidays
from dateutil.rrule import rrulestr

HOLIDAY_CATEGORIES = {"US": ("government",), "CA": ("government",)}
"""Countries whose offices keep other days than the public. Source: docs/domain.md, "Holidays"."""


@dataclass(frozen=True, slots=True)
class Rule:
    """Days by RFC 5545 rule, hours by the site's clock. `last_day` None: until changed."""

    rrule: str
    first_day: date
    last_day: date | None
    opens: time
    closes: time


@dataclass(frozen=True, slots=True)
class OpenTime:
    """`steps` consecutive steps from `starts_at`; the wall clock runs evenly between them."""

    local_date: date
    wall_time: datetime
    starts_at: datetime
    steps: int


def open_times(
    rule: Rule, zone: ZoneInfo, width: timedelta, *, first_day: date, last_day: date, closed: frozenset[date]
) -> Iterator[OpenTime]:
    """The open times of a rule from `first_day` to `last_day`, both included, in order."""
    begin = max(first_day, rule.first_day)
    end = min(last_day, rule.last_day or last_day)
    if begin > end:
        return
    midnight = datetime.combine(rule.first_day, time(0))
    days = rrulestr(rule.rrule, dtstart=midnight).between(
        datetime.combine(begin, time(0)), datetime.combine(end, time(0)), inc=True
    )
    for day in days:
        if day.date() not in closed:
            yield from _one_day(day.date(), rule, zone, width)


def _one_day(day: date, rule: Rule, zone: ZoneInfo, width: timedelta) -> Iterator[OpenTime]:
    """Usually one stretch; several on a day when the clock changes while the site is open.

    A step whose wall time does not exist is left out; one that happens twice exists once, the first time.
    """
    wall = datetime.combine(day, rule.opens)
    closes = datetime.combine(day, rule.closes)
    stretch: list[tuple[datetime, datetime]] = []
    while wall + width <= closes:
        instant = wall.replace(tzinfo=zone).astimezone(UTC)
        exists = instant.astimezone(zone).replace(tzinfo=None) == wall
        if stretch and (not exists or instant != stretch[-1][1] + width):
            yield OpenTime(day, *stretch[0], len(stretch))
            stretch = []
        if exists:
            stretch.append((wall, instant))
        wall += width
    if stretch:
        yield OpenTime(day, *stretch[0], len(stretch))


def holidays_of(calendars: str, first_day: date, last_day: date) -> frozenset[date]:
    """Days on which a site is closed: `US+MX` keeps both countries' holidays, `CA-BC` the province's too."""
    years = range(first_day.year, last_day.year + 1)
    return frozenset(day for name in calendars.split("+") if name for year in years for day in _holidays(name, year))


@lru_cache(maxsize=256)
def _holidays(calendar: str, year: int) -> frozenset[date]:
    country, _, province = calendar.partition("-")
    categories = HOLIDAY_CATEGORIES.get(country, ("public",))
    return frozenset(holidays.country_holidays(country, subdiv=province or None, years=year, categories=categories))
