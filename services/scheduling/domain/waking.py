"""Time in which a household can be expected to read and answer: all that is outside the quiet hours of the site. Pure."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from services.scheduling.domain.needs import QUIET_FROM, QUIET_UNTIL


def waking_time(begins_at: datetime, ends_at: datetime, zone: ZoneInfo) -> timedelta:
    """How much of it there is between two instants."""
    total = timedelta()
    for opens, closes in _waking(begins_at, zone):
        if opens >= ends_at:
            break
        total += min(closes, ends_at) - opens
    return total


def after_waking(begins_at: datetime, span: timedelta, zone: ZoneInfo) -> datetime:
    """The first instant by which so much of it has passed; in no quiet hours when the span is not empty."""
    left = span
    for opens, closes in _waking(begins_at, zone):
        if left <= closes - opens:
            return opens + left
        left -= closes - opens
    raise AssertionError("days do not end")


def _waking(begins_at: datetime, zone: ZoneInfo) -> Iterator[tuple[datetime, datetime]]:
    """What is left of each day of the site, from the first on."""
    day = begins_at.astimezone(zone).date()
    while True:
        opens, closes = (datetime.combine(day, wall, zone).astimezone(UTC) for wall in (QUIET_UNTIL, QUIET_FROM))
        if closes > begins_at:
            yield max(opens, begins_at.astimezone(UTC)), closes
        day += timedelta(days=1)
