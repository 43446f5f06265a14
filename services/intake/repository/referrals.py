"""Accepted referrals: noted when scheduling says so, carried out by the job, each once. Set-based where many come at once."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from shared import tracing
from shared.db import UnitOfWork, as_json
from shared.events import CaseScheduled

NOTE = """
insert into referrals (id, case_ref, programme, event_id, correlation_id, traceparent, noted_at)
select id, case_ref, programme, event_id, correlation_id, traceparent, :now
from jsonb_to_recordset(cast(:rows as jsonb)) as r(
  id uuid, case_ref text, programme text, event_id text, correlation_id text, traceparent text)
order by id
on conflict (id) do nothing
"""

DUE = """
select r.id, r.event_id, r.correlation_id, r.traceparent, r.case_ref, p.programme, p.system
from referrals r join programmes p using (programme)
where r.done_at is null and exists (select 1 from cases c where c.case_ref = r.case_ref)
order by r.noted_at, r.id limit 1
for update of r skip locked
"""

TAKE_BACK = """
update referrals set done_at = :now, refused = 'it was taken back' where done_at is null and case_ref = any(:refs)
"""

LOCK_CASE = "select * from cases where case_ref = :case_ref for update"

JOIN_CASES = """
update cases set referred_from = case when case_ref = :new then :old else referred_from end,
  referred_to = case when case_ref = :old then :new else referred_to end
where case_ref in (:new, :old)
"""


async def note(uow: UnitOfWork, accepted: Sequence[CaseScheduled]) -> None:
    """Referrals that were accepted are to be carried out; one that is known already stays as it is."""
    rows = []
    for snapshot in accepted:
        assert snapshot.referral is not None  # noqa: S101  only called for such
        cause = uow.cause_of(snapshot)
        rows.append(
            {
                "id": snapshot.referral.id,
                "case_ref": snapshot.case_ref,
                "programme": snapshot.referral.programme,
                "event_id": cause.event_id,
                "correlation_id": cause.correlation_id,
                "traceparent": tracing.to_traceparent(cause.context),
            }
        )
    if rows:
        await uow.execute(NOTE, rows=as_json(rows), now=uow.now)


async def take_back(uow: UnitOfWork, case_refs: Sequence[str]) -> None:
    """Of referrals of these cases that are not carried out yet nothing comes any more."""
    if case_refs:
        await uow.execute(TAKE_BACK, refs=list(case_refs), now=uow.now)


async def next_due(uow: UnitOfWork) -> Row[Any] | None:
    """The accepted referral that waits longest and of which case and programme are known, locked: with the programme's
    system and the cause of what follows."""
    return next(iter(await uow.rows(DUE)), None)


async def lock_case(uow: UnitOfWork, case_ref: str) -> Row[Any]:
    """The whole row of a case that is known, locked."""
    return (await uow.rows(LOCK_CASE, case_ref=case_ref))[0]


async def record_done(uow: UnitOfWork, id: UUID, *, old: str, new: str) -> None:
    """The household's case is `new` from now on; both cases say so."""
    await uow.execute(JOIN_CASES, old=old, new=new)
    await uow.execute(
        "update referrals set done_at = :now, new_case_ref = :new where id = :id", now=uow.now, new=new, id=id
    )


async def record_refused(uow: UnitOfWork, id: UUID, why: str) -> None:
    """Nothing came of it."""
    await uow.execute("update referrals set done_at = :now, refused = :why where id = :id", now=uow.now, why=why, id=id)
