"""A mail server in this process: it answers as it is told and keeps what it accepted."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiosmtpd.smtp import SMTP, Envelope, Session

from services.notifications.channels.email import MailServer


class MailServerDouble:
    """Answers as it is told and keeps what it accepted. `begun`: the connection of each message that was begun."""

    def __init__(self, *, at_mail: str = "", at_rcpt: str = "", at_data: str = "") -> None:
        self.at_mail, self.at_rcpt, self.at_data = at_mail, at_rcpt, at_data
        self.accepted: list[Envelope] = []
        self.begun: list[object] = []

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        envelope.mail_from = address
        self.begun.append(session.peer)
        return self.at_mail or "250 OK"

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        envelope.rcpt_tos.append(address)
        return self.at_rcpt or "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if not self.at_data:
            self.accepted.append(envelope)
        return self.at_data or "250 OK"


@asynccontextmanager
async def serving(handler: MailServerDouble) -> AsyncIterator[MailServer]:
    server = await asyncio.get_running_loop().create_server(lambda: SMTP(handler), "127.0.0.1", 0)
    async with server:
        at = MailServer("127.0.0.1", server.sockets[0].getsockname()[1], "Puente <no-reply@puente.example>")
        yield at
        at.connections.close()
