"""Reads the Maildir that a development mail server writes. Files there never change, so each is read once."""

import mailbox
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

from shared.web.problems import Problem

REMEMBERED = 20_000
"""How many messages are kept in memory, without HTML and calendar; beyond that they are read again."""


class NoSuchMessage(Problem):
    """There is no such message in the mailbox, or it has no such part."""

    def __init__(self) -> None:
        super().__init__(404, "message_unknown", "there is no such message: go back to /mailbox")


@dataclass(frozen=True)
class Mail:
    """One message as a list and a search need it."""

    key: str
    to: str
    subject: str
    language: str
    arrived_at: datetime
    text: str

    def mentions(self, words: str) -> bool:
        """True when recipient, subject or text contain the words, in any case of letters."""
        return any(words.casefold() in part.casefold() for part in (self.to, self.subject, self.text))


class Inbox:
    """What arrived in a Maildir, newest first."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._maildir: mailbox.Maildir | None = None
        self._read: dict[str, Mail] = {}

    def mails(self, words: str = "") -> Iterator[Mail]:
        """The messages that mention the words, newest first; all of them without words."""
        for key in sorted(self._keys(), key=_arrival, reverse=True):
            try:
                mail = self.mail(key)
            except NoSuchMessage:
                continue
            if mail.mentions(words):
                yield mail

    def mail(self, key: str) -> Mail:
        """One message. Raises: NoSuchMessage."""
        if key not in self._read:
            if len(self._read) >= REMEMBERED:
                self._read.clear()
            self._read[key] = _mail(key, self._message(key))
        return self._read[key]

    def html(self, key: str) -> str:
        """The message as HTML; empty when it has none. Raises: NoSuchMessage."""
        return _part(self._message(key), "text/html").decode("utf-8", "replace")

    def calendar(self, key: str) -> bytes:
        """The calendar entry that the message brings; empty when it has none. Raises: NoSuchMessage."""
        return _part(self._message(key), "text/calendar")

    def _message(self, key: str) -> EmailMessage:
        try:
            message = message_from_bytes(self._opened().get_bytes(key), policy=default)
        except (KeyError, OSError) as error:
            raise NoSuchMessage from error
        assert isinstance(message, EmailMessage)  # noqa: S101  what this policy makes
        return message

    def _keys(self) -> list[str]:
        return self._opened().keys() if self._folder.is_dir() else []

    def _opened(self) -> "mailbox.Maildir":
        """One object for all requests: it knows which names it has seen and does not list the folder for each."""
        if self._maildir is None:
            self._maildir = mailbox.Maildir(self._folder, create=not self._folder.exists())
        return self._maildir


def _arrival(key: str) -> tuple[float, str]:
    """Maildir names begin with the second of arrival and `M` with its microseconds."""
    seconds, _, rest = key.partition(".")
    micros = rest.partition("P")[0].removeprefix("M")
    return (float(f"{seconds}.{micros:0>6}") if seconds.isdigit() and micros.isdigit() else 0.0), key


def _mail(key: str, message: EmailMessage) -> Mail:
    return Mail(
        key=key,
        to=str(message["To"] or ""),
        subject=str(message["Subject"] or ""),
        language=str(message["Content-Language"] or ""),
        arrived_at=datetime.fromtimestamp(_arrival(key)[0], UTC),
        text=_part(message, "text/plain").decode("utf-8", "replace"),
    )


def _part(message: EmailMessage, content_type: str) -> bytes:
    for part in message.walk():
        if part.get_content_type() == content_type:
            payload = part.get_payload(decode=True)
            return payload if isinstance(payload, bytes) else b""
    return b""
