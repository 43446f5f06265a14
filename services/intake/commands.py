"""What senders and services ask of intake, each in one transaction."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import structlog
from opentelemetry.trace import SpanKind
from pydantic import BaseModel, ValidationError

from services.intake import snapshots
from services.intake.adapters.canonical import canonical
from services.intake.domain.judge import History, Verdict, World, judge_document
from services.intake.domain.receipts import Receipt, receipt
from services.intake.domain.results import Reported
from services.intake.repository import cases, documents, reference
from services.intake.repository.cases import CaseNow, Look
from services.intake.repository.documents import Document, KnownCase
from services.intake.repository.own_contacts import email_place, hours_place
from shared import tracing
from shared.crypto import Sealer, Undecipherable
from shared.db import UnitOfWork
from shared.events import Reachable
from shared.events.eligibility import EligibilityResult, HouseholdContact, HouseholdMember
from shared.outbox import Cause
from shared.reference import new_case_ref
from shared.tracing import Span

log = structlog.get_logger()
Kept = TypeVar("Kept", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Contact:
    """How a household is reached, for the service that will send it something. Never log it."""

    case_ref: str
    contact: HouseholdContact = field(repr=False)
    reachable: str


@dataclass(frozen=True, slots=True)
class Household:
    """The people of a case, for staff who check them in. Never log it."""

    case_ref: str
    persons: tuple[HouseholdMember, ...] = field(repr=False)


async def receive(
    uow: UnitOfWork, document: Document, results: Sequence[Reported], sealer: Sealer
) -> tuple[list[Receipt], list[Span]]:
    """Keeps the document, judges its results in order and makes their cases: the receipts.

    Each result has a trace of its own that begins with the span returned for it, to be ended when this is committed; the
    only result of a document belongs to its request's trace.
    """
    await documents.store_document(uow, document, sealer)
    history, known = await documents.lock_known(uow, document.system, results)
    world = await reference.world(uow)
    making = _Making(uow, known, _spans(document.system, len(results)))
    # Thousands of results take a second: beside the event loop, so that others are answered meanwhile.
    verdicts, receipts = await asyncio.to_thread(making.judge, results, history, world)
    await documents.store_revisions(uow, document, list(zip(results, verdicts, strict=True)))
    await cases.store_cases(uow, list(making.changed.values()), sealer)
    await documents.store_receipts(uow, document, results, receipts, new_cases=making.new)
    return receipts, making.spans


@dataclass
class _Making:
    """The cases that a document makes and changes, one result after the other."""

    uow: UnitOfWork
    known: dict[str, KnownCase]
    spans: list[Span]
    changed: dict[str, CaseNow] = field(default_factory=dict)
    new: int = 0

    def judge(self, results: Sequence[Reported], history: History, world: World) -> tuple[list[Verdict], list[Receipt]]:
        """Judges every result and publishes what it changes."""
        verdicts = judge_document(results, history, world, self.uow.now.date())
        receipts = [
            receipt(at, reported, verdict, self._case_of(reported, verdict, span))
            for at, (reported, verdict, span) in enumerate(zip(results, verdicts, self.spans, strict=True))
        ]
        return verdicts, receipts

    def _case_of(self, reported: Reported, verdict: Verdict, span: Span) -> str | None:
        """The reference of the result's case, if it has one by now."""
        if verdict.receipt == "accepted" and verdict.state and reported.result_id:
            self._accept(reported, reported.result_id, verdict, verdict.state, span)
        case = self.known.get(reported.result_id or "")
        if case is None:
            return None
        span.attributes[tracing.CASE] = tracing.case_hash(case.case_ref)
        return case.case_ref

    def _accept(self, reported: Reported, result_id: str, verdict: Verdict, state: str, span: Span) -> None:
        case = self.known.get(result_id)
        if case is None:
            case = self.known[result_id] = KnownCase(new_case_ref(), 0)
            self.new += 1
        case.version += 1
        result = canonical(reported)
        event = snapshots.case_changed(reported, result, state, case)
        case.registered_at = event.registered_at
        self.uow.publish(event, cause=Cause.first(span.context))
        self.changed[case.case_ref] = CaseNow(result, event, verdict.warnings)


