"""A running Puente whose parts can be taken away and given back."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from deploy.local.ports import Ports
from deploy.local.stack import Stack
from tests.conftest import state_dir
from tests.e2e.running import Running


class Rough(Running):
    """The same as seen by its users, and the children that it consists of."""

    def __init__(self, stack: Stack) -> None:
        super().__init__(stack.config, stack.state.path)
        self.stack = stack

    @asynccontextmanager
    async def without(self, *names: str) -> AsyncIterator[None]:
        """These children are killed and stay away; afterwards they are back and ready."""
        for name in names:
            self.stack.hold(name)
        try:
            yield
        finally:
            for name in names:
                self.stack.release(name)
            for name in names:
                await self.stack.wait_ready(name, seconds=60)


@asynccontextmanager
async def rough_puente() -> AsyncIterator[Rough]:
    """One of one's own, from start to stop."""
    with state_dir() as folder:
        stack = Stack(folder, Ports.free())
        await stack.start()
        try:
            rough = Rough(stack)
            yield rough
            rough.close()
        finally:
            await stack.stop()
