"""Requests that named a key, with what they were answered."""

from collections.abc import Sequence
from typing import Any

from shared.db import UnitOfWork, as_json

FIND = """
select case_ref, request, status, answer from answered_requests
join unnest(cast(:refs as text[]), cast(:keys as text[])) as asked(case_ref, key) using (case_ref, key)
"""

KEEP = """
insert into answered_requests (case_ref, key, request, status, answer, answered_at)
select case_ref, key, request, status, answer, :now from jsonb_to_recordset(cast(:rows as jsonb)) as r(
  case_ref text, key text, request text, status smallint, answer text)
order by case_ref, key
"""

FORGET = "delete from answered_requests where answered_at < cast(:now as timestamptz) - interval '24 hours'"


async def find(uow: UnitOfWork, keys: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """Request, status and answer by case, of those of these cases, each with a key, that have used it."""
    refs, of_each = [ref for ref, _ in keys], [key for _, key in keys]
    return {row.case_ref: row for row in await uow.rows(FIND, refs=refs, keys=of_each)} if keys else {}


async def keep(uow: UnitOfWork, rows: Sequence[dict[str, Any]]) -> None:
    """Stores answers; a key that another transaction used meanwhile is a lost race."""
    if rows:
        await uow.execute(KEEP, rows=as_json(rows), now=uow.now)


async def forget(uow: UnitOfWork) -> int:
    """Deletes what was answered over a day ago; how many there were."""
    return await uow.execute(FORGET, now=uow.now)
