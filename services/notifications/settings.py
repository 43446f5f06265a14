"""What notifications is told from outside."""

from pathlib import Path

from shared.settings import ServiceSettings


class NotificationsSettings(ServiceSettings):
    """`intake_url` is asked for contacts, and as `scheduling_url` to say again what was missed.

    `mailbox_dir` is the Maildir of a development mail server, shown at /mailbox; without it the page does not exist.

    `drafts` are languages whose texts nobody has reviewed yet (languages/drafts) and in which households are written to all
    the same. Every notice leads to the portal in its language, so scheduling is told the same.
    """

    intake_url: str
    scheduling_url: str
    portal_url: str
    smtp_host: str = "127.0.0.1"
    smtp_port: int
    mail_from: str = "Puente <no-reply@puente.example>"
    mailbox_dir: Path | None = None
    drafts: frozenset[str] = frozenset()
