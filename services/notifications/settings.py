"""What notifications is told from outside."""

from pathlib import Path

from shared.settings import ServiceSettings


class NotificationsSettings(ServiceSettings):
    """`mailbox_dir` is the Maildir of a development mail server, shown at /mailbox; without it the page does not exist."""

    intake_url: str
    portal_url: str
    smtp_host: str = "127.0.0.1"
    smtp_port: int
    mail_from: str = "Puente <no-reply@puente.example>"
    mailbox_dir: Path | None = None
