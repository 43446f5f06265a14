"""PINs of printed letters, hashed already. Of a case the newest one is its PIN; the older ones say who made them, and when.

Rows never change.
"""

from datetime import datetime
from typing import Any

from shared import tracing
from shared.db import UnitOfWork

KEEP = """
insert into pins (case_ref, pin, made_at, made_by, holds_until, traceparent)
values (:case_ref, :pin, :now, :made_by, :holds_until, :traceparent)
"""


async def keep(uow: UnitOfWork, case_ref: str, pin: bytes, *, made_by: str, holds_until: datetime) -> None:
    """The case's PIN from now on; the one before is none any more."""
    traceparent = tracing.to_traceparent(tracing.current())
    await uow.execute(
        KEEP,
        case_ref=case_ref,
        pin=pin,
        made_by=made_by,
        holds_until=holds_until,
        now=uow.now,
        traceparent=traceparent,
    )


async def newest(uow: UnitOfWork, case_ref: str) -> Any:
    """The case's PIN and until when it holds; None when it has none. While this transaction lasts, no other takes its place."""
    await uow.rows("select 1 from cases where case_ref = :ref for key share", ref=case_ref)
    rows = await uow.rows(
        "select pin, holds_until from pins where case_ref = :ref order by id desc limit 1", ref=case_ref
    )
    return rows[0] if rows else None


async def made(uow: UnitOfWork, case_ref: str) -> int:
    """How many PINs the case has had."""
    rows = await uow.rows("select count(*) as made from pins where case_ref = :ref", ref=case_ref)
    return int(rows[0].made)
