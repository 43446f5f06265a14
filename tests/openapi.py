"""A service's application on loopback, and schemathesis asked to break its OpenAPI document."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn
from starlette.types import ASGIApp

RIGHT = ["2xx", "401", "403", "404", "409", "412", "428", "5xx"]
"""Answers to well-formed requests: who may, what there is, what was seen and how things stand no schema can say."""

CHECKS = f"""
checks.positive_data_acceptance.expected-statuses = {RIGHT}
checks.negative_data_rejection.expected-statuses = ["400", "401", "403", "404", "405", "409", "412", "415", "422", "428"]
"""

EXAMPLES = "200" if os.environ.get("PUENTE_FAULTS") == "long" else "3"
"""Requests invented for each operation and phase."""


@dataclass(frozen=True)
class Special:
    """Operations, chosen by `path` or `tag`, that someone else calls, or for which other answers are right too."""

    by: str
    value: str
    token: str | None = None
    also_right: Sequence[str] = ()

    def __str__(self) -> str:
        lines = ["[[operations]]", f'include-{self.by} = "{self.value}"']
        if self.token:
            lines.append(f'headers.Authorization = "Bearer {self.token}"')
        if self.also_right:
            lines.append(f"checks.positive_data_acceptance.expected-statuses = {[*RIGHT, *self.also_right]}")
        return "\n".join(lines)


@asynccontextmanager
async def served(app: ASGIApp) -> AsyncIterator[str]:
    """The application's address while it is served, without its consumer, relay and ticks."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, lifespan="off", log_level="warning"))
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    await serving


async def broken(
    url: str, folder: Path, *, token: str, known: Mapping[str, Sequence[Any]], more: Sequence[Special]
) -> str:
    """What schemathesis reports when any of its checks fails, an empty string when none does.

    `known` are values that exist, by parameter (`path.case_ref`, `body.slot_id`): half of the requests use them.
    """
    config = folder / "schemathesis.toml"
    config.write_text(
        "\n".join([f'headers.Authorization = "Bearer {token}"', CHECKS, *_dictionaries(known), *map(str, more)])
    )
    schemathesis = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "schemathesis.cli", "--config-file", str(config),
        "run", f"{url}/openapi.json", "--checks", "all", "--seed", "1", "--max-examples", EXAMPLES,
        "--continue-on-failure", "--no-color", "--generation-database", "none", "--generation-allow-x00", "false",
        cwd=folder, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    said, _ = await schemathesis.communicate()
    return "" if schemathesis.returncode == 0 else said.decode()


def _dictionaries(known: Mapping[str, Sequence[Any]]) -> list[str]:
    tables = []
    for n, (parameter, values) in enumerate(known.items()):
        tables.append(f"[dictionaries.d{n}]\nvalues = {list(values)}")
        tables.append(f'[parameters."{parameter}"]\ndictionary = "d{n}"\nprobability = 0.5')
    return tables
