"""Every command of the README is one that CI runs or a test runs, or is named here as run by nobody; those for a running Puente are run
here as they stand."""

import re
import shlex
import subprocess
from pathlib import Path

import pytest

from tests.e2e.command import puente as command
from tests.e2e.running import Running

ROOT = Path(__file__).parents[2]

PROVED = {
    r"make run": ("tests/e2e/command.py", '["run", "--no-simulators"'),
    r"make test": (".ci/run", "make check"),
    r"make check": (".ci/run", "make check"),
    r"make faults": ("tests/faults/test_kills.py", "pytestmark = pytest.mark.faults"),
    r"make bench": ("tests/e2e/test_readme.py", "test_the_benchmarks_can_be_started"),
    r"\.venv/bin/puente send (us|mx|ca)( --json)? tests/samples/\S+": ("tests/e2e/test_readme.py", "_lines_for_a_running_puente"),
    r"\.venv/bin/puente trace NA7K-3QF2-M9X0": ("tests/e2e/test_commands.py", 'command("trace", case_ref'),
}  # fmt: skip
"""Each command, and words in the file that runs it. What make runs is compared below."""

NOT_RUN = {
    "docker compose up --build": "takes a Docker daemon and its images; tests/unit/test_compose.py reads what it starts",
}

RECIPES = {
    "run": "exec .venv/bin/puente run",
    "test": ".venv/bin/pytest",
    "check": ".venv/bin/pytest",
    "faults": "PUENTE_FAULTS=long .venv/bin/pytest tests/faults tests/integration/test_scheduling_last_place.py",
    "bench": ".venv/bin/python -m bench",
}


def test_every_command_in_the_readme_is_proved_somewhere() -> None:
    assert [] == [
        line for line in commands((ROOT / "README.md").read_text("utf-8")) if not proof_of(line) and line not in NOT_RUN
    ]


def test_control_a_command_that_nothing_runs_is_found() -> None:
    page = "Try it:\n```sh\nmake run\nmake coffee  # with milk\n```\nand `make tea`."

    assert ["make coffee"] == [line for line in commands(page) if not proof_of(line)]


@pytest.mark.parametrize(("file", "words"), sorted(set(PROVED.values())))
def test_the_proof_of_a_command_is_still_there(file: str, words: str) -> None:
    assert words in (ROOT / file).read_text("utf-8")


@pytest.mark.parametrize("target", RECIPES)
def test_make_runs_what_is_proved(target: str) -> None:
    done = subprocess.run(["make", "-n", target], cwd=ROOT, capture_output=True, text=True, check=True)

    assert RECIPES[target] in done.stdout


def test_the_benchmarks_can_be_started() -> None:
    """That their parts load; a run of them takes minutes and is not for every change."""
    parts = ", ".join(f"bench.{file.stem}" for file in (ROOT / "bench").glob("[a-z]*.py"))

    done = subprocess.run([".venv/bin/python", "-c", f"import {parts}"], cwd=ROOT, capture_output=True, check=False)

    assert 0 == done.returncode, done.stderr


async def test_the_readmes_files_are_sent_as_it_says_and_a_receipts_case_can_be_followed(puente: Running) -> None:
    lines = _lines_for_a_running_puente()

    sent = [await command(*words, folder=puente.folder) for words in lines if words[0] == "send"]
    shown = re.search(r"accepted\s+(\w{4}-\w{4}-\w{4})", sent[0].stdout)

    assert 3 == len(sent)
    assert [1, 1, 1] == [done.returncode for done in sent]
    assert ["quarantined"] * 3 == [re.findall("quarantined", done.stdout)[0] for done in sent]
    assert shown is not None
    assert 0 == (await command("trace", shown[1], folder=puente.folder)).returncode


def commands(page: str) -> list[str]:
    """The lines of the page's shell blocks, without remarks."""
    blocks = re.findall(r"^```(?:sh|bash|shell|console)\n(.*?)^```", page, re.DOTALL | re.MULTILINE)
    lines = [line.partition("  #")[0].strip() for block in blocks for line in block.splitlines()]
    return [line for line in lines if line and not line.startswith("#")]


def proof_of(line: str) -> tuple[str, str] | None:
    """Where the command is run."""
    return next((where for pattern, where in PROVED.items() if re.fullmatch(pattern, line)), None)


def _lines_for_a_running_puente() -> list[list[str]]:
    """The words after `puente` of each line that speaks to a running one."""
    lines = [shlex.split(line) for line in commands((ROOT / "README.md").read_text("utf-8"))]
    return [words for program, *words in lines if program == ".venv/bin/puente"]
