"""Carries out accepted referrals: the household gets a case under the other country's programme, its old one ends.

Same people, same contact, same first registration: what it waited counts there too. Each referral is one unit of work, in
the trace of the acceptance.
"""

import time
from collections.abc import Mapping
from typing import Any

import structlog
from opentelemetry.trace import SpanKind
from pydantic import ValidationError
from sqlalchemy import Row

from services.intake.own_contacts import follow
from services.intake.repository import cases, documents, referrals
from services.intake.repository.cases import CaseNow, result_place
from services.intake.snapshots import REFERRED
from shared import tracing
from shared.crypto import Sealer, Undecipherable
from shared.db import UnitOfWork
from shared.events import CaseEligible, CaseState, CaseWithdrawn
from shared.events.eligibility import EligibilityResult
from shared.outbox import Cause
from shared.reference import new_case_ref
from shared.service import Service
from shared.tracing import Span

log = structlog.get_logger()


async def refer_cases(service: Service) -> None:
    """Every referral that is due; scheduling hears of both cases of each."""
    while span := await service.run(lambda uow: refer_next(uow, service.sealer)):
        span.end()


async def refer_next(uow: UnitOfWork, sealer: Sealer) -> Span | None:
    """Carries out the referral that waits longest, if any: its span, to be ended when it is committed.

    Only an eligible case is referred: whatever else became of it in the meantime is the newer word.
    """
    due = await referrals.next_due(uow)
    if due is None:
        return None
    case, parent = await referrals.lock_case(uow, due.case_ref), tracing.from_traceparent(due.traceparent)
    context = tracing.child_of(parent) if parent else tracing.new_root()
    attributes = {tracing.CASE: tracing.case_hash(due.case_ref), tracing.SYSTEM: due.system}
    span = Span("refer case", SpanKind.INTERNAL, context, parent, attributes, starts_ns=time.time_ns())
    if case.state != CaseState.ELIGIBLE:
        span.error = case.state
        await referrals.record_refused(uow, due.id, f"the case is {case.state}")
        return span
    try:
        new = _new_case(case, due, sealer)
    except (Undecipherable, ValidationError) as error:
        log.error("case.unreadable", case=tracing.case_hash(case.case_ref), error=type(error).__name__)
        await referrals.record_refused(uow, due.id, f"the case cannot be read: {type(error).__name__}")
        return span
    await _carry_out(uow, case, new, sealer, Cause(due.event_id, due.correlation_id, context))
    await referrals.record_done(uow, due.id, old=case.case_ref, new=new.event.case_ref)
    return span


async def _carry_out(uow: UnitOfWork, case: Row[Any], new: CaseNow, sealer: Sealer, cause: Cause) -> None:
    await documents.know_results(uow, new.result.system, [new.result.result_id])
    await cases.store_cases(uow, [new], sealer)
    await follow(uow, case.case_ref, new.event.case_ref, sealer)
    await documents.count(uow, new.result.system, results=0, cases=1)
    withdrawn = {"version": case.version + 1, "state": CaseState.WITHDRAWN, "reason": REFERRED}
    old = CaseWithdrawn.model_validate({**case.snapshot, **withdrawn})
    await cases.end(uow, [old])
    uow.publish(new.event, cause=cause)
    uow.publish(old, cause=cause)


def _new_case(case: Row[Any], due: Row[Any], sealer: Sealer) -> CaseNow:
    """The household under the other programme, as revision 1 of a result that is ours until that country sends a higher one.

    Sites and state bound it to places of the old programme: any place of the new one will do. Raises: Undecipherable.
    """
    ref = new_case_ref()
    here: Mapping[str, Any] = {"system": due.system, "programme": due.programme, "revision": 1, "admin_area": None}
    result = EligibilityResult.model_validate_json(sealer.open(case.result, result_place(case.case_ref)))
    moved = {**here, "result_id": f"PUENTE-{ref}", "reason": REFERRED, "sites": ()}
    event = {**case.snapshot, **here, "version": 1, "case_ref": ref, "reason": None, "sites": ()}
    return CaseNow(
        EligibilityResult.model_validate({**result.model_dump(), **moved}),
        CaseEligible.model_validate({**event, "referred_from": case.case_ref}),
        tuple(case.warnings),
    )
