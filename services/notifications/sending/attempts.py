"""One try to send one notice: its span, and how each outcome is recorded and published."""

import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from opentelemetry.trace import SpanKind

from services.notifications.channels.email import TryAgainLater
from services.notifications.domain.notice import UNDELIVERED, NoticeState
from services.notifications.repository import sending
from services.notifications.repository.sending import ClaimedNotice, Later
from shared import tracing
from shared.back_off import next_try
from shared.db import UnitOfWork
from shared.events import NoticeFailed, NoticeSent

WAITS_FOR_ADDRESS = (timedelta(minutes=10), timedelta(hours=1), timedelta(hours=6))
"""How long a notice that no address took waits for its next tries; the last for all that follow, while it is owed.
Source: docs/domain.md, "Messages"."""

TRIES_AT_A_MAILBOX = 20
"""After so many, which take about an hour, a mailbox that cannot take its message for now is tried once an hour. Source:
docs/domain.md, "Messages"."""

NOT_REACHABLE = "not_reachable"
REFUSED = "refused"


@dataclass
class Attempt:
    """One try, in the trace of the event that asked for the notice; the try before, if any, is linked."""

    notice: ClaimedNotice
    span: tracing.Span

    @classmethod
    def of(cls, notice: ClaimedNotice) -> "Attempt":
        attributes = {
            tracing.CASE: tracing.case_hash(notice.case_ref),
            tracing.SYSTEM: str(notice.system),
            tracing.ATTEMPT: notice.attempts + 1,
        }
        links = (notice.last_attempt,) if notice.last_attempt else ()
        context, name = tracing.child_of(notice.made_in), f"send notice {notice.notice.kind}"
        span = tracing.Span(name, SpanKind.CLIENT, context, notice.made_in, attributes, links, time.time_ns())
        return cls(notice, span)

    def ended_by(self, error: BaseException) -> None:
        """Its span will say what went wrong."""
        self.span.error = type(error).__qualname__

    def later(self, reason: str, at: datetime, *, may_have_arrived: bool = False) -> Later:
        """The notice, to be tried again; what may have arrived once stays so."""
        arrived = may_have_arrived or self.notice.may_have_arrived
        return Later(self.notice.id, NoticeState.DUE, reason, at, self.span.context, arrived)

    def next_try(self, later: TryAgainLater, now: datetime) -> datetime:
        """When to try again what the mail server did not take this time."""
        tries = self.notice.attempts + 1
        if later.about_recipient and tries > TRIES_AT_A_MAILBOX:
            return now + timedelta(hours=1) * random.uniform(0.9, 1.1)
        return next_try(now, tries)

    def unasked(self, reason: str, at: datetime) -> Later:
        """The notice when nobody could say how to reach its household: what had no address still has none."""
        later = self.later(reason, at)
        return replace(later, state=self.notice.state) if self.notice.state in UNDELIVERED else later

    def undelivered(self, state: NoticeState, reason: str, now: datetime) -> Later:
        """The notice, waiting for an address that works."""
        wait = WAITS_FOR_ADDRESS[min(self.notice.undelivered, len(WAITS_FOR_ADDRESS) - 1)]
        return replace(self.later(reason, now + wait * random.uniform(0.9, 1.1)), state=state)


@dataclass(frozen=True)
class Sent:
    """A notice that the mail server took, in this language and under this reference."""

    attempt: Attempt
    language: str
    reference: str


async def record_sent(uow: UnitOfWork, all_sent: Sequence[Sent]) -> None:
    """Sent, each once, with the event that says so."""
    await sending.lock_cases(uow, {each.attempt.notice.case_ref for each in all_sent})
    undelivered = await sending.record_sent(uow, {each.attempt.notice.id: each.reference for each in all_sent})
    for each in all_sent:
        notice, attempt = each.attempt.notice, each.attempt
        if notice.id in undelivered:
            facts = _facts(notice, channel="email", language=each.language)
            version = 2 if undelivered[notice.id] else 1
            sent = NoticeSent(**facts, version=version, provider_reference=each.reference)
            uow.publish(sent, cause=notice.cause(attempt.span.context))


async def record_refused(uow: UnitOfWork, attempt: Attempt, *, language: str) -> None:
    """The mail server will never take it for this address."""
    await _record_undelivered(uow, attempt, NoticeState.FAILED, reason=REFUSED, channel="email", language=language)


async def record_not_reachable(uow: UnitOfWork, attempt: Attempt, *, language: str) -> None:
    """There is no address to send it to: visible, so that somebody can reach the household another way, or add one."""
    await _record_undelivered(
        uow, attempt, NoticeState.NOT_REACHABLE, reason=NOT_REACHABLE, channel="none", language=language
    )


async def try_later(uow: UnitOfWork, notice: ClaimedNotice, later: Sequence[Later]) -> None:
    """Gives notices of one claim back until their next try."""
    await sending.try_later(uow, notice.lease, later)


async def _record_undelivered(
    uow: UnitOfWork, attempt: Attempt, state: NoticeState, *, reason: str, channel: str, language: str
) -> None:
    """Recorded each time, said once: a notice's stream has the version 1, and 2 when it is sent after it failed."""
    notice = attempt.notice
    attempt.span.error = reason
    await sending.lock_cases(uow, [notice.case_ref])
    again = attempt.undelivered(state, reason, uow.now)
    if await sending.record_undelivered(uow, notice, again, channel=channel, language=language) == 1:
        failed = NoticeFailed(**_facts(notice, channel=channel, language=language), version=1, reason=reason)
        uow.publish(failed, cause=notice.cause(attempt.span.context))


def _facts(notice: ClaimedNotice, *, channel: str, language: str) -> dict[str, Any]:
    """What every outcome says."""
    return {
        "notice_id": notice.id,
        "kind": notice.notice.kind,
        "case_ref": notice.case_ref,
        "system": notice.system,
        "channel": channel,
        "language": language,
        "appointment_id": notice.notice.appointment.id if notice.notice.appointment else None,
    }
