"""What the countries' systems are to be told: noted, claimed for a time, recorded as told or left for later. Set-based.

A claim is a lease: it locks nothing once it is committed, and whoever dies with it gives it back by time.
"""

import random
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4, uuid5

import structlog
from opentelemetry.trace import SpanContext

from services.intake.domain.facts import Fact, Origin, Telling, fact_of, word_for
from services.intake.repository.documents import SHARDS
from shared.db import UnitOfWork, as_json
from shared.events import CaseScheduled, System
from shared.tracing import case_hash, from_traceparent, new_root, to_traceparent

log = structlog.get_logger()

LEASE = timedelta(seconds=20)
"""Longer than a batch may be on its way; a slower one tells something twice, under the same id."""

TELLINGS = UUID("0f6a3c52-6a1e-4d0e-9a43-1d2f8f0c7b11")
"""Namespace of the ids under which countries are told."""

NOTE = """
insert into tellings as t (case_ref, system, version, fact, next_try_at, traceparent)
select case_ref, system, version, fact, :now, traceparent
from jsonb_to_recordset(cast(:rows as jsonb)) as r(case_ref text, system text, version bigint, fact jsonb, traceparent text)
order by case_ref
on conflict (case_ref) do update set version = excluded.version, fact = excluded.fact, traceparent = excluded.traceparent,
  -- What was tried in vain, or is on its way, may have arrived: then even what was told before is news again.
  next_try_at = case when t.told = excluded.fact and t.tries = 0 and t.lease is null then null else excluded.next_try_at end,
  tries = 0, last_error = null, last_attempt = null
where t.fact <> excluded.fact
"""

CLAIM = """
with picked as (
  select case_ref from tellings
  where system = :system and next_try_at <= :now and (lease_until is null or lease_until <= :now)
    and exists (select 1 from cases where cases.case_ref = tellings.case_ref)
  order by next_try_at, case_ref limit :limit
  for update skip locked)
update tellings t set lease = :lease, lease_until = :until
from picked join cases c using (case_ref) where t.case_ref = picked.case_ref
returning t.*, c.result_id, c.revision, c.programme, c.referred_from, c.snapshot ->> 'registered_at' as registered_at
"""

RECORD_TOLD = """
update tellings t set told = r.fact, told_at = :now, lease = null, lease_until = null,
  next_try_at = case when t.fact = r.fact then null else coalesce(t.next_try_at, :now) end
from jsonb_to_recordset(cast(:rows as jsonb)) as r(case_ref text, fact jsonb)
where t.case_ref = r.case_ref
"""

TRY_LATER = """
update tellings t set next_try_at = r.at, tries = t.tries + 1, last_error = :error, last_attempt = r.attempt,
  lease = null, lease_until = null
from jsonb_to_recordset(cast(:rows as jsonb)) as r(case_ref text, attempt text, at timestamptz)
where t.case_ref = r.case_ref and t.lease = :lease
"""

COUNT = """
insert into counts (system, shard, results, cases, told) values (:system, :shard, 0, 0, :told)
on conflict (system, shard) do update set told = counts.told + excluded.told
"""


@dataclass(frozen=True, slots=True)
class Claimed:
    """A message that is ours to send while `lease` stands; `tries` were in vain, the last of them in `last_attempt`."""

    telling: Telling
    lease: UUID
    tries: int
    made_in: SpanContext
    last_attempt: SpanContext | None


async def note(uow: UnitOfWork, snapshots: Sequence[CaseScheduled]) -> None:
    """Each case's newest fact is to be told, unless it was told just that."""
    rows = [
        {
            "case_ref": snapshot.case_ref,
            "system": snapshot.system,
            "version": snapshot.version,
            "fact": asdict(fact_of(snapshot)),
            "traceparent": to_traceparent(uow.cause_of(snapshot).context),
        }
        for snapshot in snapshots
    ]
    await uow.execute(NOTE, rows=as_json(rows), now=uow.now)


async def claim(uow: UnitOfWork, system: System, limit: int) -> list[Claimed]:
    """The messages to this system that have been due longest; nobody else gets them for the time of a lease.

    One that cannot be read, as what a later release wrote before it was taken back, is left out and said to operations.
    """
    lease = uuid4()
    rows = await uow.rows(CLAIM, system=system, now=uow.now, until=uow.now + LEASE, lease=lease, limit=limit)
    claimed = []
    for row in sorted(rows, key=lambda row: (row.next_try_at, row.case_ref)):
        try:
            claimed.append(_claimed(row))
        except (TypeError, ValueError):
            log.error("telling.unreadable", case=case_hash(row.case_ref))
    return claimed


async def record_told(uow: UnitOfWork, system: System, told: Sequence[Claimed]) -> None:
    """They were told; a fact that came meanwhile stays due. Needs no lease: what was told was told."""
    rows = [{"case_ref": each.telling.case_ref, "fact": asdict(each.telling.fact)} for each in told]
    await uow.execute(RECORD_TOLD, rows=as_json(rows), now=uow.now)
    await uow.execute(COUNT, system=system, shard=random.randrange(SHARDS), told=len(told))


async def try_later(
    uow: UnitOfWork,
    claimed: Sequence[Claimed],
    attempts: Sequence[SpanContext],
    *,
    error: str,
    at: Sequence[datetime],
) -> None:
    """Gives messages of one claim back, each until its own next try, with the attempts that failed."""
    rows = [
        {"case_ref": each.telling.case_ref, "attempt": to_traceparent(attempt), "at": next_try_at}
        for each, attempt, next_try_at in zip(claimed, attempts, at, strict=True)
    ]
    await uow.execute(TRY_LATER, rows=as_json(rows), lease=claimed[0].lease, error=error)


def _claimed(row: Any) -> Claimed:
    fact, told = Fact(**row.fact), Fact(**row.told) if row.told else None
    telling = Telling(
        id=uuid5(TELLINGS, f"{row.case_ref} {row.version}"),
        result_id=row.result_id,
        revision=row.revision,
        programme=row.programme,
        case_ref=row.case_ref,
        version=row.version,
        state=word_for(fact, told),
        fact=fact,
        origin=Origin(row.referred_from, f"{row.registered_at[:19]}Z") if row.referred_from else None,
    )
    return Claimed(
        telling=telling,
        lease=row.lease,
        tries=row.tries,
        made_in=from_traceparent(row.traceparent) or new_root(),
        last_attempt=from_traceparent(row.last_attempt),
    )
