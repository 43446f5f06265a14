"""The sender's queries: claim what is due, hand over, record what became of it.

A claim is a lease of its own: it locks nothing once it is committed, and whoever dies with it gives it back by time.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import structlog
from opentelemetry.trace import SpanContext

from services.notifications.domain.notice import Notice, NoticeState
from services.notifications.repository.notices import notice_of
from shared.db import UnitOfWork, as_json
from shared.events import CaseScheduled, System
from shared.outbox import Cause
from shared.tracing import from_traceparent, new_root, to_traceparent

log = structlog.get_logger()

LEASE = timedelta(seconds=45)
"""Longer than one message may take with the mail server; renewed at each hand-over."""

CLAIM = """
with picked as (
  select id from notices
  where closed_at is null and next_try_at <= :now and (lease_until is null or lease_until <= :now)
    and not exists (
      select 1 from unnest(notices.sites) as named(site)
      where not exists (select 1 from sites where sites.site = named.site))
  order by next_try_at, n limit :limit
  for update skip locked)
update notices set lease = :lease, lease_until = :until from picked where notices.id = picked.id
returning notices.*
"""

LOCK_CASES = """
select c.case_ref, c.snapshot, p.title from cases c left join programmes p using (programme)
where c.case_ref = any(:case_refs) order by c.case_ref for update of c
"""

STILL_OURS = """
select * from notices o
where (o.id, o.lease) in (select * from unnest(cast(:ids as uuid[]), cast(:leases as uuid[]))) and o.closed_at is null
order by o.id for update
"""

HAND_OVER = """
update notices o set state = 'sending', may_have_arrived = true, attempts = attempts + 1, last_attempt = r.traceparent,
  lease_until = :until, language = r.language, channel = 'email', place = r.place
from jsonb_to_recordset(cast(:rows as jsonb)) as r(id uuid, traceparent text, language text, place text)
where o.id = r.id
"""

RECORD_SENT = """
update notices o set state = 'sent', reason = null, provider_reference = r.reference, closed_at = :now,
  lease = null, lease_until = null
from unnest(cast(:ids as uuid[]), cast(:references as text[])) as r(id, reference)
where o.id = r.id and o.closed_at is null
returning o.id, o.undelivered
"""

RECORD_UNDELIVERED = """
update notices set state = :state, reason = :reason, channel = :channel, language = :language,
  undelivered = undelivered + 1, next_try_at = :next_try_at, last_attempt = :last_attempt,
  may_have_arrived = :may_have_arrived, lease = null, lease_until = null
where id = :id and lease = :lease and closed_at is null
returning undelivered
"""

TRY_LATER = """
update notices o set state = r.state, reason = r.reason, next_try_at = r.next_try_at, last_attempt = r.last_attempt,
  may_have_arrived = r.may_have_arrived, lease = null, lease_until = null
from jsonb_to_recordset(cast(:rows as jsonb)) as r(
  id uuid, state text, reason text, next_try_at timestamptz, last_attempt text, may_have_arrived boolean)
