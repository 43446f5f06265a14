"""Who keeps a connection waiting: before a request, in its head, in its body and after an answer."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from shared.web import impatient

SOON = 0.2
ASK = b"POST / HTTP/1.1\r\nHost: x\r\n"


async def answers_at_once(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})


async def reads_all_first(scope: Scope, receive: Receive, send: Send) -> None:
    while (await receive()).get("more_body"):
        pass
    await answers_at_once(scope, receive, send)


@contextlib.asynccontextmanager
async def served(app: object, http: type[HttpToolsProtocol] = impatient.Impatient) -> AsyncIterator[int]:
    config = uvicorn.Config(app, port=0, lifespan="off", log_level="error", http=http, timeout_graceful_shutdown=1)  # type: ignore[arg-type] # an application
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    await serving


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(impatient, "HEAD_SECONDS", SOON)
    monkeypatch.setattr(impatient, "BODY_SECONDS", SOON)


async def is_closed(port: int, first: bytes, drip: bytes, *, seconds: float = 8 * SOON) -> bool:
    """Whether the server ends a connection on which, after `first`, a drip comes all the time."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(first)
    ended = asyncio.create_task(reader.read(-1))
    with contextlib.suppress(ConnectionError):
        for _ in range(int(seconds / 0.05)):
            writer.write(drip)
            await asyncio.wait({ended}, timeout=0.05)
    closed = ended.done()
    ended.cancel()
    writer.close()
    await asyncio.gather(ended, return_exceptions=True)
    return closed


DRIPS = {
    "nothing": (b"", b""),
    "a head that does not end": (ASK, b"A: b\r\n"),
    "a body that does not end": (ASK + b"Content-Length: 1000000\r\n\r\n", b"a"),
    "blank lines after an answer": (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"\r\n"),
    "a chunked body that does not end": (ASK + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\na\r\n"),
}


@pytest.mark.parametrize("app", [answers_at_once, reads_all_first])
@pytest.mark.parametrize("drip", DRIPS)
async def test_a_connection_that_only_drips_is_closed(app: object, drip: str) -> None:
    async with served(app) as port:
        assert await is_closed(port, *DRIPS[drip])


async def test_by_itself_the_server_would_wait_for_ever() -> None:
    async with served(answers_at_once, HttpToolsProtocol) as port:
        closed = await asyncio.gather(*(is_closed(port, *drip) for drip in DRIPS.values()))

    assert [False] * len(DRIPS) == closed


async def test_whoever_asks_again_in_time_keeps_its_connection() -> None:
    async with served(reads_all_first) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in range(6):
            writer.write(ASK + b"Content-Length: 2\r\n\r\nab")
            await asyncio.wait_for(reader.readuntil(b"ok"), 1)
            await asyncio.sleep(SOON / 2)
        writer.close()


async def test_an_answer_may_take_longer_than_a_request(monkeypatch: pytest.MonkeyPatch) -> None:
    async def answers_late(scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.sleep(3 * SOON)
        await answers_at_once(scope, receive, send)

    async with served(answers_late) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")

        assert (await asyncio.wait_for(reader.readuntil(b"ok"), 2)).startswith(b"HTTP/1.1 200")
        writer.close()
