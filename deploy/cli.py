"""`puente`: run everything on this machine, send a file of results, follow a case."""

import asyncio
import json
import uuid
from enum import StrEnum
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from deploy import traces
from deploy.local.errors import LocalError
from deploy.local.ports import Ports
from deploy.local.run import progress_on
from deploy.local.run import run as run_stack
from deploy.local.stack import Stack
from deploy.local.state import forget as forget_state
from deploy.local.state import read_dev
from deploy.senders import Answer, Document, IntakeAway
from deploy.senders import send as send_document
from deploy.waterfall import waterfall
from shared.reference import canonical_case_ref

app = typer.Typer(add_completion=False, no_args_is_help=True, help=__doc__, pretty_exceptions_enable=False)

StateDirOption = Annotated[Path, typer.Option("--state-dir", help="Where a local Puente keeps its state.")]
DEFAULT_STATE_DIR = Path(".puente")
WIDEST_WATERFALL = 120
"""Columns: beyond that the eye loses the line between a span and its bar."""


class System(StrEnum):
    US = "us"
    MX = "mx"
    CA = "ca"


@app.command()
def run(
    port_base: Annotated[int, typer.Option(help="Services listen on this + 1, 2, 3.", min=1024, max=65000)] = 8000,
    simulators: Annotated[bool, typer.Option(help="Let the three countries' systems send invented households.")] = True,
    state_dir: StateDirOption = DEFAULT_STATE_DIR,
) -> None:
    """Everything on this machine: servers, services, simulators and a live table. Ctrl-C stops it; the state stays."""
    console = Console()
    stack = Stack(state_dir, Ports.from_base(port_base), simulators=simulators, on_progress=progress_on(console))
    try:
        asyncio.run(run_stack(stack, console))
    except LocalError as error:
        _give_up(str(error))


@app.command()
def send(
    system: System,
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True)],
    as_json: Annotated[bool, typer.Option("--json", help="Intake's answer as JSON, one document a line.")] = False,
    state_dir: StateDirOption = DEFAULT_STATE_DIR,
) -> None:
    """Send FILE to the running intake as that country's system would. Exits 1 if any result was quarantined."""
    try:
        answer = send_document(read_dev(state_dir), system, file.read_bytes(), delivery_id=str(uuid.uuid4()))
    except LocalError as error:
        _give_up(str(error))
    except IntakeAway as error:
        _give_up(f"{error}: is Puente running? Start it with `make run`, or send again")
    if as_json:
        typer.echo(json.dumps(answer.document, ensure_ascii=False))
    elif answer.was_taken:
        Console().print(_receipts(answer))
    else:
        problem = answer.document.get("detail") or answer.document.get("title") or "no reason given"
        typer.echo(f"intake refused the document (HTTP {answer.status}): {problem}", err=True)
    if not answer.was_taken or any(receipt["receipt"] == "quarantined" for receipt in answer.receipts):
        raise typer.Exit(1)


@app.command()
def trace(case_ref: str, state_dir: StateDirOption = DEFAULT_STATE_DIR) -> None:
    """Print the waterfall of every trace of a case, across the three services."""
    known_as = canonical_case_ref(case_ref)
    if known_as is None:
        typer.echo(f"{case_ref!r} is no reference of a case: one looks like NA7K-3QF2-M9X0", err=True)
        raise typer.Exit(1)
    try:
        config = read_dev(state_dir)
    except LocalError as error:
        _give_up(str(error))
    collected = traces.collect(config, known_as)
    if collected.silent == set(config["services"]):
        _give_up("no service answers: start Puente with `make run`")
    found = traces.merge(collected.spans)
    console = Console()
    console.width = min(console.width, WIDEST_WATERFALL)
    for each in found:
        console.print(waterfall(each, found))
        console.print()
    for service in sorted(collected.silent):
        typer.echo(f"{service} did not answer: its spans are missing", err=True)
    if not found:
        typer.echo(f"no trace of case {known_as}: is the reference right?", err=True)
        raise typer.Exit(1)


@app.command(hidden=True)
def forget(state_dir: StateDirOption = DEFAULT_STATE_DIR) -> None:
    """Delete the state of a local Puente that does not run (`make clean-state`)."""
    try:
        forget_state(state_dir)
    except LocalError as error:
        _give_up(str(error))


def _receipts(answer: Answer) -> Table:
    counts = ", ".join(f"{count} {word}" for word, count in answer.document.get("counts", {}).items())
    table = Table(caption=counts, caption_justify="left", box=SIMPLE_HEAD, show_edge=False, padding=(0, 1, 0, 0))
    for heading in ("#", "result", "rev", "receipt", "case"):
        table.add_column(heading, no_wrap=True)
    table.add_column("why", overflow="fold")
    for receipt in answer.receipts:
        table.add_row(
            str(receipt["index"]),
            Text(receipt["id"] or ""),  # as it stands in the file: as markup it could be an error
            str(receipt["revision"] or ""),
            receipt["receipt"],
            receipt.get("case_ref") or "",
            Text("\n".join([*(_reason(error) for error in receipt.get("errors", [])), *receipt.get("warnings", [])])),
        )
    return table


def _reason(error: Document) -> str:
    return f"{error['code']} at {error['pointer']}: {error['detail']}"


def _give_up(sentence: str) -> NoReturn:
    typer.echo(sentence, err=True)
    raise typer.Exit(2)
