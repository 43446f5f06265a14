"""Of which cases a household is to be reminded, and when."""

from collections.abc import Sequence
from datetime import datetime

from opentelemetry.trace import SpanContext

from shared.db import UnitOfWork, as_json
from shared.events import CaseScheduled
from shared.tracing import from_traceparent

DUE = """
select c.snapshot,
       (select n.traceparent from notices n
        where n.case_ref = c.case_ref and cast(n.appointment_id as text) = c.snapshot -> 'appointment' ->> 'id'
        order by n.n desc limit 1) as traceparent
from cases c where remind_at <= :now order by case_ref limit :limit for update of c skip locked
"""

REMIND_LATER = """
update cases c set remind_at = r.remind_at
from jsonb_to_recordset(cast(:rows as jsonb)) as r(case_ref text, remind_at timestamptz) where c.case_ref = r.case_ref
"""


async def take_due(uow: UnitOfWork, limit: int) -> list[tuple[CaseScheduled, SpanContext | None]]:
    """The newest snapshots of cases whose moment has come, locked; with the span that asked for the last notice about their
    date."""
    rows = await uow.rows(DUE, now=uow.now, limit=limit)
    return [(CaseScheduled.model_validate(row.snapshot), from_traceparent(row.traceparent)) for row in rows]


async def remind_later(uow: UnitOfWork, moments: Sequence[tuple[str, datetime | None]]) -> None:
    """When each of the locked cases is to be looked at next; None for never again."""
    await uow.execute(REMIND_LATER, rows=as_json([{"case_ref": ref, "remind_at": at} for ref, at in moments]))
