"""The one-shot commands of docker-compose.yml."""

import asyncio
import json
import os
from pathlib import Path

import typer

from deploy.compose import secrets
from deploy.local.postgres import make_databases
from deploy.local.state import SERVICES, StateDir

FOLDER = Path("/var/lib/puente")
"""Where the volumes with secrets are mounted (deploy/Dockerfile)."""

POSTGRES_PORT = 5432

app = typer.Typer(add_completion=False, help=__doc__)


@app.command()
def make() -> None:
    """Make what is missing of the secrets, and the files with each container's own."""
    secrets.make(FOLDER)


@app.command()
def databases() -> None:
    """Make what is missing of roles and databases. Needs the network of the database server: it asks 127.0.0.1."""
    known = StateDir(FOLDER / "secrets").secrets()
    asyncio.run(make_databases(POSTGRES_PORT, known["database_passwords"]))


@app.command("print")
def print_dev() -> None:
    """Print the dev.json with which `puente send` and `puente trace` reach the published ports."""
    known = StateDir(FOLDER / "secrets").secrets()
    urls = {name: os.environ[f"{name.upper()}_URL"] for name in SERVICES}
    typer.echo(json.dumps(secrets.dev_config(known, urls), indent=2))


if __name__ == "__main__":
    app()
