"""Ends a process whose event loop stands still: seen from a thread, since the loop cannot see it itself."""

import asyncio
import os
import threading
import time

import structlog

log = structlog.get_logger()

STILL_SECONDS = 30


class Heartbeat:
    """Beats in the loop, watched by a thread."""

    def __init__(self) -> None:
        self._last = time.monotonic()

    @classmethod
    def start(cls) -> "Heartbeat":
        heartbeat = cls()
        threading.Thread(target=heartbeat._watch, name="heartbeat", daemon=True).start()
        return heartbeat

    async def beat(self) -> None:
        """Beats until cancelled; after that nobody watches."""
        try:
            while True:
                self._last = time.monotonic()
                await asyncio.sleep(1)
        finally:
            self._last = float("inf")

    def _watch(self) -> None:
        """A process that was itself frozen (suspended, debugged) is not blamed: then this thread stood still too."""
        looked = time.monotonic()
        while True:
            time.sleep(1)
            now = time.monotonic()
            if now - looked > STILL_SECONDS / 2:
                self._last = now
            looked = now
            if now - self._last > STILL_SECONDS:
                log.critical("heartbeat.ends_process", still_seconds=round(now - self._last))
                os._exit(1)
