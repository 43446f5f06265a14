"""Other zone data: the wall time stays, the instant is derived anew."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo

ASIDE = timedelta(minutes=1)
"""How far from the grid a slot lies whose wall time does not exist: nobody finds it there, and it is in nobody's way."""


CLOCK_CHANGED = "clock-changed"
"""Why an appointment is stranded whose interpreter or desk is not free any more at the instant that it has now."""


@dataclass(frozen=True, slots=True)
class ZoneData:
    """One version of the zone data: how it is called, and the zone of each name."""

    version: str
    zone: Callable[[str], tzinfo]


@dataclass(frozen=True, slots=True)
class Shift:
    """A wall time of a day whose instant is another one now."""

    day: date
    wall_time: datetime
    was: datetime
    starts_at: datetime


def instant_of(wall_time: datetime, zone: tzinfo) -> datetime:
    """The instant at which the site's clock shows this, the first one when it does so twice."""
    return wall_time.replace(tzinfo=zone).astimezone(UTC)


def slot_instant(wall_time: datetime, zone: tzinfo) -> datetime:
    """The same for a slot; one whose wall time does not exist is put aside."""
    instant = instant_of(wall_time, zone)
    exists = instant.astimezone(zone).replace(tzinfo=None) == wall_time
    return instant if exists else instant + ASIDE


def shifts(times: Iterable[tuple[datetime, datetime]], zone: tzinfo) -> list[Shift]:
    """Of slots' wall times, each with its instant until now, those whose instant is another one."""
    derived = ((wall_time, was, slot_instant(wall_time, zone)) for wall_time, was in times)
    return [Shift(wall.date(), wall, was, starts_at) for wall, was, starts_at in derived if starts_at != was]


def in_order(moving: Iterable[Shift]) -> list[date]:
    """The days in the order in which none comes to lie on the next: what goes back from the first day on, then what goes
    forward from the last day on."""
    moving = list(moving)
    back = {each.day for each in moving if each.starts_at < each.was}
    forward = {each.day for each in moving} - back
    return [*sorted(back), *sorted(forward, reverse=True)]


def offsets(zone: tzinfo, since: datetime, until: datetime) -> list[tuple[int, int]]:
    """From which second of the epoch on which offset from UTC holds, in seconds: from `since`, and each change before `until`.

    Assumptions: no zone changes twice within a week.
    """
    found, at = [(int(since.timestamp()), _offset(zone, since))], since
    while at < until:
        later = at + timedelta(weeks=1)
        if _offset(zone, later) != found[-1][1]:
            change = _change(zone, at, later)
            found.append((int(change.timestamp()), _offset(zone, change)))
        at = later
    return found


def _change(zone: tzinfo, before: datetime, after: datetime) -> datetime:
    """The first second with the offset of `after`."""
    while after - before > timedelta(seconds=1):
        middle = before + timedelta(seconds=(after - before) // timedelta(seconds=2))
        is_before = _offset(zone, middle) == _offset(zone, before)
        before, after = (middle, after) if is_before else (before, middle)
    return after


def _offset(zone: tzinfo, instant: datetime) -> int:
    offset = instant.astimezone(zone).utcoffset()
    return int(offset.total_seconds()) if offset else 0
