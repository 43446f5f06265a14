"""E-mail: text first, then HTML, then the calendar entry, to one person, with nothing that traces or answers."""

import asyncio
from collections.abc import Awaitable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from email.errors import HeaderParseError
from email.headerregistry import Address, HeaderRegistry
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from functools import cache
from typing import Any
from uuid import UUID

import aiosmtplib

from services.notifications.channels.connections import Connections
from services.notifications.messages.calendar_entry import CalendarEntry

WHOLE_SECONDS = 30
"""Longest time for one message, from connecting to the server's last answer."""

OUR_FAULT = frozenset({530, 534, 535, 538})
"""Answers about our credentials: no recipient is to blame. Source: RFC 4954, section 6."""

ABOUT_THE_MESSAGE = frozenset({550, 551, 553, 554})
"""Final answers after the message was sent; all others are about the server, and a moment later it may be well.
Source: RFC 5321, section 4.2.3."""

ABOUT_A_MAILBOX = frozenset({450, 451, 452})
"""Answers to a recipient that may change: greylisted, busy, full. 421 is about the server. Source: RFC 5321, section 4.2.3."""


class _KindsOfHeaders(HeaderRegistry):
    """The library's, which by itself makes a new class for each header of each message."""

    @cache  # noqa: B019  there is one, for the time of the process
    def __getitem__(self, name: str) -> Any:
        return super().__getitem__(name)


POLICY = SMTP.clone(header_factory=_KindsOfHeaders())

UNUSABLE = "the address is not one that mail can go to"


class TryAgainLater(RuntimeError):
    """The mail server is away or asks to wait: the same message may go later. `may_have_arrived` says whether it had
    the whole message when contact was lost, `about_recipient` that it takes others, as when a mailbox is full."""

    def __init__(self, why: str, *, may_have_arrived: bool = False, about_recipient: bool = False) -> None:
        super().__init__(why)
        self.may_have_arrived = may_have_arrived
        self.about_recipient = about_recipient


class Refused(RuntimeError):
    """The mail server will never take this message for this address: ask the household for another one."""


@dataclass(frozen=True)
class MailServer:
    """Where mail is handed over, and the address that it comes from (`Name <address>`)."""

    host: str
    port: int
    mail_from: str
    longest_seconds: float = WHOLE_SECONDS
    connections: Connections = field(default_factory=Connections, repr=False, compare=False)

    @property
    def address(self) -> str:
        """The bare address that mail comes from."""
        return parseaddr(self.mail_from)[1]


@dataclass(frozen=True, repr=False)
class Email:
    """One message to one address. `notice_id` makes its Message-ID, so that a second copy can be recognised.

    Never shown as a whole, since the address names a person.
    """

    notice_id: UUID
    to: str
    language: str
    subject: str
    text: str
    html: str
    calendar: CalendarEntry | None
    written_at: datetime


async def send(message: Email, server: MailServer) -> str:
    """Hands the message to the mail server; the Message-ID that it went under.

    Raises: TryAgainLater, Refused.
    """
    mail = as_mime(message, server)
    try:
        async with (
            asyncio.timeout(server.longest_seconds),
            server.connections.one(server.host, server.port) as client,
        ):
            await _begin(client, server.address)
            await _about_recipient(client.rcpt(message.to, encoding="utf-8"))
            await _about_message(client.data(bytes(mail)))
    except TimeoutError as error:
        raise TryAgainLater("the mail server took too long", may_have_arrived=True) from error
    return str(mail["Message-ID"])


async def _begin(client: aiosmtplib.SMTP, sender: str) -> None:
    """Begins a message; on a new connection if the server has had enough of the one that was kept."""
    if client.is_connected:
        with suppress(aiosmtplib.SMTPException, OSError):
            await client.mail(sender, encoding="utf-8")
            return
        client.close()
    await _before_data(client.connect())
    await _before_data(client.mail(sender, encoding="utf-8"))


async def _before_data(step: Awaitable[object]) -> None:
    """A step that fails for everybody alike: our settings or the server, so it is tried again."""
    try:
        await step
    except (aiosmtplib.SMTPException, OSError) as error:
        raise TryAgainLater(_why(error)) from error


async def _about_recipient(step: Awaitable[object]) -> None:
    try:
        await step
    except ValueError:
        raise Refused(UNUSABLE) from None  # the library's own check, whose message holds the address
    except (aiosmtplib.SMTPException, OSError) as error:
        raise _refused_or_later(error, may_have_arrived=False, about_recipient=True) from error


async def _about_message(step: Awaitable[object]) -> None:
    try:
        await step
    except (aiosmtplib.SMTPException, OSError) as error:
        is_answer = isinstance(error, aiosmtplib.SMTPResponseException)
        if is_answer and error.code not in ABOUT_THE_MESSAGE:  # type: ignore[union-attr]  # checked in the line above
            raise TryAgainLater(_why(error)) from error
        raise _refused_or_later(error, may_have_arrived=not is_answer) from error


def _refused_or_later(
    error: Exception, *, may_have_arrived: bool, about_recipient: bool = False
) -> TryAgainLater | Refused:
    code = error.code if isinstance(error, aiosmtplib.SMTPResponseException) else 0
    if 500 <= code < 600 and code not in OUR_FAULT:
        return Refused(_why(error))
    about_recipient = about_recipient and code in ABOUT_A_MAILBOX
    return TryAgainLater(_why(error), may_have_arrived=may_have_arrived, about_recipient=about_recipient)


def _why(error: Exception) -> str:
    """The kind and code of a failure, never the server's words: they often repeat the address."""
    code = getattr(error, "code", None)
    return f"{type(error).__name__} {code}" if code else type(error).__name__


def as_mime(message: Email, server: MailServer) -> EmailMessage:
    """The message as it goes over the wire. Raises: Refused for an address that could not stand in a header."""
    mail = EmailMessage(policy=POLICY)
    mail["From"] = server.mail_from
    mail["To"] = _recipient(message.to)
    mail["Subject"] = message.subject
    mail["Date"] = format_datetime(message.written_at)
    mail["Message-ID"] = f"<{message.notice_id}@{server.address.rpartition('@')[2]}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(message.text, cte="quoted-printable")
    mail.add_alternative(message.html, subtype="html", cte="quoted-printable")
    if message.calendar:
        _add_calendar(mail, message.calendar)
    mail["Content-Language"] = message.language  # last: adding a part moves the headers that describe content into it
    return mail


def _recipient(address: str) -> Address:
    """The address as a header value. It never becomes text that a line break could get out of."""
    try:
        parsed = Address(addr_spec=address)
    except (ValueError, IndexError, AttributeError, HeaderParseError):
        raise Refused(UNUSABLE) from None  # its message may hold the address
    if not address.isascii() or not address.isprintable() or not parsed.domain:
        raise Refused(UNUSABLE)
    return parsed


def _add_calendar(mail: EmailMessage, calendar: CalendarEntry) -> None:
    params = {"method": calendar.method, "component": "VEVENT"}
    mail.add_alternative(calendar.ics.decode(), subtype="calendar", cte="base64", params=params)