def _spans(system: str, count: int) -> list[Span]:
    request, now = tracing.current(), time.time_ns()
    attributes = {tracing.SYSTEM: system}
    if count == 1:
        return [
            Span("receive result", SpanKind.INTERNAL, tracing.child_of(request), request, attributes, starts_ns=now)
        ]
    return [
        Span("receive result", SpanKind.INTERNAL, tracing.new_root(), None, dict(attributes), (request,), now)
        for _ in range(count)
    ]


async def quarantine(uow: UnitOfWork, document: Document, code: str, sealer: Sealer) -> None:
    """Keeps the bytes of a document that cannot be read, and nothing else of it."""
    await documents.store_document(uow, document, sealer, refused=code)


async def contacts_of(
    uow: UnitOfWork,
    traceparents: Mapping[str, str | None],
    sealer: Sealer,
    *,
    who: str,
    why: str = "to send a notice",
) -> list[Contact]:
    """The contacts of the cases that we know among these; each look is recorded. Values: the trace of each question.

    What a household said itself comes before what its country says. A contact that cannot be deciphered or read is left out
    and said to operations: it must not keep the others from theirs.
    """
    found = await cases.look_at(uow, _traced(traceparents), Look(who, "contact", why))
    return [contact for row in found if (contact := _contact(row, sealer))]


def _contact(row: Any, sealer: Sealer) -> Contact | None:
    ref = row.case_ref
    plain = _opened(row.contact, cases.contact_place(ref), ref, sealer)
    own = {
        "locale": row.own_locale.encode() if row.own_locale else None,
        "email": row.own_email and _opened(row.own_email, email_place(ref), ref, sealer),
        "safe_hours": row.own_hours and _opened(row.own_hours, hours_place(ref), ref, sealer),
    }
    if plain is None or (row.own_email and own["email"] is None) or (row.own_hours and own["safe_hours"] is None):
        return None
    said = {name: value.decode() or None for name, value in own.items() if value is not None}
    contact = _read(HouseholdContact, plain, ref)
    if contact is None:
        return None
    return Contact(ref, contact.model_copy(update=said), Reachable.YES if row.own_email else row.reachable)


async def people_of(
    uow: UnitOfWork, traceparents: Mapping[str, str | None], sealer: Sealer, *, who: str
) -> list[Household]:
    """The people of the cases that we know among these, by their newest revision; recorded and left out in the same way."""
    found = await cases.look_at(uow, _traced(traceparents), Look(who, "people", "to check in"))
    return [Household(row.case_ref, result.persons) for row in found if (result := _result(row, sealer))]


async def birth_fits(
    uow: UnitOfWork, traceparents: Mapping[str, str | None], year: int, sealer: Sealer, *, who: str
) -> bool:
    """Whether someone of these cases who must come was born in that year, by its newest revision; recorded in the same way.
    False for a case that we do not know."""
    look = Look(who, "people", "to say whether a year of birth fits")
    found = await cases.look_at(uow, _traced(traceparents), look)
    persons = [each for row in found if (result := _result(row, sealer)) for each in result.persons]
    return year in {person.born_on.year for person in persons if person.attends}


def _traced(traceparents: Mapping[str, str | None]) -> dict[str, str | None]:
    """Without what is no trace."""
    return {ref: parent if tracing.from_traceparent(parent) else None for ref, parent in traceparents.items()}


def _result(row: Any, sealer: Sealer) -> EligibilityResult | None:
    plain = _opened(row.result, cases.result_place(row.case_ref), row.case_ref, sealer)
    return None if plain is None else _read(EligibilityResult, plain, row.case_ref)


def _read(kind: type[Kept], plain: bytes, case_ref: str) -> Kept | None:
    """None for what another release wrote and this one cannot read."""
    try:
        return kind.model_validate_json(plain)
    except ValidationError:
        log.error("case.unreadable", case=tracing.case_hash(case_ref))
        return None


def _opened(sealed: bytes, place: str, case_ref: str, sealer: Sealer) -> bytes | None:
    try:
        return sealer.open(sealed, place)
    except Undecipherable:
        log.error("case.undecipherable", case=tracing.case_hash(case_ref))
        return None
