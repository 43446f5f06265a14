"""No place is a state with a clock and an owner: it is listed, taken on by someone, and here said when it is too late."""

from dataclasses import replace

from services.scheduling.domain.decisions import UNMET, Waiting
from services.scheduling.placing.outcomes import Outcome, record
from services.scheduling.repository import cases, unmet
from shared import tracing
from shared.db import UnitOfWork
from shared.outbox import Cause

AT_ONCE = 200


async def watch_clocks(uow: UnitOfWork) -> bool:
    """Says of cases without a place that it is too late for one, once, or that there is time again; True: look again."""
    refs = await unmet.whose_clock_passed(uow, AT_ONCE)
    results = []
    for case in await cases.lock(uow, refs):
        if case.waiting in UNMET:
            overdue_since = None if case.overdue_since else uow.now
            said = replace(case, overdue_since=overdue_since)
            cause = Cause.first(tracing.current(), case.cause.context)
            results.append(Outcome(said, waiting=Waiting(case.waiting), cause=cause))
    await record(uow, results)
    return len(refs) == AT_ONCE
