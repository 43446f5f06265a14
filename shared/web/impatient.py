"""Connections that take their time: whoever says nothing, or drips, holds none of ours for long."""

from asyncio import TimerHandle, Transport

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_SECONDS = 15
"""Longest time from opening a connection to the first byte of a request, and from there to the end of its head."""

BODY_SECONDS = 60
"""Longest time for a body. Routes that read large ones say no sooner (services/intake/api/bodies.py); this is for whoever
goes on after an answer, and for what no route reads."""


class Impatient(HttpToolsProtocol):
    """uvicorn's protocol, which by itself waits for ever for a request that has begun, or that never does."""

    _deadline: float | None = None
    _look: TimerHandle | None = None
    """One for a connection: a timer for each request would take a tenth of its time."""

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override] # as in the class above
        super().connection_made(transport)
        self._close_in(HEAD_SECONDS)
        self._look_in(HEAD_SECONDS)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._close_in(HEAD_SECONDS)

    def on_headers_complete(self) -> None:
        super().on_headers_complete()
        self._close_in(BODY_SECONDS)

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._deadline = None
        self._expect_the_next()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._expect_the_next()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._look:
            self._look.cancel()
        super().connection_lost(exc)

    def _expect_the_next(self) -> None:
        """uvicorn expects it within five seconds, but forgets that with the next byte, whatever it is."""
        if self.cycle and self.cycle.response_complete:
            self._close_in(HEAD_SECONDS)

    def _close_in(self, seconds: float) -> None:
        self._deadline = self.loop.time() + seconds

    def _look_in(self, seconds: float) -> None:
        self._look = self.loop.call_later(seconds, self._close_if_due)

    def _close_if_due(self) -> None:
        """Never later than it is due: whatever comes to be due after this look is so after HEAD_SECONDS or more."""
        left = HEAD_SECONDS if self._deadline is None else self._deadline - self.loop.time()
        if left <= 0:
            self.transport.close()
        else:
            self._look_in(min(left, HEAD_SECONDS))
