"""The database connection pool: what a unit of work finds when it begins."""

import asyncio
from collections.abc import Sequence
from typing import Any

import asyncpg
import pytest
from sqlalchemy import Row, text

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


async def test_what_a_type_is_made_of_is_asked_once_for_all_connections(
    new_database: MakeDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []
    ask = asyncpg.Connection._introspect_types

    async def counted(self: Any, typeoids: Any, *limit: float) -> Any:
        asked.append(typeoids)
        return await ask(self, typeoids, *limit)

    monkeypatch.setattr(asyncpg.Connection, "_introspect_types", counted)
    database = Database(await new_database())
    async with database.begin(NOW) as uow:
        await uow.execute("create type pair as (a int, b text)")

    async with database.engine.connect() as first, database.engine.connect() as second:
        select = text("select b from unnest(cast(:rows as pair[]))")
        read = [[row.b for row in await each.execute(select, {"rows": [(1, "x")]})] for each in (first, second)]

    assert read == [["x"], ["x"]]
    assert len(asked) == 1
    await database.close()
