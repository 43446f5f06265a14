"""A whole Puente on this machine: every program as a child, started in order, kept running, stopped in order."""

import asyncio
import signal
import sys
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from pathlib import Path
from typing import Any

from deploy.local import programs
from deploy.local.bounded import keep_bounded
from deploy.local.child import Child, Program
from deploy.local.errors import LocalError
from deploy.local.kafka import kafka
from deploy.local.ports import HOST, Ports
from deploy.local.postgres import make_databases, postgres
from deploy.local.state import SERVICES, Document, StateDir, write_private
from shared.kafka.topics import ensure_topics

STOP_ORDER = (
    (("simulator-us", "simulator-mx", "simulator-ca"), 1.0),
    (SERVICES, 3.5),
    (("smtp", "countries"), 0.5),
    (("kafka",), 2.0),
    (("postgres",), 2.0),
)
"""Who stops together, and for how many seconds they may take before they are killed: 9 of the 10 we promise."""

SERVICE_COMMANDS: Mapping[str, Sequence[str]] = {name: (sys.executable, "-m", f"services.{name}") for name in SERVICES}


class Stack:
    """PostgreSQL, Kafka, a mail server, the receiver of the countries, the services and, if wanted, the simulators.

    Names of children: postgres, kafka, smtp, countries, intake, scheduling, notifications, simulator-us, -mx, -ca.
    A child that ends is started again. `services` replaces the services by other programs that know the words `prepare`
    and `serve`.
    """

    def __init__(
        self,
        state_dir: Path,
        ports: Ports,
        *,
        simulators: bool = False,
        on_progress: Callable[[str], None] = lambda _: None,
        services: Mapping[str, Sequence[str]] = SERVICE_COMMANDS,
    ) -> None:
        self.ports = ports
        self.state = StateDir(state_dir)
        self.children: dict[str, Child] = {}
        self._simulators = simulators
        self._services = services
        self._on_progress = on_progress
        self._bounding: asyncio.Task[None] | None = None

    @property
    def config(self) -> Document:
        """What dev.json says."""
        return programs.dev_config(self.state, self.ports)

    @property
    def restarts(self) -> dict[str, int]:
        """How often each child has been started again."""
        return {name: child.starts - 1 for name, child in self.children.items()}

    async def start(self) -> None:
        """Returns when everything is ready. Raises: LocalError, after stopping what was started."""
        self.state.claim()
        try:
            await self.ports.wait_free()
            services = [programs.service(name, self.state, self.ports, run) for name, run in self._services.items()]
            outside = [self._mail_server(), programs.countries(self.state, self.ports.countries)]
            await _together(
                self._start_kafka(), self._start_databases(services), *(self._start(program) for program in outside)
            )
            await _together(*(self._start(program) for program in services))
            write_private(self.state.dev_file, self.config)
            if self._simulators:
                await _together(*(self._start(programs.simulator(system, self.state)) for system in programs.SYSTEMS))
            logs = [child.log for child in self.children.values()]
            self._bounding = asyncio.create_task(keep_bounded(logs))
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Stops every child in order, within 10 s, and lets go of the state directory."""
        if self._bounding:
            self._bounding.cancel()
        for names, seconds in STOP_ORDER:
            children = [self.children[name] for name in names if name in self.children]
            await asyncio.gather(*(child.stop(seconds=seconds) for child in children))
        self.children.clear()
        self.state.release()

    async def wait_ready(self, name: str, *, seconds: float = 30) -> None:
        """Returns when the child can be used (again). Raises: LocalError."""
        await self.children[name].wait_ready(seconds=seconds)

    def kill(self, name: str) -> None:
        """SIGKILL now; it is started again."""
        self.children[name].kill()

    def hold(self, name: str) -> None:
        """SIGKILL now; it stays away until `release`."""
        self.children[name].hold()

    def release(self, name: str) -> None:
        self.children[name].release()

    def pause(self, name: str) -> None:
        """Freezes it, with its own children, until `resume`."""
        self.children[name].send_tree(signal.SIGSTOP)

    def resume(self, name: str) -> None:
        self.children[name].send_tree(signal.SIGCONT)

    def kill_everything(self) -> None:
        """SIGKILL to every child: for someone who does not want to wait for `stop`."""
        for child in self.children.values():
            child.hold()

    async def _start_databases(self, services: Sequence[Program]) -> None:
        passwords = self.state.secrets()["database_passwords"]
        await self._start(
            await postgres(self.state.path / "postgres", self.ports.postgres, passwords, self._on_progress)
        )
        await make_databases(self.ports.postgres, passwords)
        self._on_progress("preparing the services' databases")
        await _together(*(programs.prepare(program, self.state.log(program.name)) for program in services))

    async def _start_kafka(self) -> None:
        await self._start(await kafka(self.state.path / "kafka", self.ports, self._on_progress))
        await ensure_topics(f"{HOST}:{self.ports.kafka}")

    def _mail_server(self) -> Program:
        return programs.mail_server(self.state.path / "mailbox", self.ports.smtp)

    async def _start(self, program: Program) -> None:
        self._on_progress(f"starting {program.name}")
        began = time.monotonic()
        self.children[program.name] = child = Child(program, self.state.log(program.name))
        await child.start()
        self._on_progress(f"{program.name} is up after {time.monotonic() - began:.1f} s")


async def _together(*work: Coroutine[Any, Any, None]) -> None:
    """Does all of it at the same time. Raises: the first LocalError alone, when the rest has been cancelled."""
    try:
        async with asyncio.TaskGroup() as group:
            for each in work:
                group.create_task(each)
    except BaseExceptionGroup as failures:
        ours, others = failures.split(LocalError)
        if ours is None or others is not None:
            raise
        raise ours.exceptions[0] from None
