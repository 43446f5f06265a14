"""Apache Kafka alone, as `make run` starts it; tests may take it away and rob it of its data."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from deploy.local.child import Child
from deploy.local.kafka import kafka
from deploy.local.ports import HOST, Ports
from shared.kafka.topics import ensure_topics
from tests.conftest import state_dir


class Broker:
    """A broker that is kept running, with the declared topics."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._ports = folder, Ports.free()
        self._child: Child

    @property
    def address(self) -> str:
        return f"{HOST}:{self._ports.kafka}"

    @property
    def logs(self) -> Path:
        """Where it keeps what it was told."""
        return self._folder / "kafka"

    async def start(self) -> None:
        program = await kafka(self._folder / "kafka", self._ports, lambda _: None)
        self._child = Child(program, self._folder / "kafka.log")
        await self._child.start()
        await ensure_topics(self.address)

    async def stop(self, *, seconds: float = 2) -> None:
        await self._child.stop(seconds=seconds)

    def hold(self) -> None:
        """SIGKILL now; it stays away until `release`."""
        self._child.hold()

    def release(self) -> None:
        self._child.release()

    async def lose_log(self) -> None:
        """It ends and comes back as another, empty cluster, as after a lost disk."""
        await self.stop(seconds=0)
        shutil.rmtree(self._folder / "kafka")
        await self.start()


@asynccontextmanager
async def running_broker() -> AsyncIterator[Broker]:
    with state_dir() as folder:
        folder.mkdir()
        broker = Broker(folder)
        await broker.start()
        yield broker
        await broker.stop()
