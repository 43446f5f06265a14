"""Makes what households are owed whose date is at a place with another name or address; it is sent as every notice is."""

from collections.abc import Sequence

import structlog

from services.notifications.owed import make_owed_notices
from services.notifications.repository.places import ChangedPlace, next_cases, note_last, take_changed
from shared import tracing
from shared.clock import Clock
from shared.db import Database, UnitOfWork
from shared.events import CaseScheduled
from shared.outbox import Cause

log = structlog.get_logger()

AT_ONCE = 200
"""Cases in one transaction: the events about them wait for its locks."""


class Places:
    """The tick."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def tell_of_changes(self) -> None:
        """Goes on until everyone with a date at a changed place was looked at. What was cut off goes on where it was."""
        while await self._database.run(self._clock.now(), look_at_some):
            pass


async def look_at_some(uow: UnitOfWork) -> bool:
    """False when there is nobody left. Each case starts a trace, linked to that of the change."""
    place = await take_changed(uow)
    if place is None:
        return False
    snapshots, last = await next_cases(uow, place, AT_ONCE)
    for each in snapshots:
        _start_trace(uow, each, place)
    await _look_at(snapshots, uow)
    await note_last(uow, place, last)
    return True


def _start_trace(uow: UnitOfWork, snapshot: CaseScheduled, place: ChangedPlace) -> None:
    links = [place.changed_in] if place.changed_in else []
    with tracing.span("look at place", links=links, attributes=dict(tracing.about_case(snapshot))) as span:
        uow.caused_by(snapshot, Cause.first(span.context, *links))


async def _look_at(snapshots: Sequence[CaseScheduled], uow: UnitOfWork) -> None:
    """Each alone when one has a notice that cannot be read, as what a later release wrote before it was taken back."""
    try:
        await make_owed_notices(snapshots, uow)
    except ValueError:
        if len(snapshots) == 1:
            log.error("case.unreadable", case=tracing.case_hash(snapshots[0].case_ref))
            return
        for each in snapshots:
            await _look_at([each], uow)
