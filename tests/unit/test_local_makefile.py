"""`make run` on a machine where something is missing."""

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NEEDED = ("make", "sh", "rm", "touch")


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A clone without .venv, on a machine that has `make` and little else."""
    (tmp_path / "bin").mkdir()
    for tool in NEEDED:
        found = shutil.which(tool)
        assert found
        (tmp_path / "bin" / tool).symlink_to(found)
    for name in ("Makefile", "pyproject.toml", "uv.lock"):
        shutil.copy(ROOT / name, tmp_path)
    return tmp_path


def make_run(clone: Path) -> list[str]:
    """What a person reads, without make's own last line."""
    done = subprocess.run(["make", "run"], cwd=clone, env={"PATH": str(clone / "bin")}, capture_output=True, text=True)
    assert done.returncode != 0
    return done.stderr.splitlines()[:-1]


def python3_that(clone: Path, *, fails_at: str) -> None:
    program = clone / "bin" / "python3"
    program.write_text(f'#!/bin/sh\n[ "$1" != {fails_at} ]\n')
    program.chmod(0o755)


def test_without_python_one_sentence_says_what_to_install(clone: Path) -> None:
    assert ["python3 is missing: install Python 3.11 or newer"] == make_run(clone)


def test_an_old_python_is_named_as_too_old(clone: Path) -> None:
    python3_that(clone, fails_at="-c")

    (sentence,) = make_run(clone)

    assert sentence.startswith("python3 is older than 3.11")


def test_a_python_without_venv_is_told_which_package_has_it(clone: Path) -> None:
    python3_that(clone, fails_at="-m")

    (sentence,) = make_run(clone)

    assert "python3-venv" in sentence
    assert not (clone / ".venv").exists()


def installed(clone: Path) -> Path:
    """A `puente` that repeats what it is told, beside its packages; where the style sheet is to be."""
    puente = clone / ".venv" / "bin" / "puente"
    puente.parent.mkdir(parents=True)
    puente.write_text('#!/bin/sh\necho "puente $@"\n')
    puente.chmod(0o755)
    style = clone / "services" / "scheduling" / "web" / "static" / "portal.css"
    style.parent.mkdir(parents=True)
    return style


def test_once_everything_is_installed_nothing_is_asked_of_the_network(clone: Path) -> None:
    style = installed(clone)
    (style.parent / "audio").mkdir()
    for made in (clone / ".venv" / ".ready", style, style.parent / "audio" / ".spoken"):
        made.touch()

    done = subprocess.run(
        ["make", "run", "ARGS=--no-simulators"],
        cwd=clone,
        env={"PATH": str(clone / "bin")},
        capture_output=True,
        text=True,
    )

    assert "puente run --no-simulators\n" == done.stdout


def test_where_nothing_can_speak_it_runs_all_the_same_and_says_what_to_install(clone: Path) -> None:
    style = installed(clone)
    for made in (clone / ".venv" / ".ready", style):
        made.touch()

    done = subprocess.run(["make", "run"], cwd=clone, env={"PATH": str(clone / "bin")}, capture_output=True, text=True)

    assert ("puente run\n", 0) == (done.stdout, done.returncode)
    assert "apt-get install espeak-ng lame" in done.stderr
