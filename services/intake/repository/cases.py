"""Cases: what the newest revision says, with people and contacts that only intake can read."""

import asyncio
import base64
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any

import structlog
from sqlalchemy import Row

from services.intake.tables import CaseRow
from shared.crypto import Sealer
from shared.db import UnitOfWork, as_json
from shared.events import CaseChanged, CaseExpired
from shared.events.eligibility import EligibilityResult
from shared.tracing import case_hash

log = structlog.get_logger()

UPSERT_CASES = """
insert into cases (case_ref, system, result_id, version, revision, state, programme, valid_until, snapshot, warnings,
  contact, result, changed_at)
select case_ref, system, result_id, version, revision, state, programme, valid_until, snapshot, warnings,
  decode(contact, 'base64'), decode(result, 'base64'), :now
from jsonb_to_recordset(cast(:rows as jsonb)) as r(case_ref text, system text, result_id text, version bigint,
  revision bigint, state text, programme text, valid_until date, snapshot jsonb, warnings text[], contact text, result text)
order by case_ref
on conflict (case_ref) do update set version = excluded.version, revision = excluded.revision, state = excluded.state,
  programme = excluded.programme, valid_until = excluded.valid_until, snapshot = excluded.snapshot,
  warnings = excluded.warnings, contact = excluded.contact, result = excluded.result, changed_at = excluded.changed_at
"""

LOCK_EXPIRING = """
select case_ref, version, snapshot from cases
where state = 'eligible' and valid_until < :today and case_ref > :after order by case_ref limit :most for update skip locked
"""

END = """
update cases set version = r.version, state = r.state, snapshot = r.snapshot, changed_at = :now
from jsonb_to_recordset(cast(:rows as jsonb)) as r(case_ref text, version bigint, state text, snapshot jsonb)
where cases.case_ref = r.case_ref
"""

SEALED = """
select case_ref, contact, result, snapshot ->> 'reachable' as reachable,
  o.email as own_email, o.locale as own_locale, o.safe_hours as own_hours
from cases left join own_contacts o using (case_ref) where case_ref = any(:refs)
"""

INSERT_LOOKS = """
insert into contact_looks (looked_at, who, case_ref, what, why, traceparent)
select :now, :who, case_ref, :what, :why, traceparent
from jsonb_to_recordset(cast(:rows as jsonb)) as r(case_ref text, traceparent text)
"""

COUNTS = """
select system, sum(results)::bigint as results, sum(cases)::bigint as cases, sum(told)::bigint as told,
  (select count(*) from tellings t where t.system = counts.system and t.next_try_at is not null) as untold
from counts group by system
"""


@dataclass(frozen=True, slots=True)
class CaseNow:
    """A case as it is from now on."""

    result: EligibilityResult = field(repr=False)
    event: CaseChanged
    warnings: tuple[str, ...]


async def store_cases(uow: UnitOfWork, cases: Sequence[CaseNow], sealer: Sealer) -> None:
    """Makes or changes these cases. Rows that exist are locked by the caller."""
    if cases:
        rows = await asyncio.to_thread(lambda: as_json([_row(case, sealer) for case in cases]))
        await uow.execute(UPSERT_CASES, now=uow.now, rows=rows)


def _row(case: CaseNow, sealer: Sealer) -> dict[str, Any]:
    event, result = case.event, case.result
    return {
        "case_ref": event.case_ref,
        "system": event.system,
        "result_id": result.result_id,
        "version": event.version,
        "revision": event.revision,
        "state": event.state,
        "programme": event.programme,
        "valid_until": event.valid_until,
        "snapshot": event.model_dump(mode="json"),
        "warnings": list(case.warnings),
        "contact": _sealed(result.contact.model_dump_json(), contact_place(event.case_ref), sealer),
        "result": _sealed(result.model_dump_json(), result_place(event.case_ref), sealer),
    }


def contact_place(case_ref: str) -> str:
    """Where the contact of a case belongs, for its encryption."""
    return f"cases.contact:{case_ref}"


def result_place(case_ref: str) -> str:
    """Where the result of a case belongs, for its encryption."""
    return f"cases.result:{case_ref}"


def _sealed(text: str, place: str, sealer: Sealer) -> str:
    return base64.b64encode(sealer.seal(text.encode(), place)).decode()


async def find_case(uow: UnitOfWork, case_ref: str) -> CaseRow | None:
    return await uow.session.get(CaseRow, case_ref)


async def expiring(uow: UnitOfWork, today: date, most: int, after: str) -> tuple[list[CaseExpired], str]:
    """Eligible cases whose last day is over, locked, as they will be, and the last reference looked at, empty when there is
    none. Those that somebody else holds come next time; so do those that cannot be read, which is said to operations."""
    rows = await uow.rows(LOCK_EXPIRING, today=today, most=most, after=after)
    found = []
    for row in rows:
        try:
            found.append(CaseExpired.model_validate({**row.snapshot, "version": row.version + 1, "state": "expired"}))
        except ValueError:
            log.error("case.unreadable", case=case_hash(row.case_ref))
    return found, rows[-1].case_ref if rows else ""


async def end(uow: UnitOfWork, cases: Sequence[CaseChanged]) -> None:
    """Stores the state, the snapshot and the version of locked cases that ended without a word of their country."""
    rows = [
        {**case.model_dump(include={"case_ref", "version", "state"}), "snapshot": case.model_dump(mode="json")}
        for case in cases
    ]
    await uow.execute(END, now=uow.now, rows=as_json(rows))


@dataclass(frozen=True, slots=True)
class Look:
    """Who looks at what of a case, `contact` or `people`, and why."""

    who: str
    what: str
    why: str


async def look_at(uow: UnitOfWork, traceparents: dict[str, str | None], look: Look) -> Sequence[Row[Any]]:
    """The encrypted contacts and results of these cases, after noting in the same transaction who looked at which, and why."""
    found = await uow.rows(SEALED, refs=list(traceparents))
    looks = [{"case_ref": row.case_ref, "traceparent": traceparents[row.case_ref]} for row in found]
    if looks:
        await uow.execute(INSERT_LOOKS, now=uow.now, **asdict(look), rows=as_json(looks))
    return found


async def counts(uow: UnitOfWork) -> dict[str, dict[str, int]]:
    """By country: receipts ever given, cases ever made, messages that its system took, cases of which it is to be told."""
    names = ("results", "cases", "told", "untold")
    known = {row.system: {name: getattr(row, name) for name in names} for row in await uow.rows(COUNTS)}
    return {system: known.get(system, dict.fromkeys(names, 0)) for system in ("us", "mx", "ca")}
