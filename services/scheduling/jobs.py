"""What time does: offers expire, freed places go to the next household or open, waiting cases are looked at again."""

import random
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import TypeVar

from services.scheduling.calendars import slot_generation
from services.scheduling.domain.decisions import LOOKED_AT_AGAIN, Waiting
from services.scheduling.placing.deciding import decided
from services.scheduling.placing.freed_places import offer_to_next, open_to_all
from services.scheduling.placing.line import Line
from services.scheduling.placing.offers import carry_out, ended
from services.scheduling.placing.outcomes import Outcome, end_of, record
from services.scheduling.placing.rebooking import AT_ONCE as AT_ONCE_REBOOKED
from services.scheduling.placing.rebooking import leave_next_stranded, rebook_next
from services.scheduling.placing.standby import offer_at_short_notice
from services.scheduling.placing.unmet import choosers, say_clocks_passed, watch_choosers
from services.scheduling.repository import (
    answered,
    appointments,
    assists,
    cases,
    freed,
    logins,
    reference,
    standby,
    unmet,
)
from services.scheduling.repository.freed import FreedPlace
from services.scheduling.repository.known_case import FIRST, KnownCase, Seniority
from shared import tracing
from shared.clock import Clock
from shared.db import Database, UnitOfWork
from shared.events import Allocation, AppointmentStatus, ProgrammeChanged, ProgrammeStatus
from shared.outbox import Cause
from shared.set_aside import SetAside, Work

Due = TypeVar("Due")

AT_ONCE = 200
PAGE = 500
CLOSED = ProgrammeStatus.CLOSED
MISSED_OFFERS = 2
"""Offers without an answer after which the case waits until someone acts for it. Source: docs/domain.md, "Offers"."""
OPENS_AFTER_MINUTES = (10, 60)
"""Random delay after which a freed place that nobody could use opens. Source: docs/domain.md, "Freed places"."""
ONLY_OUR_ORDER = frozenset({Waiting.PROGRAMME_UNKNOWN, Waiting.SITE_UNKNOWN})
"""Reasons that only the order in which our own events came made: what ends them belongs to the result's trace."""


class Jobs:
    """The ticks of scheduling. Each unit of work is small: requests and batches wait for its locks. One that fails is set
    `aside`, so that the others are done."""

    def __init__(self, database: Database, clock: Clock, aside: SetAside | None = None) -> None:
        self._database = database
        self._clock = clock
        self._aside = aside or SetAside(clock)

    async def expire_offers(self) -> None:
        """Ends every offer past its deadline. A trace of its own each, linked to the one that made the offer."""

        async def work(uow: UnitOfWork, refs: list[str]) -> None:
            await record(uow, [_expired(case) for case in await cases.lock(uow, refs) if _is_expired(case, uow)])

        await self._do_all("expire offers", appointments.due, work, AT_ONCE)

    async def offer_freed_places(self) -> None:
        """Gives each freed place to the next household that can use it, at short notice to who stands by; one that nobody
        can use opens after a delay."""

        async def work(uow: UnitOfWork, places: list[FreedPlace]) -> None:
            for place in places:
                if not (await offer_at_short_notice(uow, place) or await offer_to_next(uow, place)):
                    minutes = random.uniform(*OPENS_AFTER_MINUTES)
                    await freed.open_later(uow, place, uow.now + timedelta(minutes=minutes))

        await self._do_all("offer freed place", freed.take_next, work, 1)

    async def open_freed_places(self) -> None:
        """Opens what nobody could use and whose delay is over."""

        async def work(uow: UnitOfWork, places: list[FreedPlace]) -> None:
            for place in places:
                await open_to_all(uow, place)

        await self._do_all("open freed place", freed.take_to_open, work, 1)

    async def rebook_stranded(self) -> None:
        """Rebooks whom a change of a calendar strands, where that was ordered: chunk by chunk until all are done."""

        async def work(uow: UnitOfWork, at: bool, most: int) -> bool | None:
            return await rebook_next(uow, at_once=most) or None

        async def skip(uow: UnitOfWork, at: bool) -> tuple[str, bool | None]:
            return await leave_next_stranded(uow), at

        await self._aside.go_through(
            self._database, Work("rebook stranded", work, skip, begin=True, most=AT_ONCE_REBOOKED)
        )

    async def watch_clocks(self) -> None:
        """Says which cases without a place are too late for one by now."""
        await self._do_all("watch clocks", unmet.whose_clock_passed, say_clocks_passed, AT_ONCE)

    async def watch_choosers(self) -> None:
        """Notes for which households that are to choose there is no place, under each open programme of theirs."""
        known = await self._database.run(self._clock.now(), reference.known_programmes)
        for programme in known.values():
            if programme.allocation is not Allocation.CHOICE or programme.status is not ProgrammeStatus.OPEN:
                continue
            work = partial(watch_choosers, programme=programme)
            skip = choosers(programme).leave_next
            look = Work("watch choosers", work, skip, begin=FIRST, most=PAGE, gives_way=True)
            await self._aside.go_through(self._database, look)

    async def open_calendars(self) -> None:
        """Makes sure that there are slots for the next 90 days."""
        await slot_generation.open_calendars(self._database, self._clock.now())

    async def forget_what_is_over(self) -> None:
        """Deletes answers whose keys are over a day old, standby lists of days that are over, and codes and sessions that
        open nothing any more."""
        for forget in (answered.forget, standby.forget, logins.forget, assists.forget):
            await self._database.run(self._clock.now(), forget)

    async def find_strays(self) -> None:
        """Notes cases that wait for a programme that is there."""
        await self._database.run(self._clock.now(), reference.look_again_at_strays)

    async def look_again(self) -> None:
        """Decides again about all who wait under a programme that changed, or that places were opened for.

        When the programme closed, also about those who have a date: it says whether their dates are honoured. Page by
        page, one event a household; what was cut off goes on where it was, since who was looked at is not affected again.
        """
        for programme, since in await self._database.run(self._clock.now(), reference.to_look_at_again):
            work = partial(look_at_page, programme=programme)
            skip = _line(programme).leave_next
            await self._aside.go_through(self._database, Work("look again", work, skip, begin=FIRST, most=PAGE))
            done = partial(reference.looked_again, programme=programme.programme, since=since)
            await self._database.run(self._clock.now(), done)

    async def _do_all(
        self,
        name: str,
        due: Callable[[UnitOfWork, int, list[str]], Awaitable[list[Due]]],
        work: Callable[[UnitOfWork, list[Due]], Awaitable[None]],
        most: int,
    ) -> None:
        """Works at all that is due, in its order, beside what is set aside."""

        async def do(uow: UnitOfWork, at: bool, at_once: int) -> bool | None:
            found = await due(uow, at_once, self._aside.of(name))
            await work(uow, found)
            return True if len(found) == at_once else None

        async def skip(uow: UnitOfWork, at: bool) -> tuple[str, bool | None]:
            [first] = await due(uow, 1, self._aside.of(name))
            return str(first), True

        await self._aside.go_through(self._database, Work(name, do, skip, begin=True, most=most))


