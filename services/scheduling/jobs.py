"""What time does: offers expire, freed places go to the next household or open, waiting cases are looked at again."""

import random
from datetime import timedelta

from opentelemetry.trace import SpanKind

from services.scheduling.domain.decisions import CANDIDATES, Waiting
from services.scheduling.freed_places import offer_to_next, open_to_all
from services.scheduling.handlers import decide_waiting
from services.scheduling.offers import ended
from services.scheduling.opening import open_slots
from services.scheduling.outcomes import Outcome, record
from services.scheduling.repository import cases, freed, reference
from services.scheduling.repository.cases import KnownCase
from shared import tracing
from shared.clock import Clock
from shared.db import Database, UnitOfWork
from shared.events import AppointmentStatus
from shared.outbox import Cause

OFFERS_AT_ONCE = 200
MISSED_OFFERS = 2
"""Offers without an answer after which the case waits until someone acts for it."""
OPENS_AFTER_MINUTES = (10, 60)
"""Random delay after which a freed place that nobody could use opens. Source: docs/domain.md, "Freed places"."""

DUE = """
select case_ref from appointments where status = 'pending' and deadline <= :now
order by deadline, case_ref limit :limit
"""


class Jobs:
    """The ticks of scheduling."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def expire_offers(self) -> None:
        """Ends every offer past its deadline. A trace of its own each, linked to the one that made the offer."""

        async def work(uow: UnitOfWork) -> int:
            refs = [row.case_ref for row in await uow.rows(DUE, now=uow.now, limit=OFFERS_AT_ONCE)]
            expired = [case for case in await cases.lock(uow, refs) if _is_expired(case, uow)]
            await record(uow, [_expired(case) for case in expired])
            return len(refs)

        while await self._database.run(self._clock.now(), work) == OFFERS_AT_ONCE:
            pass

    async def offer_freed_places(self) -> None:
        """Gives each freed place to the next household that can use it; one that nobody can use opens after a delay."""

        async def work(uow: UnitOfWork) -> bool:
            place = await freed.take_next(uow)
            if place is None:
                return False
            if not await offer_to_next(uow, place):
                minutes = random.uniform(*OPENS_AFTER_MINUTES)
                await freed.open_later(uow, place, uow.now + timedelta(minutes=minutes))
            return True

        while await self._database.run(self._clock.now(), work):
            pass

    async def open_freed_places(self) -> None:
        """Opens what nobody could use and whose delay is over."""

        async def work(uow: UnitOfWork) -> bool:
            place = await freed.take_to_open(uow)
            if place is not None:
                await open_to_all(uow, place)
            return place is not None

        while await self._database.run(self._clock.now(), work):
            pass

    async def open_calendars(self) -> None:
        """Makes sure that there are slots for the next 90 days; a new day is offered to those who wait for a place."""

        async def work(uow: UnitOfWork) -> None:
            if not await open_slots(uow):
                return
            for programme in (await reference.known_programmes(uow)).values():
                await decide_waiting(uow, programme, CANDIDATES)

        await self._database.run(self._clock.now(), work)

    async def look_again(self) -> None:
        """Decides again about cases that wait although what they wait for is there by now."""

        async def work(uow: UnitOfWork) -> None:
            for programme in (await reference.known_programmes(uow)).values():
                await decide_waiting(uow, programme, (Waiting.PROGRAMME_UNKNOWN, Waiting.SITE_UNKNOWN))

        await self._database.run(self._clock.now(), work)


def _is_expired(case: KnownCase, uow: UnitOfWork) -> bool:
    live = case.live
    return bool(
        live and live.status is AppointmentStatus.PENDING and live.deadline is not None and live.deadline <= uow.now
    )


def _expired(case: KnownCase) -> Outcome:
    """Once unanswered the case is a candidate for other freed places; the second time it waits for someone to act."""
    assert case.live is not None  # noqa: S101  only called for a live offer
    again = case.offers_missed + 1 < MISSED_OFFERS
    links = [case.live_made_in] if case.live_made_in else []
    with tracing.span("expire offer", SpanKind.INTERNAL, links=links) as span:
        span.attributes[tracing.CASE] = tracing.case_hash(case.case_ref)
        return Outcome(
            case,
            ended=ended(case.live, AppointmentStatus.CANCELLED, "offer-expired", "scheduling"),
            waiting=Waiting.EXPIRED if again else Waiting.UNANSWERED,
            missed=True,
            cause=Cause.first(span.context, *links),
        )
