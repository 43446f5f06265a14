"""Documents, what is known of their results, and the receipts that they were given."""

import random
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from services.intake.domain.judge import History, Verdict
from services.intake.domain.receipts import Receipt
from services.intake.domain.results import Reported
from shared.crypto import Sealer
from shared.db import UnitOfWork, as_json

SHARDS = 16

INSERT_DOCUMENT = """
insert into documents (id, system, received_at, content_type, raw, refused)
values (:id, :system, :now, :content_type, :raw, :refused)
"""

CLAIM_DELIVERIES = """
insert into deliveries (system, delivery_id)
select :system, delivery_id from unnest(cast(:ids as uuid[])) as delivery_id order by delivery_id
on conflict do nothing
returning delivery_id
"""

KNOW_RESULTS = """
insert into results (system, result_id)
select :system, result_id from unnest(cast(:ids as text[])) as result_id order by result_id
on conflict do nothing
"""

LOCK_RESULTS = """
select result_id from results where system = :system and result_id = any(:ids) order by result_id for update
"""

KNOWN_REVISIONS = """
select result_id, revision, digest from revisions where system = :system and result_id = any(:ids)
"""

LOCK_CASES = """
select result_id, case_ref, version, referred_from, referred_to, (snapshot ->> 'registered_at')::timestamptz as registered_at
from cases where system = :system and result_id = any(:ids)
order by case_ref for update
"""

INSERT_REVISIONS = """
insert into revisions (system, result_id, revision, digest, receipt, document_id)
select :system, result_id, revision, decode(digest, 'hex'), receipt, :document_id
from jsonb_to_recordset(cast(:rows as jsonb)) as r(result_id text, revision bigint, digest text, receipt text)
"""

INSERT_RECEIPTS = """
insert into receipts (document_id, index, system, result_id, revision, delivery_id, receipt, case_ref, codes, warnings, errors)
select :document_id, index, :system, id, revision, delivery_id, receipt, case_ref, codes, warnings, errors
from jsonb_to_recordset(cast(:rows as jsonb)) as r(index int, id text, revision bigint, delivery_id uuid, receipt text,
  case_ref text, codes text[], warnings text[], errors jsonb)
"""

COUNT = """
insert into counts (system, shard, results, cases) values (:system, :shard, :results, :cases)
on conflict (system, shard) do update set results = counts.results + excluded.results, cases = counts.cases + excluded.cases
"""


@dataclass(frozen=True, slots=True)
class Document:
    """A document as it came from one country's system."""

    id: UUID
    system: str
    content_type: str
    raw: bytes = field(repr=False)


@dataclass(slots=True)
class KnownCase:
    """The case of a result id and its version, and where its household came from or went on to; the row is locked."""

    case_ref: str
    version: int
    referred_from: str | None = None
    referred_to: str | None = None
    registered_at: datetime | None = None


async def store_document(uow: UnitOfWork, document: Document, sealer: Sealer, *, refused: str | None = None) -> None:
    """Keeps the bytes, encrypted; `refused` is the code for which nothing else of them is kept."""
    raw = sealer.seal(document.raw, f"documents.raw:{document.id}")
    await uow.execute(
        INSERT_DOCUMENT,
        id=document.id,
        system=document.system,
        now=uow.now,
        content_type=document.content_type[:200].replace("\0", ""),
        raw=raw,
        refused=refused,
    )


async def lock_known(uow: UnitOfWork, system: str, results: Sequence[Reported]) -> tuple[History, dict[str, KnownCase]]:
    """What is known of these results, and the cases of their ids; nobody else can change either until the end.

    Two documents that name the same delivery or result act one after the other: the second one waits here. Rows are locked
    sorted, deliveries before results before cases.
    """
    deliveries = sorted({each.delivery_id for each in results if each.delivery_id})
    ids = sorted({each.result_id for each in results if each.result_id})
    ours = await _claim_deliveries(uow, system, deliveries)
    history = History(deliveries=set(deliveries) - ours)
    if not ids:
        return history, {}
    await know_results(uow, system, ids)
    await uow.execute(LOCK_RESULTS, system=system, ids=ids)
    for row in await uow.rows(KNOWN_REVISIONS, system=system, ids=ids):
        history.revisions.setdefault(row.result_id, {})[row.revision] = row.digest
    cases = await uow.rows(LOCK_CASES, system=system, ids=ids)
    return history, {
        row.result_id: KnownCase(row.case_ref, row.version, row.referred_from, row.referred_to, row.registered_at)
        for row in cases
    }


async def know_results(uow: UnitOfWork, system: str, ids: Sequence[str]) -> None:
    """Makes the rows of results that were never sent before."""
    await uow.execute(KNOW_RESULTS, system=system, ids=list(ids))


async def _claim_deliveries(uow: UnitOfWork, system: str, ids: Collection[str]) -> set[str]:
    """The delivery ids that nobody has claimed before us."""
    if not ids:
        return set()
    rows = await uow.rows(CLAIM_DELIVERIES, system=system, ids=[UUID(each) for each in ids])
    return {str(row.delivery_id) for row in rows}


async def store_revisions(uow: UnitOfWork, document: Document, judged: Sequence[tuple[Reported, Verdict]]) -> None:
    """Remembers the revisions that are known from now on."""
    rows = [
        {
            "result_id": reported.result_id,
            "revision": reported.revision,
            "digest": verdict.digest.hex(),
            "receipt": verdict.receipt,
        }
        for reported, verdict in judged
        if verdict.digest
    ]
    if rows:
        await uow.execute(INSERT_REVISIONS, system=document.system, document_id=document.id, rows=as_json(rows))


async def store_receipts(
    uow: UnitOfWork, document: Document, results: Sequence[Reported], receipts: Sequence[Receipt], *, new_cases: int
) -> None:
    """Keeps what the sender is told, and counts it."""
    rows = [
        {**receipt.document(), "delivery_id": reported.delivery_id}
        for reported, receipt in zip(results, receipts, strict=True)
    ]
    if rows:
        await uow.execute(INSERT_RECEIPTS, system=document.system, document_id=document.id, rows=as_json(rows))
        await count(uow, document.system, results=len(rows), cases=new_cases)


async def count(uow: UnitOfWork, system: str, *, results: int, cases: int) -> None:
    """Counts receipts given and cases made."""
    await uow.execute(COUNT, system=system, shard=random.randrange(SHARDS), results=results, cases=cases)
