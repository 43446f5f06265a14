"""What the passing of days does to cases."""

import time
from datetime import timedelta
from functools import partial

from opentelemetry.trace import SpanKind

from services.intake.repository import cases, own_contacts
from shared import tracing
from shared.clock import Clock
from shared.db import Database, UnitOfWork
from shared.outbox import Cause
from shared.tracing import Span

AT_ONCE = 500
BEHIND_UTC = timedelta(hours=12)
"""No site is further behind: its day is over by then."""


class Jobs:
    """The jobs of intake. Each looks at what is due until nothing is."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def expire_cases(self) -> None:
        """Eligible cases whose last day is over wherever they could be heard are expired; scheduling hears of each."""
        after, goes_on = "", True
        while goes_on:
            spans, after = await self._database.run(self._clock.now(), partial(expire_cases, after=after))
            goes_on = bool(after)
            for span in spans:
                span.end()

    async def forget_proposals(self) -> None:
        """Deletes new addresses that nobody confirmed in time."""
        await self._database.run(self._clock.now(), own_contacts.forget_proposals)


async def expire_cases(uow: UnitOfWork, after: str) -> tuple[list[Span], str]:
    """Expires some of the cases that are due, beginning after that reference; a span for each, to be ended when it is
    committed, and the last reference looked at, empty when there is none."""
    expired, last = await cases.expiring(uow, (uow.now - BEHIND_UTC).date(), AT_ONCE, after)
    spans = []
    for event in expired:
        attributes = {tracing.SYSTEM: event.system.value, tracing.CASE: tracing.case_hash(event.case_ref)}
        span = Span("expire case", SpanKind.INTERNAL, tracing.new_root(), None, attributes, starts_ns=time.time_ns())
        uow.publish(event, cause=Cause.first(span.context))
        spans.append(span)
    if expired:
        await cases.end(uow, expired)
    return spans, last
