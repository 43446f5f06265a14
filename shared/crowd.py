"""A crowd at the door: in its first second whoever can wait leaves the processor to those who are served."""

import math
import time

WAIT_SECONDS = 1.0
QUIET_SECONDS = 10.0
"""After so long without anyone it is another crowd."""

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
