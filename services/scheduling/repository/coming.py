"""Who of a household comes to an appointment: each time that it was said. The newest counts."""

from typing import Any
from uuid import UUID

from services.scheduling.domain.coming import Coming
from shared.db import UnitOfWork

SAY = """
insert into coming_said (case_ref, appointment_id, said_at, acted_by, adults, children, traceparent)
values (:ref, :appointment_id, :now, :acted_by, :adults, :children, :traceparent)
"""

NEWEST = """
select adults, children, said_at, acted_by from coming_said where appointment_id = :id order by id desc limit 1
"""


async def say(
    uow: UnitOfWork, case_ref: str, appointment_id: UUID, said: Coming, *, acted_by: str, traceparent: str
) -> None:
    """Just these of a locked case's household come to its appointment."""
    await uow.execute(
        SAY,
        ref=case_ref,
        appointment_id=appointment_id,
        now=uow.now,
        acted_by=acted_by,
        adults=said.adults,
        children=said.children,
        traceparent=traceparent,
    )


async def said_of(uow: UnitOfWork, appointment_id: UUID) -> Coming | None:
    """What was said last about an appointment; None when nothing was."""
    rows: Any = await uow.rows(NEWEST, id=appointment_id)
    return Coming(rows[0].adults, rows[0].children) if rows else None
