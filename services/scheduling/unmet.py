"""No place is a state with a clock and an owner: it is listed, taken on by someone, and said when it is too late."""

from dataclasses import replace
from enum import StrEnum
from typing import Any

from services.scheduling.commands.locked import locked
from services.scheduling.domain.decisions import UNMET, Waiting
from services.scheduling.outcomes import Outcome, record
from services.scheduling.repository import cases, unmet
from shared import tracing
from shared.db import UnitOfWork
from shared.outbox import Cause
from shared.web.problems import Problem

AT_ONCE = 200


class Plan(StrEnum):
    """What the authority does about it. A fixed list, so that no note can say anything about a person."""

    MORE_CAPACITY = "more-capacity"
    INTERPRETER = "interpreter"
    ACCOMMODATION = "accommodation"
    OTHER_SITE = "other-site"
    REFERRAL = "referral"
    LONGER_VALIDITY = "longer-validity"


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


async def acknowledge(uow: UnitOfWork, case_ref: str, plan: Plan, acted_by: str) -> None:
    """Someone sees to it from now on. Raises: Problem 404, 409 for a case that lacks no place."""
    case = await locked(uow, case_ref)
    if case.waiting not in UNMET:
        raise Problem(409, "not_without_a_place", "the case does not wait for want of a place: read it again")
    await unmet.acknowledge(uow, case_ref, acted_by, plan)


def clock_view(row: Any) -> dict[str, Any]:
    """The clock of a case without a place. `due_on` is the last day on which one can be found in time; the owner is the
    schedulers of the country's system until one of them acknowledges it."""
    return {
        "case_ref": row.case_ref,
        "system": row.system,
        "programme": row.programme,
        "reason": row.waiting,
        "urgency": row.urgency,
        "registered_at": row.registered_at.isoformat(),
        "unmet_since": row.unmet_since.isoformat(),
        "due_on": row.due_on.isoformat(),
        "overdue_since": row.overdue_since.isoformat() if row.overdue_since else None,
        "owner": {"system": row.system, "role": "scheduler"},
        "acknowledged_by": row.acknowledged_by,
        "acknowledged_at": row.acknowledged_at.isoformat() if row.acknowledged_at else None,
        "plan": row.plan,
    }
