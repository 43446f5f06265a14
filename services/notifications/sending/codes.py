"""One-time codes for the portal: written and sent while a person waits, and kept nowhere: no table, log or span has one."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from uuid import uuid4

from opentelemetry.trace import SpanContext, SpanKind
from pydantic import SecretStr

from services.notifications.channels.email import Email, Refused
from services.notifications.messages.writer import Writer
from services.notifications.sending.attempts import NOT_REACHABLE, REFUSED
from services.notifications.sending.contacts import Contacts
from shared import tracing
from shared.clock import Clock


@dataclass(frozen=True)
class Address:
    """An address of a case that is no contact yet, or not any more."""

    case_ref: str
    email: SecretStr
    locale: str


@dataclass
class CodeSender:
    """`send` hands one message to the mail server. Hours that the household called safe do not hold a code back: whoever
    asked for it is there now."""

    clock: Clock
    contacts: Contacts
    writer: Writer
    send: Callable[[Email], Awaitable[str]]

    async def send_code(self, case_ref: str, code: SecretStr, *, asked_in: SpanContext | None) -> bool:
        """True when it is on its way; False when no address of the household takes it, or nobody knows the case.

        `asked_in` is the span of whoever asked for it. Raises: IntakeAway, TryAgainLater.
        """
        attributes = {tracing.CASE: tracing.case_hash(case_ref)}
        here = tracing.current()
        with tracing.span("send code", SpanKind.CLIENT, parent=asked_in, links=[here], attributes=attributes) as span:
            contacts = await self.contacts.of({case_ref: tracing.to_traceparent(span.context)})
            contact = contacts.get(case_ref)
            if contact is None or not contact.address:
                span.error = NOT_REACHABLE
                return False
            language, now = self.writer.language_for(contact.locale), self.clock.now()
            try:
                await self.send(self.writer.write_code(uuid4(), contact.address, code, language=language, now=now))
            except Refused:
                span.error = REFUSED
                return False
            return True

    async def send_to(self, address: Address, code: SecretStr | None, *, asked_in: SpanContext | None) -> bool:
        """Sends the code by which the address is confirmed, or without one that it is no contact any more.

        False when the address takes no mail. Raises: TryAgainLater.
        """
        attributes = {tracing.CASE: tracing.case_hash(address.case_ref)}
        here, name = tracing.current(), "send contact code" if code else "send contact warning"
        with tracing.span(name, SpanKind.CLIENT, parent=asked_in, links=[here], attributes=attributes) as span:
            language, to = self.writer.language_for(address.locale), address.email.get_secret_value()
            now = self.clock.now()
            try:
                await self.send(self.writer.write_about_contact(uuid4(), to, code, language=language, now=now))
            except Refused:
                span.error = REFUSED
                return False
            return True
