"""`puente run`: a stack, its progress, its table, until someone wants it to end."""

import asyncio
import contextlib
import signal
import time
from collections.abc import Callable

from rich.console import Console
from rich.live import Live

from deploy.local.stack import Stack
from deploy.local.table import ask_states, page

REFRESH_SECONDS = 1.0
PRINT_SECONDS = 10.0
"""How often the table is printed where it cannot be redrawn: in a file, in CI."""


def progress_on(console: Console) -> Callable[[str], None]:
    """Prints what is being done, with the seconds since now."""
    began = time.monotonic()
    return lambda text: console.print(f"[dim]{time.monotonic() - began:6.1f} s[/]  {text}", highlight=False)


async def run(stack: Stack, console: Console) -> None:
    """Returns when SIGINT, SIGTERM or SIGHUP has come and every child has ended. Raises: LocalError."""
    end = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, _end, stack, end)
    if not await _started(stack, end, console):
        return
    try:
        await _show(stack, end, console)
    finally:
        console.print("stopping")
        await stack.stop()
        console.print("stopped; the next `make run` goes on from here")


def _end(stack: Stack, end: asyncio.Event) -> None:
    """Once asks, twice does not wait."""
    if end.is_set():
        stack.kill_everything()
    end.set()


async def _started(stack: Stack, end: asyncio.Event, console: Console) -> bool:
    """Whether it is up; False when it was interrupted, and all of it has been stopped again."""
    starting, ending = asyncio.create_task(stack.start()), asyncio.create_task(end.wait())
    with console.status("starting"):
        await asyncio.wait({starting, ending}, return_when=asyncio.FIRST_COMPLETED)
        ending.cancel()
        if not starting.done():
            console.print("stopping")
            starting.cancel()
            await asyncio.gather(starting, return_exceptions=True)
            return False
    starting.result()
    return True


async def _show(stack: Stack, end: asyncio.Event, console: Console) -> None:
    with Live(console=console, auto_refresh=False, transient=True) as live:
        while not end.is_set():
            states = await ask_states(stack.config)
            shown = page(stack.config, states, stack.restarts, tokens_in=stack.state.dev_file)
            if console.is_terminal:
                live.update(shown, refresh=True)
            else:
                console.print(shown)
            await _within(end, REFRESH_SECONDS if console.is_terminal else PRINT_SECONDS)


async def _within(end: asyncio.Event, seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(end.wait(), seconds)
