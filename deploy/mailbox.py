"""What the development mail server does with a message: into a Maildir, of which the newest messages stay.

`python -m aiosmtpd -c deploy.mailbox.NewestMails FOLDER`, under `make run` and in a container, where nothing else of ours is.
"""

import os
import re
from email.message import Message
from pathlib import Path

from aiosmtpd.handlers import Mailbox

MOST_MAILS = 10_000
MAILS_PER_LOOK = 100
"""Looking at ten thousand names takes as long as a message; so the folder may hold this many more."""


class NewestMails(Mailbox):
    """Keeps MOST_MAILS messages, and some more."""

    _taken = 0

    def handle_message(self, message: Message) -> None:
        super().handle_message(message)
        if self._taken % MAILS_PER_LOOK == 0:
            forget_oldest(Path(self.mail_dir) / "new")
        self._taken += 1


def forget_oldest(mails: Path) -> None:
    """Of a Maildir's folder, only so many stay."""
    names = sorted(os.listdir(mails), key=_arrival)
    for name in names[: max(len(names) - MOST_MAILS, 0)]:
        (mails / name).unlink(missing_ok=True)


def _arrival(name: str) -> list[int]:
    """Second, microsecond, process, count. Source: Python's `mailbox.Maildir`."""
    return [int(number) for number in re.findall("[0-9]+", name)]
