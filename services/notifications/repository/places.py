"""At which site those who have a date there are still to be looked at, since it has another name or address, and who they are."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from opentelemetry.trace import SpanContext

from shared.db import UnitOfWork
from shared.events import CaseScheduled
from shared.tracing import case_hash, from_traceparent

log = structlog.get_logger()

CHANGED = """
select site, tell_after, traceparent from sites where tell_after is not null order by site limit 1 for update skip locked
"""

WITH_DATE_THERE = """
select case_ref, snapshot from cases
where case_ref > :after and snapshot -> 'appointment' ->> 'site' = :site
order by case_ref limit :limit for update
"""
"""Without an index of its own, which every event of every case would keep: a whole walk reads each case once."""


@dataclass(frozen=True)
class ChangedPlace:
    """A site, locked, the last case that was looked at since it changed, and the span of the event that said so."""

    site: str
    after: str
    changed_in: SpanContext | None


async def take_changed(uow: UnitOfWork) -> ChangedPlace | None:
    """The first of these sites that nobody else is at."""
    rows = await uow.rows(CHANGED)
    return ChangedPlace(rows[0].site, rows[0].tell_after, from_traceparent(rows[0].traceparent)) if rows else None


async def next_cases(uow: UnitOfWork, place: ChangedPlace, limit: int) -> tuple[list[CaseScheduled], str | None]:
    """The next cases with a date there, locked, in order, and the last of them; None for the last when no others can follow."""
    rows = await uow.rows(WITH_DATE_THERE, after=place.after, site=place.site, limit=limit)
    return _readable(rows), rows[-1].case_ref if len(rows) == limit else None


async def note_last(uow: UnitOfWork, place: ChangedPlace, last: str | None) -> None:
    """How far the site's cases were looked at; None: all of them were."""
    await uow.execute("update sites set tell_after = :last where site = :site", last=last, site=place.site)


def _readable(rows: Sequence[Any]) -> list[CaseScheduled]:
    """Left out is what a later release wrote before it was taken back: it keeps no other case from being looked at."""
    found = []
    for row in rows:
        try:
            found.append(CaseScheduled.model_validate(row.snapshot))
        except ValueError:
            log.error("case.unreadable", case=case_hash(row.case_ref))
    return found
