"""A site closes with 20,000 appointments: all cancelled and rebooked, or told that they wait, and the same cut off.

Measured from the change of the calendar to the last household's event in the outbox. Each round ends with an oracle.
Expected: under 10 s.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from rich.console import Console
from rich.table import Table

from bench.cpu import cpu_seconds
from bench.databases import a_stack, new_database
from deploy.local.stack import Stack
from services.scheduling.app import HANDLERS, MIGRATIONS
from services.scheduling.calendars.slot_generation import open_calendars
from services.scheduling.commands import calendars as keep
from services.scheduling.commands.calendars import Asked, Edit, Fate, change_calendar
from services.scheduling.commands.sites import change_site
from services.scheduling.jobs import Jobs
from services.scheduling.repository.reference import take_in_programmes
from services.scheduling.seed import seed
from shared.clock import FixedClock, use_packaged_zone_data
from shared.db import Database
from shared.events import CaseChanged, Party
from shared.kafka.batch import BatchRunner
from shared.migrations import upgrade_async
from shared.service import calm_garbage_collector
from tests.builders import a_case, a_programme, a_record
from tests.life.invariants import INVARIANTS
from tests.scheduling import SEALER

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
PORT, OFFICE = "US-POE-SYS", "MX-TAP-01"
PORTS = (PORT, "US-POE-NOG", "US-POE-ELP", "US-POE-EGP", "US-POE-BRO")
PROGRAMMES = (
    a_programme(),
    a_programme(programme="US-PDI", system="us", counts="people", base_minutes=0, per_adult_minutes=0,
                per_child_minutes=0, offer_hours=24, sites=PORTS),
)  # fmt: skip
LATEST = NOW.date() + timedelta(days=85)


@dataclass(frozen=True)
class Scene:
    """What is closed, and how many are booked there; `capacity` is that of every window and desk."""

    name: str
    site: str
    edit: Edit
    households: int
    capacity: int
    cut_off: bool = False

    def case(self) -> CaseChanged:
        if self.site == PORT:
            return a_case(system="us", programme="US-PDI", sites=(PORT,), valid_until=LATEST)
        return a_case(valid_until=LATEST, party=Party(attendees=2, adults=1, children=1))


def closed_day(day: date) -> Edit:
    return keep.add_closure({"first_day": day, "last_day": day, "reason": "bench", "source": "bench"})


SCENES = (
    Scene("a port closes for good, people counted", PORT, change_site({"is_open": False}), 20_000, 100),
    Scene(
        "the same, cut off in the middle and gone on with",
        PORT,
        change_site({"is_open": False}),
        20_000,
        100,
        True,
    ),
    Scene("a port closes for one day, people counted", PORT, closed_day(date(2026, 11, 27)), 20_000, 4_000),
    Scene("an office closes for good, officers' time", OFFICE, change_site({"is_open": False}), 2_000, 12),
)
"""For one day windows are wide enough for all of them on it."""


async def main() -> None:
    use_packaged_zone_data()
    calm_garbage_collector()
    async with a_stack() as stack:
        await _measure(stack)


async def _measure(stack: Stack) -> None:
    table = Table("", "households", "seconds", "of it the order", "CPU s", "households/s", "moved", "waiting")
    for scene in SCENES:
        url = await _prepared(stack, scene)
        started, cpu = time.perf_counter(), cpu_seconds(stack)
        ordered = await _rebook(url, scene)
        seconds, cpu = time.perf_counter() - started, cpu_seconds(stack) - cpu
        moved, waiting = await _checked(url, scene)
        table.add_row(
            scene.name, f"{scene.households:,}", f"{seconds:.1f}", f"{ordered:.1f}", f"{cpu:.1f}",
            f"{scene.households / seconds:,.0f}", f"{moved:,}", f"{waiting:,}",
        )  # fmt: skip
    Console(width=140).print(table)


async def _rebook(url: str, scene: Scene) -> float:
    """Closes and rebooks; seconds until the order was committed. Cut off, a second process would go on as this does."""
    started = time.perf_counter()
    clock = FixedClock(NOW)
    database = Database(url)
    asked = Asked(scene.site, 1, "scheduler", dry_run=False, stranded=Fate.REBOOK)
    await change_calendar(database, NOW, asked, scene.edit)
    ordered = time.perf_counter() - started
    if scene.cut_off:
        cut = asyncio.create_task(Jobs(database, clock).rebook_stranded())
        while not await _is_half_done(database):
            await asyncio.sleep(0.05)
        cut.cancel()
        await asyncio.gather(cut, return_exceptions=True)
        await database.close()
        database = Database(url)
    await Jobs(database, clock).rebook_stranded()
    await database.close()
    return ordered


async def _is_half_done(database: Database) -> bool:
    return bool(await database.run(NOW, lambda uow: uow.rows("select 1 from rebookings where done > households / 2")))


async def _prepared(stack: Stack, scene: Scene) -> str:
    """A database in which so many households are booked at the site to be closed, all free to go to any other."""
    url = await new_database(stack, "bench_closing", "template0")
    await upgrade_async(url, MIGRATIONS)
    database = Database(url)
    await database.run(NOW, seed)
    async with database.begin(NOW) as uow:
        await uow.execute(
            """update resources set capacity = case when kind = 'interpreter' then 4 else :capacity end,
               programmes = case kind when 'window' then array['US-PDI'] else programmes end""",
            capacity=scene.capacity,
        )
    await open_calendars(database, NOW)
    await database.run(NOW, lambda uow: take_in_programmes(uow, PROGRAMMES))
    runner = BatchRunner(
        "intake.cases", HANDLERS["intake.cases"], group="bench", database=database, sealer=SEALER, clock=FixedClock(NOW)
    )
    for _ in range(0, scene.households, 500):
        await runner.run([a_record(scene.case()) for _ in range(500)])
    async with database.begin(NOW) as uow:
        await uow.execute("update appointments set status = 'booked' where status = 'pending'")
        await uow.execute("""update cases set snapshot = jsonb_set(cast(snapshot as jsonb), '{sites}', '[]')""")
        await uow.execute("truncate outbox, outbox_unpublished")
    async with database.engine.connect() as connection:
        raw = await connection.execution_options(isolation_level="AUTOCOMMIT")
        await raw.exec_driver_sql("vacuum analyze")
    await database.close()
    return url


ORACLE = {
    "households without one live appointment or a stated wait": """
        select count(*) from cases c where (waiting is null) = (not exists (
          select 1 from appointments a where a.case_ref = c.case_ref and a.status in ('pending', 'booked')))""",
    "households that are still where it is closed": """
        select count(*) from appointments a join slot_claims c on c.appointment_id = a.id
        join slots s on s.id = c.slot_id where a.status in ('pending', 'booked') and s.planned = 0""",
    "households without exactly one event": """
        select (select count(*) from cases) - count(*) from
          (select key from outbox where topic = 'scheduling.cases' group by key having count(*) = 1) x""",
    "orders that are not finished": "select count(*) from rebookings where finished_at is null",
}


async def _checked(url: str, scene: Scene) -> tuple[int, int]:
    """The oracle; how many were moved and how many wait."""
    database = Database(url)

    async def counted(sql: str) -> Sequence[int]:
        return (await database.run(NOW, lambda uow: uow.rows(sql)))[0]

    broken = {rule: found for rule, sql in {**INVARIANTS, **ORACLE}.items() if (found := (await counted(sql))[0])}
    moved, waiting = await counted("select sum(moved)::int, sum(waiting)::int from rebookings")
    await database.close()
    if broken or moved + waiting != scene.households:
        raise RuntimeError(f"{broken}; {moved} moved and {waiting} waiting of {scene.households}")
    return moved, waiting


if __name__ == "__main__":
    asyncio.run(main())
