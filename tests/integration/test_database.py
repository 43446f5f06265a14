"""The database connection pool: what a unit of work finds when it begins."""

import asyncio
from typing import Any

from shared.db import Database, UnitOfWork
from tests.builders import NOW
from tests.conftest import MakeDatabase

END_ALL_OTHERS = """
select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()
"""


async def _one(uow: UnitOfWork) -> int:
    return int((await uow.rows("select 1 as n"))[0].n)


async def test_connections_that_the_database_closed_are_opened_anew_without_anyone_noticing(
    new_database: MakeDatabase,
) -> None:
    database, other = (Database(url) for url in [await new_database()] * 2)
    async with database.engine.connect() as first, database.engine.connect() as second:
        drivers: list[Any] = [(await each.get_raw_connection()).driver_connection for each in (first, second)]
    async with other.begin(NOW) as uow:
        await uow.rows(END_ALL_OTHERS)
    while not all(driver.is_closed() for driver in drivers):  # soon heard of
        await asyncio.sleep(0.01)

    answers = [await database.run(NOW, _one) for _ in range(3)]

    assert answers == [1, 1, 1]
    await database.close()
    await other.close()