where o.id = r.id and o.lease = :lease and o.closed_at is null
"""


@dataclass(frozen=True)
class ClaimedNotice:
    """A notice that is ours to send while `lease` stands."""

    id: UUID
    lease: UUID
    case_ref: str
    system: System
    notice: Notice
    calendar_uid: UUID
    sequence: int
    state: NoticeState
    attempts: int
    undelivered: int
    may_have_arrived: bool
    event_id: str | None
    correlation_id: str
    made_in: SpanContext
    last_attempt: SpanContext | None

    def cause(self, span: SpanContext) -> Cause:
        """What is published about it has the event that asked for it as its cause."""
        return Cause(self.event_id, self.correlation_id, span)


@dataclass(frozen=True)
class KnownCase:
    """The newest snapshot of a case, and the title of its programme when it is known."""

    snapshot: CaseScheduled
    programme: str | None


@dataclass(frozen=True)
class HandedOver:
    """A notice whose message says that the date is at this place; the attempt that sends it."""

    id: UUID
    language: str
    place: str | None
    attempt: SpanContext


@dataclass(frozen=True)
class Later:
    """A notice that could not go now and waits in `state`, with the next try and the attempt that failed."""

    id: UUID
    state: NoticeState
    reason: str
    next_try_at: datetime
    attempt: SpanContext
    may_have_arrived: bool


async def claim(uow: UnitOfWork, limit: int) -> list[ClaimedNotice]:
    """The notices that have been due longest and have all they need; nobody else gets them for the time of a lease.

    One that cannot be read, as what a later release wrote before it was taken back, is left out and said to operations: it
    must not keep the others from being sent.
    """
    lease = uuid4()
    rows = await uow.rows(CLAIM, now=uow.now, until=uow.now + LEASE, lease=lease, limit=limit)
    claimed = []
    for row in sorted(rows, key=lambda row: (row.next_try_at, row.n)):
        try:
            claimed.append(_claimed(row))
        except ValueError:
            log.error("notice.unreadable", notice_id=str(row.id))
    return claimed


async def lock_cases(uow: UnitOfWork, case_refs: Collection[str]) -> dict[str, KnownCase]:
    """The cases by their references, locked in order until the end."""
    rows = await uow.rows(LOCK_CASES, case_refs=list(case_refs))
    return {row.case_ref: KnownCase(CaseScheduled.model_validate(row.snapshot), row.title) for row in rows}


async def still_ours(uow: UnitOfWork, claimed: Sequence[ClaimedNotice]) -> dict[UUID, ClaimedNotice]:
    """The notices as they stand now, by id, without those that were withdrawn or that someone else has."""
    rows = await uow.rows(STILL_OURS, ids=[each.id for each in claimed], leases=[each.lease for each in claimed])
    return {row.id: _claimed(row) for row in rows}


async def hand_over(uow: UnitOfWork, handed_over: Sequence[HandedOver]) -> None:
    """From here on each message may have arrived, until the mail server says no."""
    rows = [
        {
            "id": each.id,
            "traceparent": to_traceparent(each.attempt),
            "language": each.language,
            "place": each.place,
        }
        for each in handed_over
    ]
    if rows:
        await uow.execute(HAND_OVER, rows=as_json(rows), until=uow.now + LEASE)


async def record_sent(uow: UnitOfWork, references: Mapping[UUID, str]) -> dict[UUID, int]:
    """How often each was undelivered before, by its id; what is recorded already is not among them. Needs no lease: what was
    sent was sent."""
    rows = await uow.rows(RECORD_SENT, ids=list(references), references=list(references.values()), now=uow.now)
    return {row.id: row.undelivered for row in rows}


async def record_undelivered(
    uow: UnitOfWork, notice: ClaimedNotice, undelivered: Later, *, channel: str, language: str
) -> int | None:
    """How often it is undelivered now; None when it was not ours to record any more."""
    rows = await uow.rows(
        RECORD_UNDELIVERED,
        id=notice.id,
        lease=notice.lease,
        state=undelivered.state,
        reason=undelivered.reason,
        channel=channel,
        language=language,
        next_try_at=undelivered.next_try_at,
        last_attempt=to_traceparent(undelivered.attempt),
        may_have_arrived=undelivered.may_have_arrived,
    )
    return rows[0].undelivered if rows else None


async def try_later(uow: UnitOfWork, lease: UUID, notices: Sequence[Later]) -> None:
    """Gives notices back until their next try."""
    rows = [
        {
            "id": each.id,
            "state": each.state,
            "reason": each.reason,
            "next_try_at": each.next_try_at.isoformat(),
            "last_attempt": to_traceparent(each.attempt),
            "may_have_arrived": each.may_have_arrived,
        }
        for each in notices
    ]
    await uow.execute(TRY_LATER, lease=lease, rows=as_json(rows))


def _claimed(row: Any) -> ClaimedNotice:
    return ClaimedNotice(
        id=row.id,
        lease=row.lease,
        case_ref=row.case_ref,
        system=System(row.system),
        notice=notice_of(row),
        calendar_uid=row.calendar_uid,
        sequence=row.sequence,
        state=NoticeState(row.state),
        attempts=row.attempts,
        undelivered=row.undelivered,
        may_have_arrived=row.may_have_arrived,
        event_id=row.event_id,
        correlation_id=row.correlation_id,
        made_in=from_traceparent(row.traceparent) or new_root(),
        last_attempt=from_traceparent(row.last_attempt),
    )
