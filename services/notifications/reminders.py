"""Makes reminders when their moment comes; they are sent as every notice is."""

from datetime import timedelta

from services.notifications.domain.reminders import next_moment, reminder_due
from services.notifications.repository.notices import Asked, add
from services.notifications.repository.reminders import remind_later, take_due
from shared import tracing
from shared.clock import Clock
from shared.db import Database, UnitOfWork
from shared.outbox import Cause

AT_ONCE = 200
"""Cases in one transaction: the events about them wait for its locks."""
READ_AGAIN = timedelta(hours=1)
"""When a case is looked at again that could not be read."""


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
    due, unreadable = await take_due(uow, AT_ONCE)
    asked = []
    for each in due:
        if reminder := reminder_due(each.past, each.snapshot, uow.now):
            links, about = [each.told_in] if each.told_in else [], tracing.about_case(each.snapshot)
            with tracing.span("remind", links=links, attributes=dict(about)) as span:
                uow.caused_by(each.snapshot, Cause.first(span.context, *links))
            asked.append(Asked(reminder, each.snapshot))
    await add(uow, asked)
    later = [(ref, uow.now + READ_AGAIN) for ref in unreadable]
    await remind_later(uow, [*((each.snapshot.case_ref, next_moment(each.snapshot, uow.now)) for each in due), *later])
    return len(due) + len(unreadable)
