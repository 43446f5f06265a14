"""`puente` as a program of its own."""

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import astuple
from pathlib import Path

from deploy.local.ports import Ports, is_free
from deploy.local.state import read_dev
from tests.conftest import state_dir
from tests.e2e.running import Running, eventually
from tests.portal import DRAFTS

PUENTE = Path(sys.executable).with_name("puente")
WIDE = {**os.environ, "COLUMNS": "200"}
"""A terminal in which no name is cut."""
WITH_DRAFTS = {**WIDE, "PUENTE_DRAFTS": json.dumps(DRAFTS)}
"""With the languages that nobody has reviewed yet."""


async def puente(*words: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """What a command says and how it ends; `folder` is the state of the Puente that it speaks to."""
    return await asyncio.to_thread(_run, [str(PUENTE), *words, "--state-dir", str(folder)])


def _run(command: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=WIDE)


@asynccontextmanager
async def running_puente() -> AsyncIterator[Running]:
    """`puente run` without simulators, in every language that has texts, until it is interrupted as by Ctrl-C; then it has
    ended well."""
    with state_dir() as folder, (folder.parent / "printed").open("w+") as printed:
        words = ["run", "--no-simulators", "--port-base", str(_free_port_base()), "--state-dir", str(folder)]
        process = await asyncio.create_subprocess_exec(PUENTE, *words, stdout=printed, stderr=printed, env=WITH_DRAFTS)
        try:
            await eventually(lambda: _is_up(process, folder))
            running = Running(read_dev(folder), folder)
            yield running
            running.close()
        finally:
            process.send_signal(signal.SIGINT)
            ended = await asyncio.wait_for(process.wait(), 30)
            printed.seek(0)
        assert 0 == ended, printed.read()[-2_000:]


async def _is_up(process: asyncio.subprocess.Process, folder: Path) -> bool:
    """True once dev.json says how to talk to it. It is written last."""
    assert process.returncode is None, f"puente run ended with {process.returncode}"
    return (folder / "dev.json").exists()


def _free_port_base() -> int:
    bases = (random.randrange(20_000, 30_000, 100) for _ in range(1_000))
    return next(base for base in bases if all(is_free(port) for port in astuple(Ports.from_base(base))))
