"""`puente run` as a program of its own: what a terminal's Ctrl-C does to it, at any moment."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import state_dir
from tests.stand_ins import is_alive, stand_ins

RUN = """
import asyncio, json, sys
from pathlib import Path
from rich.console import Console
from deploy.local.ports import Ports
from deploy.local.run import progress_on, run
from deploy.local.stack import Stack

console = Console(width=120)
services = json.loads(sys.argv[2])
asyncio.run(run(Stack(Path(sys.argv[1]), Ports.free(), on_progress=progress_on(console), services=services), console))
"""


@dataclass
class Run:
    """A running `puente run` and what it has printed."""

    process: subprocess.Popen[str]
    output: Path

    def says(self, words: str, *, seconds: float = 30) -> bool:
        deadline = time.monotonic() + seconds
        while words not in self.output.read_text():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.05)
        return True

    def interrupt(self) -> float:
        """Seconds from Ctrl-C to its end."""
        began = time.monotonic()
        self.process.send_signal(signal.SIGINT)
        self.process.wait(timeout=20)
        return time.monotonic() - began

    def children(self) -> list[int]:
        file = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(pid) for pid in file.read_text().split()]


@pytest.fixture
def run() -> Iterator[Run]:
    with state_dir() as state:
        output = state.with_name("output")
        command = [sys.executable, "-c", RUN, str(state), json.dumps(stand_ins(state.parent))]
        with output.open("w") as out, subprocess.Popen(command, stdout=out, stderr=out, text=True) as process:
            yield Run(process, output)
            process.kill()


def test_it_shows_progress_then_the_table_and_ctrl_c_stops_everything_within_ten_seconds(run: Run) -> None:
    assert run.says("kafka is up after")
    assert run.says("United States")
    children = run.children()

    seconds = run.interrupt()

    assert len(children) == 7
    assert seconds < 10
    assert 0 == run.process.returncode
    assert not [pid for pid in children if is_alive(pid)]
    assert run.says("stopped", seconds=0)


def test_ctrl_c_while_it_is_starting_leaves_nothing_either(run: Run) -> None:
    assert run.says("starting kafka")
    children = run.children()

    seconds = run.interrupt()

    assert children
    assert seconds < 10
    assert not [pid for pid in children if is_alive(pid)]
    assert "Traceback" not in run.output.read_text()
