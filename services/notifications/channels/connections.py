"""Connections to the mail server, kept for a while: to make one, and to agree on TLS, takes longer than to hand a message over."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiosmtplib

STEP_SECONDS = 10
"""Longest wait for one answer of the mail server."""

KEPT_SECONDS = 5
"""How long a connection waits for its next message: no mail server, and nothing on the way to it, gives one up so soon.
Source: RFC 5321, section 4.5.3.2.7."""


class Connections:
    """Each is for one message at a time; there are as many as messages were on their way at once."""

    def __init__(self) -> None:
        self._waiting: dict[aiosmtplib.SMTP, asyncio.TimerHandle] = {}

    @asynccontextmanager
    async def one(self, host: str, port: int) -> AsyncIterator[aiosmtplib.SMTP]:
        """One that waits, or one that is still to be connected. It is closed when what is done with it fails."""
        client = self._waits() or aiosmtplib.SMTP(hostname=host, port=port, timeout=STEP_SECONDS)
        try:
            yield client
        except BaseException:
            client.close()
            raise
        self._waiting[client] = asyncio.get_running_loop().call_later(KEPT_SECONDS, self._let_go, client)

    def close(self) -> None:
        """Closes those that wait."""
        while client := self._waits():
            client.close()

    def _waits(self) -> aiosmtplib.SMTP | None:
        if not self._waiting:
            return None
        client, timer = self._waiting.popitem()
        timer.cancel()
        return client

    def _let_go(self, client: aiosmtplib.SMTP) -> None:
        del self._waiting[client]
        client.close()
