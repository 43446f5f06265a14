"""What would grow for as long as Puente runs, kept to a size: the logs of children."""

import asyncio
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

LOOK_SECONDS = 60
LOG_BYTES = 20_000_000
"""Of a child's log; the same again of what it said before that."""


async def keep_bounded(logs: Sequence[Path]) -> None:
    """Looks every minute, until it is cancelled."""
    while True:
        for log in logs:
            await asyncio.to_thread(shorten, log)
        await asyncio.sleep(LOOK_SECONDS)


def shorten(log: Path) -> None:
    """Begins a log anew that is long, and keeps what was in it as `.log.1`. Whoever appends to it goes on doing so."""
    try:
        if log.stat().st_size > LOG_BYTES:
            shutil.copyfile(log, log.with_suffix(".log.1"))
            os.truncate(log, 0)
    except OSError:
        return  # not there yet, or the disk is full: the next look may do better
