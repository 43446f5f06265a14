import stat
from pathlib import Path

import pytest

from deploy.local.errors import LocalError
from deploy.local.state import StateDir, forget, read_dev, write_private


def test_a_second_process_is_told_who_holds_the_directory(tmp_path: Path) -> None:
    first, second = StateDir(tmp_path / "state"), StateDir(tmp_path / "state")
    first.claim()

    with pytest.raises(LocalError, match=r"already runs in .*state \(process \d+\)"):
        second.claim()


def test_the_directory_can_be_had_again_after_its_release(tmp_path: Path) -> None:
    first, second = StateDir(tmp_path / "state"), StateDir(tmp_path / "state")
    first.claim()
    first.release()

    second.claim()

    second.release()


def test_secrets_stay_the_same_from_run_to_run_and_are_for_the_owner_alone(tmp_path: Path) -> None:
    StateDir(tmp_path).secrets()

    again = StateDir(tmp_path).secrets()

    assert again == StateDir(tmp_path).secrets()
    assert stat.S_IMODE((tmp_path / "secrets.json").stat().st_mode) == 0o600


def test_two_directories_share_no_secret(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()

    tokens = [StateDir(tmp_path / name).secrets()["tokens"]["ops"] for name in ("a", "b")]

    assert tokens[0] != tokens[1]


def test_what_an_earlier_process_left_as_running_is_gone_when_the_directory_is_claimed(tmp_path: Path) -> None:
    state = StateDir(tmp_path / "state")
    state.claim()
    write_private(state.dev_file, {"services": {}})
    state.release()
    write_private(state.dev_file, {"services": {}})  # as after a SIGKILL

    state.claim()

    assert not state.dev_file.exists()


def test_dev_json_is_found_from_a_folder_below(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".puente").mkdir()
    (tmp_path / "docs" / "adr").mkdir(parents=True)
    write_private(tmp_path / ".puente" / "dev.json", {"kafka": "here:1"})
    monkeypatch.chdir(tmp_path / "docs" / "adr")

    assert read_dev(Path(".puente")) == {"kafka": "here:1"}


def test_where_nothing_runs_one_sentence_says_how_to_start(tmp_path: Path) -> None:
    with pytest.raises(LocalError, match=r"nothing runs here: .* `make run`"):
        read_dev(tmp_path / "nowhere")


def test_state_is_not_forgotten_while_it_is_in_use(tmp_path: Path) -> None:
    state = StateDir(tmp_path / "state")
    state.claim()

    with pytest.raises(LocalError, match="already runs"):
        forget(state.path)

    state.release()
    forget(state.path)
    assert not state.path.exists()


def test_a_folder_that_is_no_state_directory_is_never_deleted(tmp_path: Path) -> None:
    (tmp_path / "letters").mkdir()

    with pytest.raises(LocalError, match="left as it is"):
        forget(tmp_path / "letters")

    assert (tmp_path / "letters").exists()
