"""Who looked at the names of which appointment's household."""

from typing import Any
from uuid import UUID

from shared import tracing
from shared.db import UnitOfWork

RECORD_LOOK = """
insert into people_looks (looked_at, shown_to, appointment_id, case_ref, traceparent)
values (:now, :shown_to, :id, :case_ref, :traceparent)
"""


async def find(uow: UnitOfWork, appointment_id: UUID) -> Any:
    """Case, status, wall time and zone of an appointment; None when there is none of this id."""
    rows = await uow.rows(
        "select case_ref, status, wall_time, zone from appointments where id = :id", id=appointment_id
    )
    return rows[0] if rows else None


async def record_look(uow: UnitOfWork, appointment_id: UUID, case_ref: str, *, shown_to: str) -> None:
    traceparent = tracing.to_traceparent(tracing.current())
    await uow.execute(
        RECORD_LOOK, now=uow.now, shown_to=shown_to, id=appointment_id, case_ref=case_ref, traceparent=traceparent
    )
