"""Cases: taking them in, locking them, and saying what became of them.

A case either has a live appointment, or waits for a reason, or its state says that there is nothing to wait for. Its
version is the sequence of its stream; lock the row before reading it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from services.scheduling.repository.known_case import KnownCase, Seniority, known_case, new_case
from shared import tracing
from shared.db import UnitOfWork
from shared.events import CaseChanged, Urgency
from shared.outbox import Cause
from shared.rows import RowType

TAKEN = RowType(
    "case_row",
    "case_ref intake_version system programme state urgency registered_at snapshot correlation_id traceparent referred_from",
)

TAKE_IN = f"""
insert into cases as c (case_ref, intake_version, system, programme, state, urgency, registered_at, snapshot,
                        correlation_id, traceparent, asked_language, asked_needs)
select r.case_ref, r.intake_version, r.system, r.programme, r.state, r.urgency, r.registered_at, r.snapshot,
       r.correlation_id, r.traceparent, b.asked_language, coalesce(b.asked_needs, '{{}}')
from {TAKEN}
left join cases b on b.case_ref = r.referred_from
order by r.case_ref
on conflict (case_ref) do update
set intake_version = excluded.intake_version, programme = excluded.programme, state = excluded.state,
    urgency = excluded.urgency, registered_at = excluded.registered_at, snapshot = excluded.snapshot,
    correlation_id = excluded.correlation_id, traceparent = excluded.traceparent
where c.intake_version < excluded.intake_version
returning new.case_ref, new.calendar_uid, new.asked_language, new.asked_needs, old.case_ref is null as is_new,
  cast(old.snapshot ->> 'valid_until' as date) as valid_until_before
"""  # noqa: S608  only our own constant is put in

LOCK = "select case_ref from cases where case_ref = any(:refs) order by case_ref for update"
LOCK_FREE = f"{LOCK} skip locked"

STATE = """
select c.case_ref, c.version, c.system, c.waiting, c.offers_missed, c.calendar_uid, c.referral,
       c.overdue_since, c.unmet_since is not null as is_unmet, c.asked_language, c.asked_needs, c.correlation_id, c.traceparent, to_jsonb(live) as live, to_jsonb(ended) as ended,
       (select q.id from adjustment_requests q where q.appointment_id = live.id and q.answer is not null
        order by q.answered_at desc, q.id limit 1) as adjustment_answered {snapshot}
from cases c
left join lateral (
  select * from appointments a where a.case_ref = c.case_ref and a.status in ('pending', 'booked', 'arrived', 'checked-in')
  limit 1) live on true
left join lateral (select * from appointments a where a.id = c.ended_appointment limit 1) ended on true
where c.case_ref = any(:refs)
"""
"""With limits, so that appointments are found by their keys: a plan made while there were few would read all of them."""

STATE_ALONE = STATE.format(snapshot="")
READ = STATE.format(snapshot=", c.snapshot")

WAITING = """
select case_ref, urgency, registered_at from cases
where programme = :programme and (waiting = any(:reasons) or :with_live and exists (
    select 1 from appointments a where a.case_ref = cases.case_ref and a.status in ('pending', 'booked')))
  and (urgency <> 'urgent', registered_at, case_ref) > (:not_urgent, :registered_at, :case_ref)
order by urgency <> 'urgent', registered_at, case_ref limit :limit
"""

SAID = RowType("case_said_row", "case_ref waiting offers_missed ended_appointment is_unmet overdue_since")

SAVE = f"""
update cases c set version = c.version + 1, waiting = r.waiting, offers_missed = r.offers_missed,
       ended_appointment = coalesce(r.ended_appointment, c.ended_appointment), overdue_since = r.overdue_since,
       unmet_since = case when r.is_unmet then coalesce(c.unmet_since, :now) end,
       acknowledged_at = case when r.is_unmet then c.acknowledged_at end,
       acknowledged_by = case when r.is_unmet then c.acknowledged_by end,
       plan = case when r.is_unmet then c.plan end
