"""Large documents are taken one after the other: one of the largest size may need a third of a gigabyte while it is read."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from shared.web.problems import Problem

LARGE_BYTES = 1024 * 1024
WAIT_SECONDS = 20
"""How long one waits for those before it."""


class Turns:
    """Of the documents of one service."""

    def __init__(self) -> None:
        self._lock = asyncio.Lock()

    @asynccontextmanager
    async def of(self, body: bytes) -> AsyncIterator[None]:
        """While it is this document's turn; for a small one always. Raises: Problem 503 when those before it take too long."""
        if len(body) < LARGE_BYTES:
            yield
            return
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                await self._lock.acquire()
        except TimeoutError as late:
            raise Problem(503, "busy", "large documents are taken one after the other: send it again later") from late
        try:
            yield
        finally:
            self._lock.release()
