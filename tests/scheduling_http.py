"""Scheduling over HTTP, as those see it who act on cases; and cases that tests let them act on."""

from typing import Any

import httpx

from services.scheduling.app import build
from services.scheduling.placing.choices import Span, places_of
from services.scheduling.views.cases import known
from shared.events import CaseChanged
from tests.builders import a_case, a_programme, days
from tests.lent import give_back, lend
from tests.scheduling import Scheduling, settings

CHOICE = a_programme(programme="MX-TVH", allocation="choice", sites=("MX-TAP-02",))
"""A programme whose households choose their places."""


class Client:
    """One running service as its callers see it."""

    def __init__(self, scheduling: Scheduling) -> None:
        self.app = lend(build, settings(scheduling.database.url), scheduling.database, scheduling.clock)
        self.transport: httpx.AsyncBaseTransport = httpx.ASGITransport(self.app)

    async def call(self, case: CaseChanged, path: str = "", body: Any = None, **headers: str) -> httpx.Response:
        role = headers.pop("role", "assistant")
        async with httpx.AsyncClient(transport=self.transport, base_url="http://x") as client:
            client.headers.update({"Authorization": f"Bearer {role}", **headers})
            url = f"/v1/cases/{case.case_ref}{path}"
            return await (client.get(url) if path == "" else client.post(url, json=body))

    async def choose(self, case: CaseChanged, slot: int, **headers: str) -> httpx.Response:
        return await self.call(case, "/appointment", {"slot_id": slot}, **headers)

    async def move(self, case: CaseChanged, slot: int, **headers: str) -> httpx.Response:
        return await self.call(case, "/appointment/move", {"slot_id": slot}, **headers)

    async def close(self) -> None:
        give_back(build, self.app)


async def a_chooser(scheduling: Scheduling) -> tuple[CaseChanged, list[int]]:
    """A case that may choose, and the slots that it is shown."""
    case = a_case(programme="MX-TVH", sites=CHOICE.sites)
    await scheduling.receive(case)

    async def read(uow: Any) -> list[int]:
        shown = await places_of(uow, await known(uow, case.case_ref), Span(uow.now, uow.now + days(14)))
        return [place.claims[0][0] for place in shown]

    return case, await scheduling.do(read)


async def an_offer(scheduling: Scheduling) -> CaseChanged:
    case = a_case()
    await scheduling.receive(case)
    return case
