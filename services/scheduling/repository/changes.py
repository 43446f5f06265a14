"""What became of a case or an appointment since a version that someone saw."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from shared.db import UnitOfWork

OF_CASE = """
select o.sequence as version, o.created_at as at, o.type, cast(o.value as jsonb) as said, coalesce(r.acted_by, q.answered_by) as said_by
from outbox o
left join lateral (
  select case o.created_at when r.answered_at then r.answered_by else r.proposed_by end as acted_by from referrals r
  where r.case_ref = o.key and o.created_at in (r.proposed_at, r.answered_at) and o.type like '%.referral.changed.%'
  limit 1) r on true
left join lateral (
  select q.answered_by from adjustment_requests q
  where q.case_ref = o.key and q.answered_at = o.created_at and o.type like '%.adjustment.answered.%'
  limit 1) q on true
where o.topic = 'scheduling.cases' and o.key = :ref and o.sequence > :version
order by o.sequence desc limit 20
"""

OF_APPOINTMENT = """
select version, at, status, acted_by, reason from appointment_history where appointment_id = :id and version > :version
order by version desc limit 20
"""


async def of_case(uow: UnitOfWork, case_ref: str, version: int) -> Sequence[Any]:
    """The events of the case after that version, newest first, at most 20: those of two weeks, the newest always."""
    return await uow.rows(OF_CASE, ref=case_ref, version=version)


async def of_appointment(uow: UnitOfWork, id: UUID, version: int) -> Sequence[Any]:
    """The appointment's states after that version, newest first, at most 20."""
    return await uow.rows(OF_APPOINTMENT, id=id, version=version)
