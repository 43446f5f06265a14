"""A copy that goes from test to test is as the database it is a copy of, whatever the test before did."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import asyncpg
import pytest

from shared.db import Database
from tests.builders import NOW, a_case, a_programme
from tests.conftest import MakeDatabase
from tests.databases import database_at, end_but, in_use
from tests.scheduling import Scheduling

PUBLIC = "select relname as name, relkind::text as kind from pg_class where relnamespace = 'public'::regnamespace"
SESSION = """
select pg_backend_pid(), current_setting('lock_timeout'), (select count(*) from pg_locks where locktype = 'advisory')
"""
ROWS = {"r": "select t::text as row from {} t", "S": "select (last_value, is_called)::text as row from {}"}

Contents = dict[str, list[str]]


@pytest.fixture
def before() -> int:
    """How many databases there were before the test."""
    return in_use()


@pytest.fixture
def templates(scheduling_template: str, intake_template: str, notifications_template: str) -> dict[str, str]:
    return {
        "scheduling": scheduling_template,
        "intake": intake_template,
        "notifications": notifications_template,
    }


async def contents(database: Database) -> Contents:
    """Every row of every table, and how far each sequence is."""
    async with database.begin(NOW) as uow:
        names = {each.name: ROWS[each.kind] for each in await uow.rows(PUBLIC) if each.kind in ROWS}
        return {name: sorted(r.row for r in await uow.rows(sql.format(name))) for name, sql in names.items()}


async def contents_at(url: str) -> Contents:
    database = Database(url)
    found = await contents(database)
    await database.close()
    return found


async def households_come_and_go(url: str) -> None:
    scheduling = Scheduling(url)
    cases = [a_case() for _ in range(4)]
    await scheduling.receive(a_programme(), *cases)
    await scheduling.accept(cases[0])
    await scheduling.decline(cases[1])
    await scheduling.take_all_but(await scheduling.live(cases[2]))
    scheduling.clock.advance(timedelta(days=2))
    await scheduling.jobs.offer_freed_places()


async def all_is_deleted(url: str) -> None:
    async with database_at(url).begin(NOW) as uow:
        await uow.execute("set local session_replication_role = replica")
        for each in await uow.rows(PUBLIC):
            if each.kind == "r":
                await uow.execute(f"delete from {each.name}")  # noqa: S608 - our own tables
            elif each.kind == "S":
                await uow.execute(f"select setval('{each.name}', 1000000)")


async def a_key_is_changed(url: str) -> None:
    await says(url, "update alembic_version set version_num = 'another'")


@pytest.mark.parametrize(
    ("service", "happens"),
    [
        ("scheduling", households_come_and_go),
        ("scheduling", a_key_is_changed),
        ("scheduling", all_is_deleted),
        ("intake", all_is_deleted),
        ("notifications", all_is_deleted),
    ],
)
async def test_the_next_test_finds_every_row_and_every_number_as_it_was(
    service: str,
    happens: Callable[[str], Awaitable[None]],
    before: int,
    new_database: MakeDatabase,
    templates: dict[str, str],
) -> None:
    template = templates[service]
    url = await new_database(template)
    await happens(url)
    left = await contents(database_at(url))

    await end_but(before)
    again = await new_database(template)

    assert again == url
    assert left != await contents_at(template) == await contents(database_at(again))


async def says(url: str, statement: str) -> None:
    await database_at(url).run(NOW, lambda uow: uow.execute(statement))


async def the_schema_is_changed(url: str) -> None:
    await says(url, "alter table closures drop column reason")


async def much_is_written(url: str) -> None:
    ten_megabytes = "(select string_agg(md5(n::text), '') from generate_series(1, 320000) n)"
    await says(url, f"update sites set name = {ten_megabytes} where site = 'MX-TAP-01'")  # noqa: S608 - our own text


async def somebody_else_stays(url: str) -> Any:
    return await asyncpg.connect(url)


async def a_transaction_stays_open(url: str) -> Any:
    connection = await database_at(url).engine.connect()
    await connection.begin()
    return connection


@pytest.mark.parametrize(
    "happens", [the_schema_is_changed, much_is_written, somebody_else_stays, a_transaction_stays_open]
)
async def test_a_copy_that_cannot_be_brought_back_is_dropped(
    happens: Callable[[str], Awaitable[Any]], before: int, new_database: MakeDatabase, scheduling_template: str
) -> None:
    url = await new_database(scheduling_template)
    stays = await happens(url)

    await end_but(before)
    again = await new_database(scheduling_template)

    assert again != url
    with pytest.raises(asyncpg.InvalidCatalogNameError):
        await asyncpg.connect(url)
    if stays:
        await stays.close()


async def test_what_a_test_left_running_does_nothing_to_the_next(
    before: int, new_database: MakeDatabase, scheduling_template: str
) -> None:
    url = await new_database(scheduling_template)
    left = database_at(url)
    await left.run(NOW, lambda uow: uow.rows("select 1"))

    await end_but(before)
    again = await new_database(scheduling_template)

    assert again == url
    with pytest.raises(AttributeError):
        await left.run(NOW, lambda uow: uow.execute("delete from slots"))


async def test_connections_stay_but_nothing_that_was_set_or_locked_on_them(
    before: int, new_database: MakeDatabase, scheduling_template: str
) -> None:
    async def session() -> tuple[Any, ...]:
        database = database_at(await new_database(scheduling_template))
        found = await database.run(NOW, lambda uow: uow.rows(SESSION))
        await database.run(
            NOW, lambda uow: uow.rows("select set_config('lock_timeout', '1', false), pg_advisory_lock(1)")
        )
        await end_but(before)
        return tuple(found[0])

    first, second = [await session() for _ in range(2)]

    assert first == second
