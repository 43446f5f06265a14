"""Opening rules as the steps of a calendar: wall time first, instants derived, holidays and closures left out."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from zoneinfo import ZoneInfo

import holidays
from dateutil.rrule import rrulestr

AHEAD = timedelta(days=90)
"""How far ahead there are slots."""
HOLIDAY_CATEGORIES = {"US": ("government",), "CA": ("government",)}
"""Countries whose offices keep other days than the public. Source: docs/domain.md, "Holidays"."""

RRULE = re.compile(
    r"FREQ=(DAILY|WEEKLY|MONTHLY|YEARLY)(;(INTERVAL=[1-9]\d?|COUNT=[1-9]\d{0,3}|UNTIL=\d{8}|WKST=[A-Z]{2}"
    r"|BYDAY=([+-]?[1-5])?[A-Z]{2}(,([+-]?[1-5])?[A-Z]{2})*"
    r"|BYMONTHDAY=-?([1-9]|1\d|2[0-8])(,-?([1-9]|1\d|2[0-8]))*|BYMONTH=([1-9]|1[0-2])(,([1-9]|1[0-2]))*))*"
)
"""The parts of RFC 5545 that say days. Those that can make a rule which never comes true cost seconds to look for it."""
WITHIN_DAYS = 3660
"""A rule that opens on no day of its first ten years is a mistake."""


class NotPlanned(StrEnum):
    """Why a slot, or some units of it, are not in its calendar."""

    SITE_CLOSED = "site-closed"
    CLOSED = "closed"
    RESOURCE_ENDED = "resource-ended"
    HOLIDAY = "holiday"
    OUTSIDE_HOURS = "outside-hours"
    CAPACITY_LOWERED = "capacity-lowered"


@dataclass(frozen=True, slots=True)
class Rule:
    """Days by RFC 5545 rule, hours by the site's clock. `last_day` None: until changed."""

    rrule: str
    first_day: date
    last_day: date | None
    opens: time
    closes: time
    on_holidays: bool = False


@dataclass(frozen=True, slots=True)
class OpenTime:
    """`steps` consecutive steps from `starts_at`; the wall clock runs evenly between them."""

    local_date: date
    wall_time: datetime
    starts_at: datetime
    steps: int


@dataclass(frozen=True, slots=True)
class Opening:
    """All that says when a resource is open, by the site's date. `holidays` as `holidays_of` reads it; `closed` are the
    days of the site's closures, `last_day` the resource's own."""

    zone: ZoneInfo
    width: timedelta
    rules: tuple[Rule, ...]
    holidays: str
    closed: frozenset[date]
    last_day: date | None = None
    site_is_open: bool = True

    def times(self, first_day: date, last_day: date) -> Iterator[OpenTime]:
        """The open times from `first_day` to `last_day`, both included, rule by rule: rules may overlap."""
        end = min(last_day, self.last_day or last_day)
        if not self.site_is_open or first_day > end:
            return
        holidays = holidays_of(self.holidays, first_day, end)
        for rule in self.rules:
            closed = self.closed if rule.on_holidays else self.closed | holidays
            yield from open_times(rule, self.zone, self.width, first_day=first_day, last_day=end, closed=closed)

    def why_not(self, day: date) -> NotPlanned:
        """Why a time of the day that `times` does not name is not open."""
        if not self.site_is_open:
            return NotPlanned.SITE_CLOSED
        if day in self.closed:
            return NotPlanned.CLOSED
        if self.last_day and day > self.last_day:
            return NotPlanned.RESOURCE_ENDED
        if day in holidays_of(self.holidays, day, day) and not any(rule.on_holidays for rule in self.rules):
            return NotPlanned.HOLIDAY
        return NotPlanned.OUTSIDE_HOURS


def fault_of(rule: Rule, width: timedelta) -> str | None:
    """What is wrong with a rule that staff wrote, or None."""
    if not RRULE.fullmatch(rule.rrule):
        return "rrule: say days by FREQ, INTERVAL, BYDAY, BYMONTHDAY, BYMONTH, COUNT, UNTIL=YYYYMMDD, in capitals"
    if rule.opens >= rule.closes:
        return "closes: must be later than opens"
    if any(_off_grid(each, width) for each in (rule.opens, rule.closes)):
        return f"opens, closes: must lie on the grid of {width.total_seconds() / 60:.0f} minutes"
    if rule.last_day and rule.last_day < rule.first_day:
        return "valid_until: must not be before valid_from"
    last_day = min(rule.last_day or date.max, rule.first_day + timedelta(days=WITHIN_DAYS))
    try:
        opens_at_all = _days(rule, rule.first_day, last_day)
    except (ValueError, IndexError):
        return "rrule: cannot be read as RFC 5545"
    return None if opens_at_all else "rrule: names no day on which the rule is valid"


def _off_grid(moment: time, width: timedelta) -> bool:
    since_midnight = datetime.combine(date.min, moment) - datetime.combine(date.min, time(0))
    return bool(since_midnight % width)


def open_times(
    rule: Rule, zone: ZoneInfo, width: timedelta, *, first_day: date, last_day: date, closed: frozenset[date]
) -> Iterator[OpenTime]:
    """The open times of a rule from `first_day` to `last_day`, both included, in order."""
    begin = max(first_day, rule.first_day)
    end = min(last_day, rule.last_day or last_day)
    if begin > end:
        return
    for day in _days(rule, begin, end):
        if day not in closed:
            yield from _one_day(day, rule, zone, width)


def _days(rule: Rule, begin: date, end: date) -> list[date]:
    midnight = datetime.combine(rule.first_day, time(0))
    days = rrulestr(rule.rrule, dtstart=midnight)
    found = days.between(datetime.combine(begin, time(0)), datetime.combine(end, time(0)), inc=True)
    return [day.date() for day in found]


def _one_day(day: date, rule: Rule, zone: ZoneInfo, width: timedelta) -> Iterator[OpenTime]:
    """Usually one stretch; several on a day when the clock changes while the site is open.

    A step whose wall time does not exist is left out; one that happens twice exists once, the first time.
    """
    wall = datetime.combine(day, rule.opens)
    closes = datetime.combine(day, rule.closes)
    first, last = (each.replace(tzinfo=zone).astimezone(UTC) for each in (wall, closes))
    if last - first == closes - wall and last.astimezone(zone).replace(tzinfo=None) == closes:
        if steps := (closes - wall) // width:
            yield OpenTime(day, wall, first, steps)
        return
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


def holidays_exist(calendar: str) -> bool:
    """True when the holidays of this country, or of this part of one, are known."""
    try:
        _holidays(calendar, 2026)
    except NotImplementedError:
        return False
    return True


@lru_cache(maxsize=256)
def _holidays(calendar: str, year: int) -> frozenset[date]:
    country, _, province = calendar.partition("-")
    categories = HOLIDAY_CATEGORIES.get(country, ("public",))
    return frozenset(holidays.country_holidays(country, subdiv=province or None, years=year, categories=categories))
