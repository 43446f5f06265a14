"""The live table of `puente run`: what came in and what became of it, per country."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from deploy.local.state import SERVICES
from shared.web.authorities import authorities

Document = dict[str, Any]

COUNTRIES = {"us": "United States", "mx": "Mexico", "ca": "Canada"}
COLUMNS = (
    ("intake", "results", "results"),
    ("intake", "cases", "cases"),
    ("scheduling", "offers", "offers"),
    ("scheduling", "waiting", "waiting"),
    ("notifications", "notices_sent", "notices sent"),
    ("notifications", "not_reachable", "not reachable"),
    ("intake", "told", "told"),
)
"""Which service knows the number, its name in /ops/state, and the heading."""

PAGES = (
    ("intake", "", "the countries' systems send here; operations"),
    ("scheduling", "/", "migrants' portal"),
    ("scheduling", "/openapi.json", "what consular staff can ask"),
    ("notifications", "/mailbox", "every e-mail that was sent"),
)


async def ask_states(config: Document) -> dict[str, Document]:
    """/ops/state of each service that answers."""
    async with httpx.AsyncClient(
        headers={"authorization": f"Bearer {config['tokens']['ops']}"}, timeout=3, verify=authorities()
    ) as client:

        async def ask(url: str) -> Document | None:
            try:
                answer = await client.get(f"{url}/ops/state")
                answer.raise_for_status()
            except httpx.HTTPError:
                return None
            state: Document = answer.json()
            return state

        states = await asyncio.gather(*(ask(config["services"][name]) for name in SERVICES))
    return {name: state for name, state in zip(SERVICES, states, strict=True) if state is not None}


def counts_table(states: Mapping[str, Document]) -> Table:
    """The numbers; a dash where a service does not answer."""
    table = Table(box=SIMPLE_HEAD, show_edge=False, padding=(0, 1, 0, 0))  # fits 80 columns
    table.add_column("Puente", no_wrap=True)
    for _, _, heading in COLUMNS:
        table.add_column(heading, justify="right")
    for country, name in COUNTRIES.items():
        table.add_row(name, *(_number(states, service, country, count) for service, count, _ in COLUMNS))
    return table


def page(
    config: Document, states: Mapping[str, Document], restarts: Mapping[str, int], *, tokens_in: Path
) -> RenderableType:
    """The table, where to look further (`tokens_in` opens the doors), and what had to be started again."""
    addresses = Table(box=None, show_header=False, pad_edge=False)
    for service, path, what in PAGES:
        addresses.add_row(f"{config['services'][service]}{path}", Text(what, style="dim"))
    again = ", ".join(f"{name} {count}x" for name, count in restarts.items() if count)
    notes = [Text(f"started again: {again}", style="yellow")] if again else []
    hint = Text(f"tokens: {tokens_in}   Ctrl-C stops everything", style="dim")
    return Group(counts_table(states), "", addresses, *notes, hint)


def _number(states: Mapping[str, Document], service: str, country: str, count: str) -> str:
    if service not in states:
        return "-"
    return str(states[service].get("counts", {}).get(country, {}).get(count, 0))
