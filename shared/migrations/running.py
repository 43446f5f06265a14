"""Runs a service's migrations inside Alembic."""

import asyncio

from alembic import context
from sqlalchemy import Connection, MetaData, pool, text
from sqlalchemy.ext.asyncio import create_async_engine

from shared.db import async_url


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
