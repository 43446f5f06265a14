"""What would grow for as long as Puente runs, kept to a size: logs of children and the mails that went out."""

import asyncio
import os
import shutil
from collections.abc import Iterable
from pathlib import Path

LOOK_SECONDS = 60
LOG_BYTES = 20_000_000
"""Of a child's log; the same again of what it said before that."""
MOST_MAILS = 10_000


async def keep_bounded(logs: Iterable[Path], mailbox: Path) -> None:
    """Looks every minute, until it is cancelled."""
    while True:
        await asyncio.to_thread(_look, logs, mailbox)
        await asyncio.sleep(LOOK_SECONDS)


def _look(logs: Iterable[Path], mailbox: Path) -> None:
    for log in logs:
        shorten(log)
    forget_oldest(mailbox / "new")


def shorten(log: Path) -> None:
    """Begins a log anew that is long, and keeps what was in it as `.log.1`. Whoever appends to it goes on doing so."""
    try:
        if log.stat().st_size > LOG_BYTES:
            shutil.copyfile(log, log.with_suffix(".log.1"))
            os.truncate(log, 0)
    except OSError:
        return  # not there yet, or the disk is full: the next look may do better


def forget_oldest(mails: Path) -> None:
    """Of a Maildir's folder, whose names begin with the second of arrival, only so many stay."""
    names = sorted(os.listdir(mails), key=_arrival) if mails.is_dir() else []
    for name in names[: max(len(names) - MOST_MAILS, 0)]:
        (mails / name).unlink(missing_ok=True)


def _arrival(name: str) -> tuple[int, str]:
    seconds = name.partition(".")[0]
    return (int(seconds) if seconds.isdigit() else 0), name
