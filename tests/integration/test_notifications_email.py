"""The e-mail channel against a real SMTP server in this process."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from email import message_from_bytes

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session

from services.notifications.channels import connections
from services.notifications.channels.email import MailServer, Refused, TryAgainLater, send
from tests.mail_server import MailServerDouble, serving
from tests.unit.notifications_builders import AN_EMAIL

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def talking(talk: Talk) -> AsyncIterator[MailServer]:
    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    async with server:
        yield MailServer("127.0.0.1", server.sockets[0].getsockname()[1], "Puente <no-reply@puente.example>")


async def test_a_message_arrives_whole_at_its_one_recipient() -> None:
    double = MailServerDouble()

    async with serving(double) as server:
        reference = await send(AN_EMAIL, server)

    (envelope,) = double.accepted
    assert (envelope.mail_from, envelope.rcpt_tos) == ("no-reply@puente.example", ["familia@example.org"])
    assert isinstance(envelope.content, bytes)
    assert message_from_bytes(envelope.content)["Message-ID"] == reference


async def test_a_line_with_a_single_dot_does_not_end_the_message() -> None:
    double = MailServerDouble()

    async with serving(double) as server:
        await send(replace(AN_EMAIL, text="one\n.\ntwo\n", calendar=None), server)

    assert isinstance(double.accepted[0].content, bytes)
    text = message_from_bytes(double.accepted[0].content).get_payload()[0]  # type: ignore[index]  # multipart
    assert b"one\r\n.\r\ntwo" in text.get_payload(decode=True)  # type: ignore[union-attr]  # bytes


@pytest.mark.parametrize(
    "answers",
    [{"at_rcpt": "550 5.1.1 no such user"}, {"at_data": "554 5.6.0 not this message"}],
)
async def test_a_recipient_or_message_that_is_refused_is_not_tried_again(answers: dict[str, str]) -> None:
    async with serving(MailServerDouble(**answers)) as server:
        with pytest.raises(Refused) as refusal:
            await send(AN_EMAIL, server)

    assert "no such user" not in str(refusal.value)


@pytest.mark.parametrize(
    "answers",
    [
        {"at_rcpt": "450 4.2.1 mailbox busy"},
        {"at_rcpt": "421 closing"},
        {"at_data": "451 4.3.0 later"},
        {"at_mail": "550 5.7.1 sender not allowed"},
    ],
)
async def test_a_server_that_asks_to_wait_or_blames_us_is_tried_again(answers: dict[str, str]) -> None:
    async with serving(MailServerDouble(**answers)) as server:
        with pytest.raises(TryAgainLater) as later:
            await send(AN_EMAIL, server)

    assert not later.value.may_have_arrived


@pytest.mark.parametrize(
    ("answer", "about_recipient"), [("450 4.2.1 busy", True), ("452 4.2.2 full", True), ("421 closing", False)]
)
async def test_a_mailbox_that_cannot_take_it_now_is_told_from_a_server_that_cannot(
    answer: str, about_recipient: bool
) -> None:
    async with serving(MailServerDouble(at_rcpt=answer)) as server:
        with pytest.raises(TryAgainLater) as later:
            await send(AN_EMAIL, server)

    assert about_recipient == later.value.about_recipient


async def test_a_server_that_is_away_is_tried_again() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]

    with pytest.raises(TryAgainLater) as later:
        await send(AN_EMAIL, MailServer("127.0.0.1", port, "no-reply@puente.example"))

    assert not later.value.may_have_arrived


async def test_a_connection_lost_after_the_whole_message_leaves_the_outcome_open() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 hello\r\n")
        for answer in (b"250 hello\r\n", b"250 ok\r\n", b"250 ok\r\n", b"354 go on\r\n"):
            await reader.readline()
            writer.write(answer)
        await reader.readuntil(b"\r\n.\r\n")
        writer.close()

    async with talking(talk) as server:
        with pytest.raises(TryAgainLater) as later:
            await send(AN_EMAIL, server)

    assert later.value.may_have_arrived


async def test_a_server_that_never_answers_does_not_hold_us() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(5)

    async with talking(talk) as server:
        with pytest.raises(TryAgainLater):
            async with asyncio.timeout(2):
                await send(AN_EMAIL, replace(server, longest_seconds=0.2))


async def test_messages_that_come_one_after_the_other_go_over_one_connection() -> None:
    double = MailServerDouble()

    async with serving(double) as server:
        for _ in range(3):
            await send(AN_EMAIL, server)

    assert (3, 1) == (len(double.accepted), len(set(double.begun)))


class SlowAtFirst(MailServerDouble):
    """Answers to the first recipient when nobody waits for it any more."""

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        await asyncio.sleep(0.4 if len(self.begun) == 1 else 0)
        return await super().handle_RCPT(server, session, envelope, address, options)


async def test_an_answer_that_comes_too_late_is_not_taken_for_one_to_the_next_message() -> None:
    double = SlowAtFirst()

    async with serving(double) as server:
        with pytest.raises(TryAgainLater):
            await send(AN_EMAIL, replace(server, longest_seconds=0.2))
        await send(AN_EMAIL, server)

    assert (1, 2) == (len(double.accepted), len(set(double.begun)))


class EnoughAfterOne(MailServerDouble):
    """Takes one message over each connection, as servers do that limit how many."""

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        self.at_mail = "421 4.7.0 too many messages" if session.peer in self.begun else ""
        return await super().handle_MAIL(server, session, envelope, address, options)


async def test_when_the_server_has_had_enough_of_a_connection_the_message_goes_over_another() -> None:
    double = EnoughAfterOne()

    async with serving(double) as server:
        await send(AN_EMAIL, server)
        await send(AN_EMAIL, server)

    assert (2, 2) == (len(double.accepted), len(set(double.begun)))


async def test_a_connection_without_a_next_message_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "KEPT_SECONDS", 0.05)
    double = MailServerDouble()

    async with serving(double) as server:
        await send(AN_EMAIL, server)
        await asyncio.sleep(0.2)
        await send(AN_EMAIL, server)

    assert (2, 2) == (len(double.accepted), len(set(double.begun)))
