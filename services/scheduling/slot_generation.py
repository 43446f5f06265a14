"""Opening rules become slots, 90 days ahead, set-based; slots that are there already stay as they are."""

from collections import defaultdict
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from services.scheduling.domain.calendar import STEP
from services.scheduling.domain.opening import OpenTime, Rule, holidays_of, open_times
from services.scheduling.repository import reference
from shared.db import UnitOfWork, as_json

DAYS_AHEAD = 90

RULES = """
select r.id as resource_id, r.site, r.kind, r.capacity, s.zone, s.holidays,
       o.rrule, o.valid_from, o.valid_until, o.opens, o.closes,
       (select max(local_date) from slots x where x.resource_id = r.id) as known_until
from opening_rules o join resources r on r.id = o.resource_id join sites s on s.site = r.site
order by r.site, r.id
"""

INSERT = """
insert into slots (resource_id, site, kind, starts_at, wall_time, local_date, capacity)
select t.resource_id, t.site, t.kind, t.starts_at + n * make_interval(mins => t.minutes),
       t.wall_time + n * make_interval(mins => t.minutes), t.local_date, t.capacity
from jsonb_to_recordset(cast(:rows as jsonb)) as t(
  resource_id uuid, site text, kind text, starts_at timestamptz, wall_time timestamp, local_date date,
  capacity int, minutes int, steps int)
cross join lateral generate_series(0, t.steps - 1) n
order by t.resource_id, 4
on conflict (resource_id, starts_at) do nothing
"""


async def open_slots(uow: UnitOfWork) -> int:
    """Makes the slots that are missing from today's date at each site to 90 days on; how many were made.

    Who waits for a place is then looked at again.
    """
    closed = await _closed_days(uow)
    rows = [
        row
        for rule in await uow.rows(RULES)
        for row in _rows(rule, closed.get(rule.site, frozenset()), uow.now.astimezone(ZoneInfo(rule.zone)).date())
    ]
    made = await uow.execute(INSERT, rows=as_json(rows)) if rows else 0
    if made:
        await reference.look_again(uow)
    return made


def _rows(rule: Any, closed: frozenset[date], today: date) -> list[dict[str, Any]]:
    first_day = max(today, rule.known_until + timedelta(days=1)) if rule.known_until else today
    last_day = today + timedelta(days=DAYS_AHEAD)
    if first_day > last_day:
        return []
    days_off = closed | holidays_of(rule.holidays, first_day, last_day)
    pattern = Rule(rule.rrule, rule.valid_from, rule.valid_until, rule.opens, rule.closes)
    width = STEP[rule.kind]
    times = open_times(pattern, ZoneInfo(rule.zone), width, first_day=first_day, last_day=last_day, closed=days_off)
    return [_row(rule, time, int(width.total_seconds() // 60)) for time in times]


def _row(rule: Any, time: OpenTime, minutes: int) -> dict[str, Any]:
    return {
        "resource_id": rule.resource_id,
        "site": rule.site,
        "kind": rule.kind,
        "starts_at": time.starts_at.isoformat(),
        "wall_time": time.wall_time.isoformat(),
        "local_date": time.local_date.isoformat(),
        "capacity": rule.capacity,
        "minutes": minutes,
        "steps": time.steps,
    }


async def _closed_days(uow: UnitOfWork) -> dict[str, frozenset[date]]:
    days: dict[str, set[date]] = defaultdict(set)
    for row in await uow.rows(
        "select site, first_day, last_day from closures where last_day >= :today",
        today=uow.now.date() - timedelta(days=1),
    ):
        days[row.site] |= {row.first_day + timedelta(days=n) for n in range((row.last_day - row.first_day).days + 1)}
    return {site: frozenset(closed) for site, closed in days.items()}
