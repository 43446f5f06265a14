"""A household chooses a time: what many ask at the same moment is carried out together."""

import asyncio
import time
from collections.abc import Sequence
from typing import Annotated

from opentelemetry.trace import SpanContext, SpanKind
from pydantic import BaseModel, Field
from starlette.responses import Response

from services.scheduling.commands.choosing import Answer, Choosing, choose_together, gone
from services.scheduling.commands.places import place_taken
from services.scheduling.commands.requests import Request
from shared import tracing
from shared.clock import Clock
from shared.db import Database
from shared.gathered import Gathered
from shared.web.guarded import guarded
from shared.web.problems import problem_response

ROUTE = "/v1/cases/{case_ref}/appointment"


class Choice(BaseModel):
    """The place at the site and start of this slot, as `slots` shows it: a time is chosen, not a desk."""

    slot_id: Annotated[int, Field(ge=1, le=2**53 - 1)]


class Choices:
    """Answers choices, those of the same moment together.

    `refused` gives the refusal of a choice whose time is gone, its span recorded, else None.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._at_work: dict[Request, asyncio.Future[Answer | BaseException]] = {}
        self.refused = Gathered(self._refused)
        self._together = Gathered(self._carried_out)

    async def carried_out(self, asked: Choosing) -> Answer | BaseException:
        """The case after the choice, or the refusal; None for what is to be done alone. Who asks the same once more under
        its key while it is at work, as who does not wait for an answer does, is told the same."""
        request = asked.request
        if asked.key is None:
            return await self._together(asked)
        if request in self._at_work:
            return await asyncio.shield(self._at_work[request])
        self._at_work[request] = told = asyncio.get_running_loop().create_future()
        answer: Answer | BaseException = None
        try:
            answer = await self._together(asked)
        finally:
            del self._at_work[request]
            told.set_result(answer)
        return answer

    async def _refused(self, asked: Sequence[Choosing]) -> list[Response | None]:
        """Refusals change nothing: one document says it to all of them, and one span stands for them."""
        starts_ns = time.time_ns()
        late = await self._database.run(self._clock.now(), lambda uow: gone(uow, asked), reads=True)
        if not late:
            return [None] * len(asked)
        refusal = guarded(problem_response(place_taken(), context := tracing.new_root()))
        note(context, refusal.status_code, starts_ns, len(late))
        return [refusal if n in late else None for n in range(len(asked))]

    async def _carried_out(self, asked: Sequence[Choosing]) -> list[Answer]:
        return await self._database.run(self._clock.now(), lambda uow: choose_together(uow, asked))


def note(context: SpanContext, status: int, starts_ns: int, requests: int = 1) -> None:
    """Records the span of a choice that was answered ahead of the route, or of so many refusals."""
    attributes = {tracing.HTTP_METHOD: "POST", tracing.HTTP_ROUTE: ROUTE, tracing.HTTP_STATUS: status}
    if requests > 1:
        attributes[tracing.REQUESTS] = requests
    error = str(status) if status >= 500 else None
    tracing.Span(f"POST {ROUTE}", SpanKind.SERVER, context, None, attributes, (), starts_ns, error).end()