from {SAID}
where c.case_ref = r.case_ref
"""  # noqa: S608  only our own constant is put in


async def take_in(uow: UnitOfWork, snapshots: Sequence[CaseChanged]) -> list[KnownCase]:
    """Stores the newest snapshots and returns their cases, locked, in the order given."""
    rows = []
    for case in snapshots:
        cause = uow.cause_of(case)
        rows.append(
            {
                "case_ref": case.case_ref,
                "intake_version": case.version,
                "system": case.system,
                "programme": case.programme,
                "state": case.state,
                "urgency": case.urgency,
                "registered_at": case.registered_at,
                "snapshot": case.model_dump_json(),
                "correlation_id": cause.correlation_id,
                "traceparent": tracing.to_traceparent(cause.context),
                "referred_from": case.referred_from,
            }
        )
    taken = {row.case_ref: row for row in await uow.rows(TAKE_IN, **TAKEN.of(rows))}
    refs = [case.case_ref for case in snapshots if not ((row := taken.get(case.case_ref)) and row.is_new)]
    states = {row.case_ref: row for row in await uow.rows(STATE_ALONE, refs=refs)} if refs else {}
    return [_taken_in(case, uow.cause_of(case), taken.get(case.case_ref), states) for case in snapshots]


def _taken_in(case: CaseChanged, cause: Cause, taken: Any | None, states: Mapping[str, Any]) -> KnownCase:
    """`taken` is None when a newer snapshot of it is here already."""
    if taken and taken.is_new:
        return new_case(case, taken, cause)
    before = taken.valid_until_before if taken else None
    return replace(known_case(states[case.case_ref], case), cause=cause, valid_until_before=before)


async def lock(uow: UnitOfWork, case_refs: Iterable[str]) -> list[KnownCase]:
    """The cases, locked before they are read; unknown references are left out."""
    refs = sorted(set(case_refs))
    await uow.rows(LOCK, refs=refs)
    return await read(uow, refs)


async def lock_free(uow: UnitOfWork, case_refs: Iterable[str]) -> list[KnownCase]:
    """The same of those that nobody else has locked."""
    return await read(uow, [row.case_ref for row in await uow.rows(LOCK_FREE, refs=sorted(set(case_refs)))])


async def rank_of(uow: UnitOfWork, programme: str, reasons: Iterable[str], seniority: Seniority) -> int:
    """How many wait before this place in the programme's line."""
    rows = await uow.rows(
        """select count(*) as n from cases where waiting = any(:reasons) and programme = :programme
           and (urgency <> 'urgent', registered_at, case_ref) < (:not_urgent, :registered_at, :case_ref)""",
        programme=programme,
        reasons=list(reasons),
        **seniority._asdict(),
    )
    return int(rows[0].n)


async def how_many_wait(uow: UnitOfWork, programme: str) -> int:
    """How many wait under the programme, whatever for."""
    rows = await uow.rows(
        "select count(*) as n from cases where programme = :programme and waiting is not null", programme=programme
    )
    return int(rows[0].n)


async def waiting_after(
    uow: UnitOfWork, programme: str, reasons: Iterable[str], after: Seniority, limit: int, *, with_live: bool = False
) -> list[Seniority]:
    """The next waiting cases of the programme in their order, not locked; also those with an appointment if so asked."""
    rows = await uow.rows(
        WAITING,
        programme=programme,
        reasons=list(reasons),
        with_live=with_live,
        not_urgent=after.not_urgent,
        registered_at=after.registered_at,
        case_ref=after.case_ref,
        limit=limit,
    )
    return [Seniority(row.urgency != Urgency.URGENT, row.registered_at, row.case_ref) for row in rows]


async def read(uow: UnitOfWork, refs: Sequence[str]) -> list[KnownCase]:
    """The cases as they are, not locked; unknown references are left out."""
    rows = await uow.rows(READ, refs=list(refs)) if refs else []
    return [known_case(row, CaseChanged.model_validate(row.snapshot)) for row in rows]


async def save(uow: UnitOfWork, rows: Sequence[dict[str, Any]]) -> None:
    """Raises each case's version by one and stores why it waits, since when for want of a place, and which appointment
    ended last."""
    await uow.execute(SAVE, **SAID.of(rows), now=uow.now)
