"""Sends what is due: claims notices, asks intake for contacts once, hands over together what can go, records each as soon as
the mail server took it.

No transaction is open while the network is used. Between the mail server's yes and its record lies the only moment in
which a crash can lead to a second message; it bears the same Message-ID. Whoever stops the job lets the messages that are
on their way arrive and be recorded; no new one begins.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar

import structlog

from services.notifications.channels.email import Email, Refused, TryAgainLater
from services.notifications.domain.safe_hours import earliest_sending
from services.notifications.messages.writer import Writer
from services.notifications.repository import sending
from services.notifications.sending import attempts as outcomes
from services.notifications.sending.attempts import Attempt, Sent
from services.notifications.sending.contacts import Contact, Contacts, IntakeAway
from services.notifications.sending.handing_over import Addressed, hand_over, still_owed
from shared import tracing
from shared.back_off import next_try
from shared.clock import Clock
from shared.db import Database, DatabaseUnavailable, UnitOfWork
from shared.gathered import Gathered

T = TypeVar("T")
log = structlog.get_logger()

AT_ONCE = 8
"""Messages on their way to the mail server at the same time. Contacts are asked for no more of them: one that waited behind
others would go to an address that was changed meanwhile."""

RECORD_TRIES = 20
"""How often, a second apart, the record of an accepted message is tried while the database is away: each loss of it
would become a second message."""


@dataclass
class NoticeSender:
    """The job. `send` hands one message to the mail server and returns the reference that it went under."""

    database: Database
    clock: Clock
    contacts: Contacts
    writer: Writer
    send: Callable[[Email], Awaitable[str]]
    portal_url: str
    _intake_failures: int = field(default=0, init=False)
    _ask_intake_at: datetime = field(default=datetime.min.replace(tzinfo=UTC), init=False)
    _hand_over: Gathered[Addressed, Email | None] = field(init=False)
    _record: Gathered[Sent, None] = field(init=False)
    _under_way: set[asyncio.Task[None]] = field(default_factory=set, init=False)

    def __post_init__(self) -> None:
        self._hand_over = Gathered(self._hand_over_all)
        self._record = Gathered(self._record_all)

    async def send_due_notices(self) -> None:
        """Sends until nothing is due or intake is away. One notice's error keeps no other one; it is raised last."""
        if self.clock.now() < self._ask_intake_at:
            return  # the other notices stay due: an outage holds one batch back, and its length counts, not their number
        while batch := await self._run(lambda uow: sending.claim(uow, AT_ONCE)):
            attempts = [Attempt.of(notice) for notice in batch]
            try:
                contacts = await self._contacts_for(attempts)
            except IntakeAway as away:
                return await self._wait_for_intake(attempts, away)
            work = [self._attempt(each, contacts.get(each.notice.case_ref)) for each in attempts]
            for outcome in await asyncio.gather(*work, return_exceptions=True):
                if isinstance(outcome, BaseException):
                    raise outcome

    async def _contacts_for(self, attempts: Sequence[Attempt]) -> dict[str, Contact]:
        asked = {each.notice.case_ref: tracing.to_traceparent(each.span.context) for each in attempts}
        contacts = await self.contacts.of(asked)
        self._intake_failures = 0
        return contacts

    async def _wait_for_intake(self, attempts: Sequence[Attempt], away: IntakeAway) -> None:
        self._intake_failures += 1
        log.warning("notices.wait_for_intake", notices=len(attempts), reason=str(away))
        # Each at a time of its own: one case that intake cannot answer for must not meet the same others again.
        later = [each.unasked("intake away", next_try(self.clock.now(), self._intake_failures)) for each in attempts]
        self._ask_intake_at = min(each.next_try_at for each in later)
        await self._run(lambda uow: outcomes.try_later(uow, attempts[0].notice, later))
        for each in attempts:
            each.ended_by(away)
            each.span.end()

    async def _attempt(self, attempt: Attempt, contact: Contact | None) -> None:
        await self._to_its_end(self._reach_and_trace(attempt, contact))

    async def _to_its_end(self, work: Coroutine[Any, Any, None]) -> None:
        """Does the work; a cancellation waits until it is done. A second one does not, and the work goes on alone."""
        task = asyncio.create_task(work)
        self._under_way.add(task)  # the event loop itself would forget it
        task.add_done_callback(self._under_way.discard)
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError:
            await asyncio.wait([task])
            raise

    async def _reach_and_trace(self, attempt: Attempt, contact: Contact | None) -> None:
        try:
            await self._reach(attempt, contact)
        except BaseException as error:
            attempt.ended_by(error)
            raise
        finally:
            attempt.span.end()

    async def _reach(self, attempt: Attempt, contact: Contact | None) -> None:
        language = self.writer.language_for(contact.locale if contact else "")
        if contact is None or not contact.address:
            await self._run(lambda uow: self._not_reachable(uow, attempt, language=language))
            return
        now = self.clock.now()
        at = earliest_sending(attempt.notice.notice, contact.safe_hours, now)
        if at > now:
            later = [attempt.later("safe hours", at)]
            await self._run(lambda uow: outcomes.try_later(uow, attempt.notice, later))
            return
        email = await self._hand_over(Addressed(attempt, contact.address, language))
        if isinstance(email, BaseException):
            raise email
        if email is not None:
            await self._deliver(attempt, email)

    async def _not_reachable(self, uow: UnitOfWork, attempt: Attempt, *, language: str) -> None:
        if await still_owed(uow, [attempt]):
            await outcomes.record_not_reachable(uow, attempt, language=language)

    async def _hand_over_all(self, addressed: Sequence[Addressed]) -> list[Email | None]:
        return await self._run(lambda uow: hand_over(uow, addressed, self.writer, self.portal_url))

    async def _deliver(self, attempt: Attempt, email: Email) -> None:
        notice_id, language = str(attempt.notice.id), email.language
        try:
            reference = await self.send(email)
        except TryAgainLater as later:
            attempt.ended_by(later)
            log.warning("notice.later", notice_id=notice_id, reason=str(later))
            at = attempt.next_try(later, self.clock.now())
            again = [attempt.later(str(later), at, may_have_arrived=later.may_have_arrived)]
            await self._run(lambda uow: outcomes.try_later(uow, attempt.notice, again))
        except Refused as refused:
            log.warning("notice.refused", notice_id=notice_id, reason=str(refused))
            await self._run(lambda uow: outcomes.record_refused(uow, attempt, language=language))
        else:
            await self._record_sent(Sent(attempt, language, reference))

    async def _record_sent(self, sent: Sent) -> None:
        for _ in range(RECORD_TRIES):
            failure = await self._record(sent)
            if failure is None:
                return
            if not isinstance(failure, DatabaseUnavailable):
                raise failure
            await asyncio.sleep(1)
        log.error("notice.sent_but_not_recorded", notice_id=str(sent.attempt.notice.id))

    async def _record_all(self, all_sent: Sequence[Sent]) -> list[None]:
        await self._run(lambda uow: outcomes.record_sent(uow, all_sent))
        return [None] * len(all_sent)

    async def _run(self, work: Callable[[UnitOfWork], Awaitable[T]]) -> T:
        return await self.database.run(self.clock.now(), work)
