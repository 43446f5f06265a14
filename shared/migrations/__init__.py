"""Brings a service's database to the newest schema, with Alembic, from the service's own `migrations` folder."""

import asyncio
from pathlib import Path

from alembic import command, context
from alembic.config import Config
from sqlalchemy import Connection, MetaData, pool, text
from sqlalchemy.ext.asyncio import create_async_engine

from shared.db import async_url

MESSAGING_V1 = (Path(__file__).parent / "messaging_v1.sql").read_text(encoding="utf-8")
"""The shared tables, as the first migration of each service creates them."""


def upgrade(database_url: str, migrations: Path) -> None:
    """Applies every migration that the database lacks. Two at once wait for each other. Safe to repeat."""
    config = Config()
    config.set_main_option("script_location", str(migrations))
    config.attributes["database_url"] = database_url
    command.upgrade(config, "head")


async def upgrade_async(database_url: str, migrations: Path) -> None:
    """The same, from inside an event loop."""
    await asyncio.to_thread(upgrade, database_url, migrations)


def statements(sql: str) -> list[str]:
    """The single statements of a SQL file without procedural code, comments removed."""
    lines = [line.split("--")[0] for line in sql.splitlines()]
    return [part.strip() for part in "\n".join(lines).split(";") if part.strip()]


def run_migrations(metadata: MetaData) -> None:
    """What a service's `migrations/env.py` calls."""
    asyncio.run(_run(context.config.attributes["database_url"], metadata))


async def _run(database_url: str, metadata: MetaData) -> None:
    engine = create_async_engine(async_url(database_url), poolclass=pool.NullPool)
    async with engine.begin() as connection:
        await connection.execute(text("select pg_advisory_xact_lock(7001)"))
        await connection.execute(text("set local lock_timeout = '2s'"))
        await connection.run_sync(_migrate, metadata)
    await engine.dispose()


def _migrate(connection: Connection, metadata: MetaData) -> None:
    context.configure(connection=connection, target_metadata=metadata)
    with context.begin_transaction():
        context.run_migrations()
