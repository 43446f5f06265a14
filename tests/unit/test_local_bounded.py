"""What grows for as long as Puente runs stays within bounds, also while somebody writes it."""

from pathlib import Path

import pytest

from deploy.local import bounded
from deploy.local.bounded import forget_oldest, shorten


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
    monkeypatch.setattr(bounded, "MOST_MAILS", 2)
    for name in ("999.M1P1.here", "1000.M2P1.here", "1000.M1P1.here"):
        (tmp_path / name).write_text("a mail")

    forget_oldest(tmp_path)
    forget_oldest(tmp_path / "not there yet")

    assert sorted(each.name for each in tmp_path.iterdir()) == ["1000.M1P1.here", "1000.M2P1.here"]
