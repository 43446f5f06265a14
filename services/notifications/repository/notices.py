"""The notices of cases: read, made, put into new words, withdrawn. The caller holds the locks of the cases."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from services.notifications.domain.notice import Notice, NoticeState, PastNotice
from shared import tracing
from shared.db import UnitOfWork, as_json
from shared.events import Appointment, CaseScheduled, Choice, NoticeKind

OF_CASES = """
select id, case_ref, kind, content, state, may_have_arrived, place from notices
where case_ref = any(:case_refs) order by case_ref, n
"""

INSERT = """
insert into notices (id, case_ref, system, kind, matter, subject, appointment_id, content, sites, calendar_uid, sequence,
                     state, next_try_at, event_id, correlation_id, traceparent, created_at)
select id, case_ref, system, kind, matter, subject, appointment_id, content,
       array(select jsonb_array_elements_text(sites)), calendar_uid, sequence,
       'due', :now, event_id, correlation_id, traceparent, :now
from jsonb_to_recordset(cast(:rows as jsonb)) as r(
  id uuid, case_ref text, system text, kind text, matter text, subject text, appointment_id uuid, content jsonb,
  sites jsonb, calendar_uid uuid, sequence bigint, event_id text, correlation_id text, traceparent text, n int)
order by n
"""

RENEW = """
update notices o set kind = r.kind, content = r.content, sites = array(select jsonb_array_elements_text(r.sites)),
  sequence = r.sequence, event_id = r.event_id, correlation_id = r.correlation_id, traceparent = r.traceparent
from jsonb_to_recordset(cast(:rows as jsonb)) as r(
  id uuid, kind text, content jsonb, sites jsonb, sequence bigint, event_id text, correlation_id text, traceparent text)
where o.id = r.id and o.state in ('due', 'not_reachable', 'failed') and not o.may_have_arrived
"""

WITHDRAW = """
update notices set state = 'withdrawn', closed_at = :now, lease = null, lease_until = null,
  reason = case when state in ('not_reachable', 'failed') then state || ', ' else '' end || :reason
where id = any(:ids) and closed_at is null
"""


@dataclass(frozen=True)
class Asked:
    """A notice that a snapshot asks for; `id` is set when it already stands and only gets new words."""

    notice: Notice
    snapshot: CaseScheduled
    id: UUID | None = None


def notice_of(row: Any) -> Notice:
    """The notice in a row with `kind` and `content`."""
    appointment, earlier, choice = (row.content.get(name) for name in ("appointment", "earlier", "choice"))
    return Notice(
        NoticeKind(row.kind),
        Appointment.model_validate(appointment) if appointment else None,
        Appointment.model_validate(earlier) if earlier else None,
        row.content.get("waiting"),
        closed=row.content.get("closed", False),
        follows=UUID(row.content["follows"]) if row.content.get("follows") else None,
        answered=UUID(row.content["answered"]) if row.content.get("answered") else None,
        days_before=row.content.get("days_before"),
        choice=Choice.model_validate(choice) if choice else None,
        former_place=row.content.get("former_place"),
    )


async def notices_of(uow: UnitOfWork, case_refs: Collection[str]) -> dict[str, list[PastNotice]]:
    """Every notice of each case, oldest first."""
    found: dict[str, list[PastNotice]] = defaultdict(list)
    for row in await uow.rows(OF_CASES, case_refs=list(case_refs)):
        past = PastNotice(row.id, NoticeState(row.state), notice_of(row), row.may_have_arrived, row.place)
        found[row.case_ref].append(past)
    return found


async def add(uow: UnitOfWork, asked: Sequence[Asked]) -> None:
    """Makes notices that are due now. Fails as a lost race when one was made already."""
    if asked:
        await uow.execute(INSERT, rows=as_json([_row(uow, each) for each in asked]), now=uow.now)


async def renew(uow: UnitOfWork, asked: Sequence[Asked]) -> None:
    """Puts notices that did not go out yet into the words of a newer snapshot."""
    if asked:
        await uow.execute(RENEW, rows=as_json([_row(uow, each) for each in asked]))


async def withdraw(uow: UnitOfWork, ids: Collection[UUID], reason: str) -> None:
    """Takes back notices that are not owed any more; the reason says too when there was no address that worked."""
    if ids:
        await uow.execute(WITHDRAW, ids=list(ids), reason=reason, now=uow.now)


def _row(uow: UnitOfWork, asked: Asked) -> dict[str, Any]:
    notice, snapshot, cause = asked.notice, asked.snapshot, uow.cause_of(asked.snapshot)
    named = [each for each in (notice.appointment, notice.earlier) if each]
    return {
        "id": asked.id or uuid4(),
        "case_ref": snapshot.case_ref,
        "system": snapshot.system,
        "kind": notice.kind,
        "matter": notice.matter,
        "subject": notice.subject,
        "appointment_id": notice.appointment.id if notice.appointment else None,
        "content": {
            "appointment": notice.appointment and notice.appointment.model_dump(mode="json", exclude_none=True),
            "earlier": notice.earlier and notice.earlier.model_dump(mode="json", exclude_none=True),
            "waiting": notice.waiting,
            "closed": notice.closed,
            "follows": notice.follows,
            "answered": notice.answered,
            "days_before": notice.days_before,
            "choice": notice.choice and notice.choice.model_dump(mode="json"),
            "former_place": notice.former_place,
        },
        "sites": sorted({each.site for each in named}),
        "calendar_uid": snapshot.calendar_uid,
        "sequence": snapshot.version,
        "event_id": cause.event_id,
        "correlation_id": cause.correlation_id,
        "traceparent": tracing.to_traceparent(cause.context),
    }
