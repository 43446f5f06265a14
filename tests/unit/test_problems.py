"""What every service answers when something of ours breaks."""

import httpx
from fastapi import FastAPI

from shared.web import problems
from shared.web.guarded import HEADERS, Guarded


async def test_what_breaks_is_answered_with_every_guard_that_other_answers_have() -> None:
    app = FastAPI()
    problems.install(app)
    app.add_middleware(Guarded)

    @app.get("/broken")
    def broken() -> None:
        raise KeyError("a fault of ours")

    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
        answer = await client.get("/broken")

    assert (500, "our_fault") == (answer.status_code, answer.json()["code"])
    assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS
