"""The database connection pool: what a unit of work finds when it begins."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.db import Database, DatabaseUnavailable, UnitOfWork
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


async def test_a_client_whose_machine_vanished_holds_its_locks_for_less_than_half_a_minute(
    new_database: MakeDatabase,
) -> None:
    """The relay's lock is a session's: until the server gives the session up, no other relay publishes."""
    database = Database(await new_database("template0"))

    idle, interval, count = [int(row.setting) for row in await database.run(NOW, _keepalives)]

    assert idle + interval * count < 30
    await database.close()


async def _keepalives(uow: UnitOfWork) -> Sequence[Row[Any]]:
    names = ["tcp_keepalives_idle", "tcp_keepalives_interval", "tcp_keepalives_count"]
    return await uow.rows(
        "select setting from pg_settings where name = any(:names) order by array_position(:names, name)", names=names
    )


async def test_what_reads_a_whole_table_may_take_longer_than_what_somebody_waits_for(
    new_database: MakeDatabase,
) -> None:
    database = Database(await new_database("template0"), longest_statement=0.2)

    with pytest.raises(DatabaseUnavailable):
        await database.run(NOW, _slowly)
    slowly = await database.run_long(NOW, _slowly)

    assert slowly == 1
    await database.close()


async def _slowly(uow: UnitOfWork) -> int:
    return len(await uow.rows("select pg_sleep(0.5)"))


async def test_what_types_there_are_is_asked_once_for_all_connections(new_database: MakeDatabase) -> None:
    database = Database(await new_database())
    async with database.engine.connect() as first, database.engine.connect() as second:
        asked = [await _questions_for_types(each) for each in (first, second)]

    assert asked == [1, 0]
    await database.close()


async def test_one_question_is_enough_for_all_types_that_statements_take(
    new_database: MakeDatabase, scheduling_template: str
) -> None:
    database = Database(await new_database(scheduling_template))
    async with database.engine.connect() as connection:
        before = await _questions_for_types(connection)
        after = [await _questions_for_types(connection, array) for array in ("uuid[]", "outbox_row[]")]

    assert (before, after) == (1, [0, 0])
    await database.close()


async def test_when_a_connection_was_lost_types_are_asked_for_again(new_database: MakeDatabase) -> None:
    """What comes back may be another database, restored, in which the same number means another type."""
    database = Database(await new_database())
    async with database.engine.connect() as first:
        await _questions_for_types(first)
        driver: Any = (await first.get_raw_connection()).driver_connection
    assert driver is not None
    driver.terminate()

    async with database.engine.connect() as second:
        assert await _questions_for_types(second) == 1
    await database.close()


async def _questions_for_types(connection: AsyncConnection, array: str = "bigint[]") -> int:
    """How often it asks what an array is."""
    asked: list[str] = []
    driver = (await connection.get_raw_connection()).driver_connection
    assert driver is not None
    driver.add_query_logger(lambda logged: asked.append(logged.query))
    [[found]] = await connection.execute(text(f"select cast(:none as {array})"), {"none": []})
    assert found == []
    await asyncio.sleep(0)  # then the logger is told
    return sum("typeinfo" in query for query in asked)
