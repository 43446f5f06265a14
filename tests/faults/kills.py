"""Kills of every kind of process, one after the other, at random moments."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from random import Random

from deploy.local.stack import Stack

EARLY = {"intake": 6, "scheduling": 6, "notifications": 10, "kafka": 4, "postgres": 4}
LATE = {"intake": 4, "scheduling": 4, "kafka": 1, "postgres": 1}
"""Out of 40 kills: the first 30 and the last 10. A notifications that dies keeps what it has in hand for 45 s, so its
kills come early and the wait for that is not added to the run."""

READY_SECONDS = 20
"""How long a kill waits for its victim to be at work again; then it is the next one's turn."""


def kill_order(kills: int, random: Random) -> list[str]:
    """The victims of that many kills."""
    order = []
    for part in (EARLY, LATE):
        names = [name for name, share in part.items() for _ in range(round(share * kills / 40))]
        random.shuffle(names)
        order += names
    return order


async def kill_all(stack: Stack, order: list[str], random: Random, after_each: Callable[[], None]) -> Counter[str]:
    """SIGKILL to each in turn while it is at work; how many of each were killed."""
    killed: Counter[str] = Counter()
    for name in order:
        if await _at_work(stack, name):
            await asyncio.sleep(random.uniform(0, 1))
            if stack.children[name].is_running:
                stack.kill(name)
                killed[name] += 1
        after_each()
    return killed


async def _at_work(stack: Stack, name: str) -> bool:
    """True once the child answers."""
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        child = stack.children[name]
        if child.is_running and await child.program.ready():
            return True
        await asyncio.sleep(0.05)
    return False
