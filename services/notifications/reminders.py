"""Makes reminders when their moment comes; they are sent as every notice is."""

from services.notifications.domain.reminders import next_moment, reminder_due
from services.notifications.repository.notices import Asked, add, notices_of
from services.notifications.repository.reminders import remind_later, take_due
from shared import tracing
from shared.clock import Clock
from shared.db import Database, UnitOfWork
from shared.outbox import Cause

AT_ONCE = 200
"""Cases in one transaction: the events about them wait for its locks."""


class Reminders:
    """The tick."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def make_reminders(self) -> None:
        """Goes on until no moment has come any more."""
        while await self._database.run(self._clock.now(), remind) == AT_ONCE:
            pass


async def remind(uow: UnitOfWork) -> int:
    """How many cases were looked at. Each reminder starts a trace, linked to that of the last notice about its date."""
    due = await take_due(uow, AT_ONCE)
    if not due:
        return 0
    past = await notices_of(uow, [snapshot.case_ref for snapshot, _ in due])
    asked = []
    for snapshot, told_in in due:
        if reminder := reminder_due(past[snapshot.case_ref], snapshot, uow.now):
            links, about = [told_in] if told_in else [], tracing.about_case(snapshot)
            with tracing.span("remind", links=links, attributes=dict(about)) as span:
                uow.caused_by(snapshot, Cause.first(span.context, *links))
            asked.append(Asked(reminder, snapshot))
    await add(uow, asked)
    await remind_later(uow, [(snapshot.case_ref, next_moment(snapshot, uow.now)) for snapshot, _ in due])
    return len(due)
