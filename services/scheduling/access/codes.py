"""Codes on their way: notifications is asked to send them after the answer is out, so that nobody can tell by the time."""

import asyncio
import contextlib

import structlog
from opentelemetry.trace import SpanKind
from pydantic import BaseModel, SecretStr, ValidationError

from services.scheduling.repository import logins
from shared import tracing
from shared.db import DatabaseUnavailable
from shared.service import Service
from shared.web.neighbour import Neighbour, NeighbourAway

log = structlog.get_logger()

PAUSES_SECONDS = (0, 2, 8)
"""Before each try to have a code sent. Who waits longer asks for another one."""


class _Answer(BaseModel):
    sent: bool


class CodePost:
    """Has codes sent. They are kept nowhere: one that is under way when this process ends never arrives, and is asked for
    again."""

    def __init__(self, service: Service, notifications_url: str, token: SecretStr) -> None:
        self._service = service
        self._notifications = Neighbour("notifications", notifications_url, token)
        self._under_way: set[asyncio.Task[None]] = set()

    async def send_soon(self, case_ref: str, code: str) -> None:
        """Returns at once; the code is sent if a case has this reference."""
        task = asyncio.create_task(self._send(case_ref, code))
        self._under_way.add(task)  # the event loop itself would forget it
        task.add_done_callback(self._under_way.discard)

    async def _send(self, case_ref: str, code: str) -> None:
        database, now = self._service.database, self._service.clock.now()
        try:
            if not await database.run(now, lambda uow: logins.is_known(uow, case_ref)):
                return
            attributes = {tracing.CASE: tracing.case_hash(case_ref)}
            with tracing.span("ask for code", SpanKind.CLIENT, parent=tracing.current(), attributes=attributes) as span:
                asked = {"case_ref": case_ref, "code": code, "traceparent": tracing.to_traceparent(span.context)}
                if not await self._ask(asked):
                    span.error = "no address"
                    log.warning("code.not_sent", reason="no address takes it")
        except (DatabaseUnavailable, NeighbourAway, ValidationError) as error:
            log.warning("code.not_sent", reason=type(error).__name__)

    async def _ask(self, asked: dict[str, str]) -> bool:
        """Whether it is on its way. Raises: NeighbourAway when notifications does not answer the last time either."""
        *pauses, last = PAUSES_SECONDS
        for pause in pauses:
            await asyncio.sleep(pause)
            with contextlib.suppress(NeighbourAway):
                return await self._ask_once(asked)
        await asyncio.sleep(last)
        return await self._ask_once(asked)

    async def _ask_once(self, asked: dict[str, str]) -> bool:
        return _Answer.model_validate_json(await self._notifications.ask("/internal/codes", asked)).sent
