"""Databases of a benchmark's own, copied from one that was prepared."""

import asyncpg

from deploy.local.stack import Stack


async def new_database(stack: Stack, name: str, template: str) -> str:
    """The URL of a new database of this name, a copy of the template, in place of one of the same name."""
    password = stack.state.secrets()["database_passwords"]["postgres"]
    base = f"postgresql://postgres:{password}@127.0.0.1:{stack.ports.postgres}"
    admin = await asyncpg.connect(f"{base}/postgres")
    await admin.execute(f"drop database if exists {name} with (force)")
    await admin.execute(f"create database {name} template {template}")
    await admin.execute("checkpoint")
    await admin.close()
    return f"{base}/{name}"
