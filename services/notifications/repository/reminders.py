"""Of which cases a household is to be reminded, and when."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog
from opentelemetry.trace import SpanContext

from services.notifications.domain.notice import PastNotice
from services.notifications.repository.notices import notices_of
from shared.db import UnitOfWork, as_json
from shared.events import CaseScheduled
from shared.tracing import case_hash, from_traceparent

log = structlog.get_logger()

DUE = """
select c.case_ref, c.snapshot,
       (select n.traceparent from notices n
        where n.case_ref = c.case_ref and cast(n.appointment_id as text) = c.snapshot -> 'appointment' ->> 'id'
        order by n.n desc limit 1) as traceparent
from cases c where remind_at <= :now order by case_ref limit :limit for update of c skip locked
"""

REMIND_LATER = """
update cases c set remind_at = r.remind_at
from jsonb_to_recordset(cast(:rows as jsonb)) as r(case_ref text, remind_at timestamptz) where c.case_ref = r.case_ref
"""


@dataclass(frozen=True)
class Due:
    """A case whose moment has come: its newest snapshot, its notices, the span that asked for the last one about its date."""

    snapshot: CaseScheduled
    past: Collection[PastNotice]
    told_in: SpanContext | None


async def take_due(uow: UnitOfWork, limit: int) -> tuple[list[Due], list[str]]:
    """Cases whose moment has come, locked; and those of them that cannot be read, as what a later release wrote before it was
    taken back: they keep no other one from being reminded."""
    due, unreadable = [], []
    rows = await uow.rows(DUE, now=uow.now, limit=limit)
    past = await _past(uow, [row.case_ref for row in rows])
    for row in rows:
        try:
            snapshot = CaseScheduled.model_validate(row.snapshot)
            due.append(Due(snapshot, past[row.case_ref], from_traceparent(row.traceparent)))
        except (ValueError, KeyError):
            log.error("case.unreadable", case=case_hash(row.case_ref))
            unreadable.append(row.case_ref)
    return due, unreadable


async def _past(uow: UnitOfWork, case_refs: Sequence[str]) -> dict[str, list[PastNotice]]:
    """The notices of these cases, those left out of which one cannot be read."""
    try:
        found = await notices_of(uow, case_refs)
        return {ref: found[ref] for ref in case_refs}
    except ValueError:
        if len(case_refs) == 1:
            return {}
    alone = [await _past(uow, [ref]) for ref in case_refs]
    return {ref: past for each in alone for ref, past in each.items()}


async def remind_later(uow: UnitOfWork, moments: Sequence[tuple[str, datetime | None]]) -> None:
    """When each of the locked cases is to be looked at next; None for never again."""
    await uow.execute(REMIND_LATER, rows=as_json([{"case_ref": ref, "remind_at": at} for ref, at in moments]))
