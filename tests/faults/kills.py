"""Kills of every kind of process, one after the other, at random moments."""

import asyncio
from collections import Counter
from collections.abc import Callable
from random import Random

from deploy.local.stack import Stack

EARLY = {"intake": 3, "scheduling": 3, "notifications": 10, "kafka": 2, "postgres": 2}
LATE = {"intake": 7, "scheduling": 7, "kafka": 3, "postgres": 3}
"""Out of 40 kills: the first 20 and the last 20. A notifications that dies keeps what it has in hand for 45 s, so its
kills come early and the wait for that is not added to the run."""

MOST_SECONDS = 0.8
"""A kill comes at a random moment, at most so long after its victim answered."""


def kill_order(kills: int, random: Random) -> list[str]:
    """The victims of that many kills."""
    order = []
    for part in (EARLY, LATE):
        names = [name for name, share in part.items() for _ in range(round(share * kills / 40))]
        random.shuffle(names)
        order += names
    return order


async def kill_all(stack: Stack, order: list[str], random: Random, after_each: Callable[[], None]) -> Counter[str]:
    """SIGKILL to each, the next one in line that is at work; how many of each were killed."""
    left, killed = list(order), Counter[str]()
    while left:
        name = await _next_at_work(stack, left)
        await asyncio.sleep(random.uniform(0, MOST_SECONDS))
        if stack.children[name].is_running:
            stack.kill(name)
            killed[name] += 1
            left.remove(name)
            after_each()
    return killed


async def _next_at_work(stack: Stack, line: list[str]) -> str:
    """The first in line that answers, as soon as broker and database do: without them nobody is at work."""
    while True:
        if await _answers(stack, "kafka") and await _answers(stack, "postgres"):
            for name in dict.fromkeys(line):
                if await _answers(stack, name):
                    return name
        await asyncio.sleep(0.2)  # asking takes from those who start


async def _answers(stack: Stack, name: str) -> bool:
    child = stack.children[name]
    return child.is_running and await child.program.ready()
