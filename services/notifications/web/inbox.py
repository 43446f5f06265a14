"""Reads the Maildir that a development mail server writes. Files there never change, so each is read once."""

import mailbox
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

REMEMBERED = 5000
"""How many messages are kept in memory; beyond that they are read again."""


class NoSuchMessage(LookupError):
    """There is no such message in the mailbox: it may have been deleted; go back to the list."""


@dataclass(frozen=True)
class Mail:
    """One message as a reader sees it. `html` and `calendar` are empty when it has none."""

    key: str
    to: str
    subject: str
    language: str
    arrived_at: datetime
    text: str
    html: str
    calendar: bytes

    def mentions(self, words: str) -> bool:
        """True when recipient, subject or text contain the words, in any case of letters."""
        return any(words.casefold() in part.casefold() for part in (self.to, self.subject, self.text))


class Inbox:
    """What arrived in a Maildir, newest first."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
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
            try:
                raw = self._maildir().get_bytes(key)
            except (KeyError, OSError) as error:
                raise NoSuchMessage(key) from error
            if len(self._read) >= REMEMBERED:
                self._read.clear()
            self._read[key] = _read(key, raw)
        return self._read[key]

    def _keys(self) -> list[str]:
        return self._maildir().keys() if self._folder.is_dir() else []

    def _maildir(self) -> "mailbox.Maildir":
        return mailbox.Maildir(self._folder, create=not self._folder.exists())


def _arrival(key: str) -> tuple[float, str]:
    """Maildir names begin with the second of arrival and `M` with its microseconds."""
    seconds, _, rest = key.partition(".")
    micros = rest.partition("P")[0].removeprefix("M")
    return (float(f"{seconds}.{micros:0>6}") if seconds.isdigit() and micros.isdigit() else 0.0), key


def _read(key: str, raw: bytes) -> Mail:
    message = message_from_bytes(raw, policy=default)
    assert isinstance(message, EmailMessage)  # noqa: S101  what this policy makes
    return Mail(
        key=key,
        to=str(message["To"] or ""),
        subject=str(message["Subject"] or ""),
        language=str(message["Content-Language"] or ""),
        arrived_at=datetime.fromtimestamp(_arrival(key)[0], UTC),
        text=_part(message, "text/plain").decode("utf-8", "replace"),
        html=_part(message, "text/html").decode("utf-8", "replace"),
        calendar=_part(message, "text/calendar"),
    )


def _part(message: EmailMessage, content_type: str) -> bytes:
    for part in message.walk():
        if part.get_content_type() == content_type:
            payload = part.get_payload(decode=True)
            return payload if isinstance(payload, bytes) else b""
    return b""
