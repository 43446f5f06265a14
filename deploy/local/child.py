"""One child process: started, asked whether it is ready, started again when it ends, stopped for good."""

import asyncio
import contextlib
import ctypes
import os
import pwd
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from deploy.local.bounded import shorten
from deploy.local.errors import LocalError
from deploy.local.ports import is_free

READY_SECONDS = 90
"""Longest wait for a first readiness; everything at once, for the first time, on two busy cores needs 20."""

FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.2, 5.0
"""Pause before a child that ended is started again; it doubles until the child has lived for HEALTHY_SECONDS."""

HEALTHY_SECONDS = 10
PR_SET_PDEATHSIG = 1


async def always_ready() -> bool:
    return True


async def nothing_before() -> None:
    return None


@dataclass(frozen=True)
class Program:
    """How to run a child.

    `ready` answers whether it can be used; `before_start` makes what it needs, at each start; `ports` must be free before it starts; `user` is who it runs as when we are
    root; `orphan_signal` is sent to it by the kernel when we end without stopping it.
    """

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    ready: Callable[[], Awaitable[bool]] = always_ready
    before_start: Callable[[], Awaitable[None]] = nothing_before
    ports: Sequence[int] = ()
    user: str | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    orphan_signal: signal.Signals = signal.SIGKILL


class Child:
    """A program that is kept running.

    Assumptions: made and started in the main thread (the kernel's orphan signal follows the thread that forked).
    """

    def __init__(self, program: Program, log: Path) -> None:
        self.program = program
        self.starts = 0
        self.log = log
        self._process: asyncio.subprocess.Process | None = None
        self._watch: asyncio.Task[None] | None = None
        self._wanted = asyncio.Event()
        self._starts_to_wait_for = 1
        self._pause = FIRST_PAUSE_SECONDS

    @property
    def pid(self) -> int | None:
        """The process id while it lives."""
        process = self._process
        return process.pid if process is not None and process.returncode is None else None

    @property
    def is_running(self) -> bool:
        return self.pid is not None

    async def start(self) -> None:
        """Runs it until it is ready and keeps it running from then on. Raises: LocalError when it ends or never is."""
        self._wanted.set()
        await self._spawn()
        await self._first_readiness()
        self._watch = asyncio.create_task(self._keep_running(), name=f"keep {self.program.name} running")

    async def wait_ready(self, *, seconds: float = READY_SECONDS) -> None:
        """Returns when the process that replaced the last one killed is ready. Raises: LocalError after `seconds`."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self.is_running and self.starts >= self._starts_to_wait_for and await self.program.ready():
                return
            await asyncio.sleep(0.05)
        raise LocalError(f"{self.program.name} is not ready after {seconds:.0f} s: {self._last_words()}")

    def kill(self) -> None:
        """Ends it at once; it is started again soon, since that it ended is not its fault."""
        self._starts_to_wait_for = self.starts + 1
        self._pause = FIRST_PAUSE_SECONDS
        self.send(signal.SIGKILL)

    def hold(self) -> None:
        """Ends it at once; it stays away until `release`."""
        self._wanted.clear()
        self.kill()

    def release(self) -> None:
        self._wanted.set()

    def send(self, number: signal.Signals) -> None:
        """Sends a signal to the process, if it lives."""
        if self.pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def send_tree(self, number: signal.Signals) -> None:
        """The same to the process and its direct children (PostgreSQL works in them)."""
        if self.pid is not None:
            for each in (self.pid, *_children_of(self.pid)):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(each, number)

    async def stop(self, *, seconds: float) -> None:
        """Asks it to end, and ends it when it has not after `seconds`."""
        if self._watch is not None:
            self._watch.cancel()
            await asyncio.gather(self._watch, return_exceptions=True)
        if self._process is None or self._process.returncode is not None:
            return
        self.send(self.program.stop_signal)
        self.send_tree(signal.SIGCONT)
        try:
            await asyncio.wait_for(self._process.wait(), seconds)
        except TimeoutError:
            self.send(signal.SIGKILL)
            await self._process.wait()

    async def _spawn(self) -> None:
        await self._ports_free()
        await self.program.before_start()
        shorten(self.log)
        with self.log.open("ab") as out:
            out.write(f"--- started {datetime.now(UTC):%Y-%m-%d %H:%M:%SZ}\n".encode())
            out.flush()
            self._process = await asyncio.create_subprocess_exec(
                *self.program.command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                env={**os.environ, **self.program.environment},
                user=self.program.user,
                group=pwd.getpwnam(self.program.user).pw_gid if self.program.user else None,
                extra_groups=[] if self.program.user else None,
                process_group=0,  # so that Ctrl-C in the terminal reaches us and not the child
                preexec_fn=_die_with_parent(self.program.orphan_signal),
            )
        self.starts += 1

    async def _ports_free(self) -> None:
        for _ in range(100):
            if all(is_free(port) for port in self.program.ports):
                return
            await asyncio.sleep(0.05)
        raise LocalError(f"{self.program.name} cannot have its port {self.program.ports[0]}: another program holds it")

    async def _first_readiness(self) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline:
            if not self.is_running:
                raise LocalError(f"{self.program.name} ended as soon as it was started: {self._last_words()}")
            if await self.program.ready():
                return
            await asyncio.sleep(0.05)
        raise LocalError(f"{self.program.name} is not ready after {READY_SECONDS} s: {self._last_words()}")

    async def _keep_running(self) -> None:
        while self._process is not None:
            started = time.monotonic()
            await self._process.wait()
            if time.monotonic() - started > HEALTHY_SECONDS:
                self._pause = FIRST_PAUSE_SECONDS
            await asyncio.sleep(self._pause)
            self._pause = min(2 * self._pause, LONGEST_PAUSE_SECONDS)
            await self._wanted.wait()
            with contextlib.suppress(LocalError, OSError):  # its port is held, its log cannot be written: tried again
                await self._spawn()

    def _last_words(self) -> str:
        return f"{last_line(self.log)} (whole log: {self.log})"


def last_line(log: Path) -> str:
    """The last line of a log that says something."""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines() if log.exists() else []
    return next(
        (line.strip() for line in reversed(lines) if line.strip() and not line.startswith("---")), "it said nothing"
    )


def _children_of(pid: int) -> list[int]:
    found = []
    for name in os.listdir("/proc"):  # not Path.glob: it raises for a process that ends while it looks
        with contextlib.suppress(OSError):
            fields = Path(f"/proc/{name}/stat").read_text().rpartition(")")[2].split() if name.isdigit() else ()
            if fields and int(fields[1]) == pid:
                found.append(int(name))
    return found


def _die_with_parent(number: signal.Signals) -> Callable[[], None] | None:
    """What the child does between fork and exec; other systems than Linux have no such signal."""
    if sys.platform != "linux":
        return None
    parent, libc = os.getpid(), ctypes.CDLL(None)

    def in_child() -> None:
        libc.prctl(PR_SET_PDEATHSIG, int(number))
        if os.getppid() != parent:
            os._exit(1)

    return in_child
