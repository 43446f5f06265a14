"""Tells the countries' systems what became of their results: batches, each country for itself, until they are taken.

No transaction is open while the network is used. Between a system's yes and its record lies the only moment in which a
crash leads to a second message; it bears the same id.
"""

import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TypeVar

import structlog
from opentelemetry.trace import SpanKind

from services.intake.receivers import ReceiverAway, Receivers, Refused
from services.intake.repository import tellings
from services.intake.repository.tellings import Claimed
from shared import tracing
from shared.back_off import next_try
from shared.clock import Clock
from shared.db import Database, UnitOfWork
from shared.events import System
from shared.tracing import Span

T = TypeVar("T")
log = structlog.get_logger()

BATCH = 100
LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass
class Teller:
    """The job, for all three systems: one that is away holds no other one up."""

    database: Database
    clock: Clock
    receivers: Receivers
    _failures: Counter[System] = field(default_factory=Counter, init=False)
    _again_at: dict[System, datetime] = field(default_factory=dict, init=False)

    async def tell(self, system: System) -> None:
        """Tells one system until nothing is due or it is away; without an address everything stays due."""
        if not self.receivers.know(system) or self.clock.now() < self._again_at.get(system, LONG_AGO):
            return
        while batch := await self._run(lambda uow: tellings.claim(uow, system, BATCH)):
            attempts = [_Attempt.of(each, system) for each in batch]
            try:
                await self._tell(system, attempts)
            except ReceiverAway as away:
                return await self._wait(system, attempts, away)

    async def _tell(self, system: System, attempts: Sequence["_Attempt"]) -> None:
        """One POST; a batch that cannot be read is halved until what is at fault is alone. Raises: ReceiverAway."""
        try:
            await self.receivers.tell(system, [each.claimed.telling for each in attempts], self.clock.now())
        except Refused as refused:
            if len(attempts) == 1:
                await self._later(attempts, refused, attempts[0].claimed.tries + 1)
                return
            middle = len(attempts) // 2
            await self._tell(system, attempts[:middle])
            await self._tell(system, attempts[middle:])
        else:
            self._failures[system] = 0
            told = [each.claimed for each in attempts]
            await self._run(lambda uow: tellings.record_told(uow, system, told))
            for each in attempts:
                each.end()

    async def _wait(self, system: System, attempts: Sequence["_Attempt"], away: ReceiverAway) -> None:
        """The others stay due: an outage holds one batch back, and its length counts, not their number."""
        self._failures[system] += 1
        self._again_at[system] = await self._later(
            [each for each in attempts if not each.is_over], away, self._failures[system]
        )

    async def _later(self, attempts: Sequence["_Attempt"], error: RuntimeError, failures: int) -> datetime:
        """When the first of them is tried again. Each has a time of its own: one at which a system breaks must not meet
        the same others again."""
        at = [next_try(self.clock.now(), failures) for _ in attempts]
        log.warning("telling.later", system=attempts[0].system, cases=len(attempts), reason=str(error))
        claimed, contexts = [each.claimed for each in attempts], [each.span.context for each in attempts]
        await self._run(lambda uow: tellings.try_later(uow, claimed, contexts, error=str(error), at=at))
        for each in attempts:
            each.end(type(error).__qualname__)
        return min(at)

    async def _run(self, work: Callable[[UnitOfWork], Awaitable[T]]) -> T:
        return await self.database.run(self.clock.now(), work)


@dataclass
class _Attempt:
    """One try to tell one fact, in the trace of the event that brought it; the try before, if any, is linked."""

    claimed: Claimed
    system: System
    span: Span
    is_over: bool = False

    @classmethod
    def of(cls, claimed: Claimed, system: System) -> "_Attempt":
        attributes = {
            tracing.CASE: tracing.case_hash(claimed.telling.case_ref),
            tracing.SYSTEM: system.value,
            tracing.ATTEMPT: claimed.tries + 1,
        }
        links = (claimed.last_attempt,) if claimed.last_attempt else ()
        context, name = tracing.child_of(claimed.made_in), f"tell {system} {claimed.telling.state}"
        return cls(
            claimed, system, Span(name, SpanKind.CLIENT, context, claimed.made_in, attributes, links, time.time_ns())
        )

    def end(self, error: str | None = None) -> None:
        self.span.error, self.is_over = error, True
        self.span.end()
