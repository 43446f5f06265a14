"""Brings a service's database to the newest schema, with Alembic, from the service's own `migrations` folder."""

import asyncio
from pathlib import Path

MESSAGING_V1 = (Path(__file__).parent / "messaging_v1.sql").read_text(encoding="utf-8")
"""The shared tables, as the first migration of each service creates them."""
MESSAGING_V2 = (Path(__file__).parent / "messaging_v2.sql").read_text(encoding="utf-8")
"""The same tables, as a later migration of each service changes them."""


def upgrade(database_url: str, migrations: Path) -> None:
    """Applies every migration that the database lacks. Two at once wait for each other. Safe to repeat."""
    # Here, since a service that serves need not load it.
    from alembic import command
    from alembic.config import Config

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
