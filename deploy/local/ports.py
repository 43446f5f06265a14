"""The ports of a local Puente, all on loopback."""

import asyncio
import socket
import time
from dataclasses import asdict, dataclass

from deploy.local.errors import LocalError

HOST = "127.0.0.1"


@dataclass(frozen=True)
class Ports:
    """A port for each program that listens; the names are the programs'."""

    intake: int
    scheduling: int
    notifications: int
    smtp: int
    postgres: int
    kafka: int
    kafka_controller: int
    countries: int

    @classmethod
    def from_base(cls, base: int) -> "Ports":
        """The services at base + 1 to 3, the servers behind them where their usual ports end: 25, 54, 80, 92, 93."""
        return cls(
            base + 1,
            base + 2,
            base + 3,
            smtp=base + 25,
            postgres=base + 54,
            kafka=base + 92,
            kafka_controller=base + 93,
            countries=base + 80,
        )

    @classmethod
    def free(cls) -> "Ports":
        """Ports that nobody uses at this moment."""
        with_sockets = [socket.socket() for _ in range(8)]
        try:
            for each in with_sockets:
                each.bind((HOST, 0))
            return cls(*(each.getsockname()[1] for each in with_sockets))
        finally:
            for each in with_sockets:
                each.close()

    async def wait_free(self, *, seconds: float = 3.0) -> None:
        """Returns when nobody holds any of them; the children of a run that was killed need a moment to go.

        Raises: LocalError naming the first port that another program still holds.
        """
        deadline = time.monotonic() + seconds
        while taken := [(name, port) for name, port in asdict(self).items() if not is_free(port)]:
            if time.monotonic() > deadline:
                name, port = taken[0]
                raise LocalError(
                    f"port {port} ({name.replace('_', ' ')}) is taken by another program: "
                    "stop it, or choose other ports with --port-base"
                )
            await asyncio.sleep(0.1)


def is_free(port: int) -> bool:
    """Whether nobody listens on the port; one that is only cooling down after a close counts as free."""
    with socket.socket() as attempt:
        attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            attempt.bind((HOST, port))
        except OSError:
            return False
    return True
