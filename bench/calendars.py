"""90 days of slots for 24 sites with 20 desks each: made from nothing, looked at again when all are right, one closed day.

Each site is one unit of work, as a change of its calendar is, and two are done at a time, as when calendars are opened.
Expected: all of it under 10 s.
"""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from functools import partial

from rich.console import Console
from rich.table import Table

from bench.cpu import cpu_seconds
from bench.databases import a_stack
from deploy.local.stack import Stack
from services.scheduling.app import MIGRATIONS
from services.scheduling.calendars.slot_generation import AT_ONCE, Regenerated, regenerate
from services.scheduling.seed import seed
from shared.clock import use_packaged_zone_data
from shared.db import Database
from shared.migrations import upgrade_async

DESKS = 20
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)

TWENTY_DESKS = """
with made as (
  insert into resources (id, site, kind, name, programmes, languages, capacity)
  select gen_random_uuid(), site, 'desk', 'bench ' || n, '{}', '{}', 1
  from sites cross join generate_series(1, :desks) n returning id)
insert into opening_rules (id, resource_id, rrule, valid_from, opens, closes)
select gen_random_uuid(), id, 'FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR', '2026-01-01', '08:00', '16:00' from made
"""
CLOSE = """
insert into closures (id, site, first_day, last_day, reason, source)
select gen_random_uuid(), site, :day, :day, 'bench', 'bench' from sites
"""


async def main() -> None:
    use_packaged_zone_data()
    async with a_stack() as stack:
        await _measure(stack)


async def _measure(stack: Stack) -> None:
    url = stack.config["databases"]["scheduling"]
    await upgrade_async(url, MIGRATIONS)
    database = Database(url)
    async with database.begin(NOW) as uow:
        await seed(uow)
        await uow.execute("delete from opening_rules")
        await uow.execute("delete from resources")
        await uow.execute(TWENTY_DESKS, desks=DESKS)
    table = Table(f"90 days, 24 sites x {DESKS} desks", "seconds", "CPU s", "slots made", "deleted")
    await _row(stack, table, database, "made from nothing")
    await _row(stack, table, database, "all right already")
    await database.run(NOW, lambda uow: uow.execute(CLOSE, day=(NOW + timedelta(days=13)).date()))
    await _row(stack, table, database, "one more closed day at each site")
    await database.close()
    Console(width=120).print(table)


async def _row(stack: Stack, table: Table, database: Database, name: str) -> None:
    sites = [row.site for row in await database.run(NOW, lambda uow: uow.rows("select site from sites order by site"))]
    started, cpu = time.perf_counter(), cpu_seconds(stack)
    core = asyncio.Semaphore(AT_ONCE)
    done = await asyncio.gather(*[_regenerated(database, site, core) for site in sites])
    seconds, cpu = time.perf_counter() - started, cpu_seconds(stack) - cpu
    made, deleted = sum(each.made for each in done), sum(each.deleted for each in done)
    table.add_row(name, f"{seconds:.1f}", f"{cpu:.1f}", str(made), str(deleted))


async def _regenerated(database: Database, site: str, core: asyncio.Semaphore) -> Regenerated:
    async with core:
        return await database.run(NOW, partial(regenerate, site=site))


if __name__ == "__main__":
    asyncio.run(main())
