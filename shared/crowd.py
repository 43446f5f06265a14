"""A crowd at the door: in its first second whoever can wait leaves the processor to those who are served."""

import asyncio
import math
import time

WAIT_SECONDS = 1.0
QUIET_SECONDS = 10.0
"""After so long without anyone it is another crowd."""

LONGEST_SECONDS = 60.0
"""Longest time that a crowd is given way to."""

_came_at = _seen_at = -math.inf


def seen() -> None:
    """Says that a crowd stands there now."""
    global _came_at, _seen_at
    now = time.monotonic()
    if now - _seen_at > QUIET_SECONDS:
        _came_at = now
    _seen_at = now


def wait_seconds() -> float:
    """How long to wait, for whatever harms nobody by coming a second later: 0 but for the first second of a crowd, however
    long that stays."""
    return max(0.0, _came_at + WAIT_SECONDS - time.monotonic())


async def gone() -> None:
    """Returns when nobody crowds at the door any more, or after a minute: for what takes long and can come later still."""
    until = time.monotonic() + LONGEST_SECONDS
    while True:
        left = min(until, _seen_at + QUIET_SECONDS) - time.monotonic()
        if left <= 0:
            return
        await asyncio.sleep(min(left, 1.0))
