"""Who of a household comes to an appointment: each time that it was said. Rows never change; the newest counts."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from services.scheduling.domain.coming import Coming
from shared.db import UnitOfWork, as_json

SAY = """
insert into coming_said (case_ref, appointment_id, said_at, acted_by, adults, children, traceparent)
values (:ref, :appointment_id, :now, :acted_by, :adults, :children, :traceparent)
"""

NEWEST = """
select adults, children, said_at, acted_by from coming_said where appointment_id = :id order by id desc limit 1
"""

SAY_OF_NEXT = """
insert into coming_said (case_ref, appointment_id, said_at, acted_by, adults, children, traceparent)
select distinct on (w.appointment_id) w.case_ref, r.made, w.said_at, w.acted_by, w.adults, w.children, w.traceparent
from jsonb_to_recordset(cast(:rows as jsonb)) as r(ended uuid, made uuid)
join coming_said w on w.appointment_id = r.ended order by w.appointment_id, w.id desc
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


async def follow(uow: UnitOfWork, replaced: Sequence[tuple[UUID, UUID]]) -> None:
    """What was said last about ended appointments is said of those that take their place at the same time."""
    rows = [{"ended": str(ended), "made": str(made)} for ended, made in replaced]
    await uow.execute(SAY_OF_NEXT, rows=as_json(rows))


async def said_of(uow: UnitOfWork, appointment_id: UUID) -> Coming | None:
    """What was said last about an appointment; None when nothing was."""
    rows: Any = await uow.rows(NEWEST, id=appointment_id)
    return Coming(rows[0].adults, rows[0].children) if rows else None
