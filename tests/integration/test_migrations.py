"""The tables as objects are the tables that the migrations make, in each service."""

from pathlib import Path
from typing import Any

import asyncpg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, MetaData
from sqlalchemy.ext.asyncio import create_async_engine

from services.intake import tables as intake
from services.intake.app import MIGRATIONS as INTAKE
from services.notifications import tables as notifications
from services.notifications.app import MIGRATIONS as NOTIFICATIONS
from services.scheduling import tables as scheduling
from services.scheduling.app import MIGRATIONS as SCHEDULING
from shared.db import async_url
from shared.migrations import upgrade_async
from shared.rows import ROW_TYPES
from tests.conftest import MakeDatabase

SERVICES = [
    pytest.param(INTAKE, intake.metadata, id="intake"),
    pytest.param(SCHEDULING, scheduling.metadata, id="scheduling"),
    pytest.param(NOTIFICATIONS, notifications.metadata, id="notifications"),
]


async def differences(url: str, metadata: MetaData) -> list[Any]:
    """What the database has otherwise than the objects, of the columns that they name."""

    def compare(connection: Connection) -> list[Any]:
        options = {"include_object": lambda _, name, kind, reflected, __: kind in ("table", "column") and not reflected}
        return list(compare_metadata(MigrationContext.configure(connection, opts=options), metadata))

    engine = create_async_engine(async_url(url))
    async with engine.connect() as connection:
        found = await connection.run_sync(compare)
    await engine.dispose()
    return found


@pytest.mark.parametrize(("migrations", "metadata"), SERVICES)
async def test_every_column_that_an_object_names_is_in_the_database(
    new_database: MakeDatabase, migrations: Path, metadata: MetaData
) -> None:
    url = await new_database("template0")

    await upgrade_async(url, migrations)
    await upgrade_async(url, migrations)

    assert await differences(url, metadata) == []


COMPOSITE_TYPES = """
select c.relname as name, array_agg(a.attname::text order by a.attnum) as fields
from pg_class c join pg_attribute a on a.attrelid = c.oid where c.relkind = 'c' group by 1
"""


async def test_rows_have_their_fields_in_the_order_of_the_types_that_the_database_has(
    new_database: MakeDatabase,
) -> None:
    url = await new_database("template0")

    await upgrade_async(url, SCHEDULING)

    connection = await asyncpg.connect(url)
    found = {row["name"]: tuple(row["fields"]) for row in await connection.fetch(COMPOSITE_TYPES)}
    await connection.close()
    assert found == {row_type.name: row_type.fields for row_type in ROW_TYPES}


async def test_a_column_that_the_database_lacks_is_seen(new_database: MakeDatabase) -> None:
    url = await new_database("template0")

    assert await differences(url, scheduling.metadata)
