"""What grows for as long as Puente runs stays within bounds, also while somebody writes it."""

from email import message_from_bytes
from email.message import Message
from pathlib import Path

import pytest

from deploy import mailbox
from deploy.local import bounded
from deploy.local.bounded import shorten
from deploy.mailbox import NewestMails, forget_oldest


def test_a_log_that_is_long_begins_anew_and_its_writer_goes_on_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounded, "LOG_BYTES", 10)
    log = tmp_path / "kafka.log"
    with log.open("ab", buffering=0) as child:
        child.write(b"first line\n")
        shorten(log)
        child.write(b"second\n")
        shorten(log)

    assert log.read_bytes() == b"second\n"
    assert (tmp_path / "kafka.log.1").read_bytes() == b"first line\n"


def test_of_the_mails_the_newest_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mailbox, "MOST_MAILS", 2)
    for name in ("999.M1P1.here", "1000.M20P1.here", "1000.M3P1.here"):
        (tmp_path / name).write_text("a mail")

    forget_oldest(tmp_path)

    assert sorted(each.name for each in tmp_path.iterdir()) == ["1000.M20P1.here", "1000.M3P1.here"]


def test_a_mail_server_keeps_the_newest_mails_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mailbox, "MOST_MAILS", 3)
    monkeypatch.setattr(mailbox, "MAILS_PER_LOOK", 2)
    taken = NewestMails(tmp_path / "maildir")
    for number in range(9):
        message = Message()
        message["Subject"] = str(number)
        taken.handle_message(message)

    kept = [message_from_bytes(each.read_bytes())["Subject"] for each in (tmp_path / "maildir" / "new").iterdir()]
    assert ["6", "7", "8"] == sorted(kept)
