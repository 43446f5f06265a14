"""A crowd at the door: HTTP requests sent at the moments at which people come, however long the answers take.

Latency counts from the moment at which a request was due, so that a server which keeps people from asking looks no better.
"""

import asyncio
import time
from collections import Counter, deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import cast

import uvloop

CONNECTIONS = 256
LONGEST_SECONDS = 120
"""How long answers are waited for after the last request."""


@dataclass
class Answers:
    """What came back: the status of each request, its seconds from when it was due, and how long all of it took."""

    statuses: list[int]
    waits: list[float]
    seconds: float = 0.0
    counts: Counter[int] = field(default_factory=Counter)

    @property
    def rate(self) -> float:
        """Answers per second."""
        return len(self.statuses) / self.seconds

    def percentile(self, share: float) -> float:
        """Seconds within which that share of the answers came."""
        return sorted(self.waits)[min(int(share * len(self.waits)), len(self.waits) - 1)]


def a_post(path: str, body: bytes, token: str = "", key: str = "") -> bytes:
    """A whole request, ready to be sent; `key` is under which it is done once."""
    head = f"POST {path} HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer {token}\r\ncontent-type: application/json\r\n"
    if key:
        head += f"idempotency-key: {key}\r\n"
    return head.encode() + b"content-length: %d\r\n\r\n" % len(body) + body


async def fire(port: int, requests: Sequence[bytes], *, offered_seconds: float = 0.0) -> Answers:
    """Sends all of them, evenly over `offered_seconds`; 0: each as soon as a connection is free. Every one is answered.

    In a thread of its own, on a faster event loop: children cannot be started from that one.
    """

    def in_own_loop() -> Answers:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(_fire(port, requests, offered_seconds))

    return await asyncio.to_thread(in_own_loop)


async def _fire(port: int, requests: Sequence[bytes], offered_seconds: float) -> Answers:
    crowd = _Crowd(requests, offered_seconds)
    loop = asyncio.get_running_loop()
    for _ in range(CONNECTIONS):
        await loop.create_connection(lambda: _Connection(crowd), "127.0.0.1", port)
    answers = await crowd.run()
    for connection in crowd.free:
        connection.close()
    return answers


class _Crowd:
    def __init__(self, requests: Sequence[bytes], offered_seconds: float) -> None:
        self.requests = requests
        self.gap = offered_seconds / len(requests)
        self.free: list[_Connection] = []
        self.queue: deque[int] = deque()
        self.answers = Answers([0] * len(requests), [0.0] * len(requests))
        self.missing = len(requests)
        self.started = 0.0
        self.done = asyncio.Event()

    async def run(self) -> Answers:
        self.started, sent = time.perf_counter(), 0
        while sent < len(self.requests):
            since = time.perf_counter() - self.started
            due = min(len(self.requests), int(since / self.gap) + 1) if self.gap else len(self.requests)
            for n in range(sent, due):
                self.queue.append(n)
            sent = due
            while self.queue and self.free:
                self.free.pop().send(self.queue.popleft())
            await asyncio.sleep(0.001)
        with suppress(TimeoutError):
            async with asyncio.timeout(LONGEST_SECONDS):
                await self.done.wait()
        if self.missing:
            raise RuntimeError(f"the server owes {self.missing} answers")
        self.answers.seconds = time.perf_counter() - self.started
        self.answers.counts = Counter(self.answers.statuses)
        return self.answers

    def answered(self, connection: "_Connection", n: int, status: int) -> None:
        self.answers.statuses[n] = status
        self.answers.waits[n] = time.perf_counter() - self.started - n * self.gap
        self.missing -= 1
        if self.queue:
            connection.send(self.queue.popleft())
        else:
            self.free.append(connection)
        if not self.missing:
            self.done.set()


class _Connection(asyncio.Protocol):
    def __init__(self, crowd: _Crowd) -> None:
        self._crowd = crowd
        self._n = -1
        self._heard = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._crowd.free.append(self)

    def send(self, n: int) -> None:
        self._n = n
        self._transport.write(self._crowd.requests[n])

    def data_received(self, data: bytes) -> None:
        self._heard += data
        head, end, body = self._heard.partition(b"\r\n\r\n")
        if end and len(body) >= _length(head):
            self._heard = b""
            self._crowd.answered(self, self._n, int(head[9:12]))

    def connection_lost(self, exc: Exception | None) -> None:
        self._crowd.done.set()

    def close(self) -> None:
        self._transport.close()


def _length(head: bytes) -> int:
    return int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