async def look_at_page(
    uow: UnitOfWork, after: Seniority, most: int, *, programme: ProgrammeChanged
) -> Seniority | None:
    """Decides about the next households in line; where the page ended, None after the last one.

    None at once when the programme is another one by now: it is due once more, and no date is given by its old word.
    """
    newest = (await reference.programmes(uow, [programme.programme]))[programme.programme]
    if newest.version != programme.version:
        return None
    page = await _line(programme).next_after(uow, after, most)
    known = await cases.lock(uow, [each.case_ref for each in page])
    in_line = [case for case in known if case.snapshot.programme == programme.programme]
    affected = [_caused_by_tick(case) for case in in_line if case.live or case.waiting in LOOKED_AT_AGAIN]
    await carry_out(uow, await decided(uow, affected, {programme.programme: programme}, afresh=True))
    return page[-1] if len(page) == most else None


def _line(programme: ProgrammeChanged) -> Line:
    return Line(programme.programme, LOOKED_AT_AGAIN, with_live=programme.status is CLOSED)


def _caused_by_tick(case: KnownCase) -> KnownCase:
    """What time does starts a trace of its own, linked to the result's."""
    if case.waiting in ONLY_OUR_ORDER:
        return case
    return replace(case, cause=Cause.first(tracing.current(), case.cause.context))


def _is_expired(case: KnownCase, uow: UnitOfWork) -> bool:
    live = case.live
    return bool(
        live and live.status is AppointmentStatus.PENDING and live.deadline is not None and live.deadline <= uow.now
    )


def _expired(case: KnownCase) -> Outcome:
    """Once unanswered the case is a candidate for other places; the second time it waits for someone to act."""
    links = [case.live_made_in] if case.live_made_in else []
    with tracing.span("expire offer", links=links) as span:
        span.attributes[tracing.CASE] = tracing.case_hash(case.case_ref)
        over = ended(case.date, AppointmentStatus.CANCELLED, "offer-expired", "scheduling")
        expired = replace(end_of(case, over, Waiting.EXPIRED, Cause.first(span.context, *links)), missed=True)
    again = case.offers_missed + expired.is_counted < MISSED_OFFERS
    return expired if again or expired.closed else replace(expired, waiting=Waiting.UNANSWERED)
