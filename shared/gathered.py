"""Calls of one kind that come while another is at work are gathered and done together; each gets its own answer."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Generic, TypeVar

from shared import crowd
from shared.db import DatabaseUnavailable

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")
MOST = 120
"""Calls done together: the last of them waits for all."""
CROWD = MOST // 2
"""So many calls done together are a crowd."""
AT_ONCE = 2
"""While the database works for some of them, Python works for others."""


class Gathered(Generic[Asked, Answer]):
    """`do_all` does what was asked, in the order in which it was, and gives an answer for each.

    When it fails as a whole, each is done alone, so that one call at fault harms no other.
    """

    def __init__(self, do_all: Callable[[Sequence[Asked]], Awaitable[Sequence[Answer]]]) -> None:
        self._do_all = do_all
        self._waiting: deque[tuple[Asked, asyncio.Future[Answer | BaseException]]] = deque()
        self._at_work: set[asyncio.Task[Any] | None] = set()

    async def __call__(self, asked: Asked) -> Answer | BaseException:
        """The answer, or the error for which there is none. It is given, not raised: of many calls most may be refused."""
        answer: asyncio.Future[Answer | BaseException] = asyncio.get_running_loop().create_future()
        self._waiting.append((asked, answer))
        if len(self._at_work) < AT_ONCE:
            self._at_work.add(asyncio.create_task(self._until_nobody_waits()))
        return await answer

    async def _until_nobody_waits(self) -> None:
        try:
            while self._waiting:
                await self._do([self._waiting.popleft() for _ in range(min(MOST, len(self._waiting)))])
        finally:
            self._at_work.discard(
                asyncio.current_task()
            )  # now, not a turn later: whoever comes meanwhile would wait for ever

    async def _do(self, batch: Sequence[tuple[Asked, "asyncio.Future[Answer | BaseException]"]]) -> None:
        if len(batch) >= CROWD:
            crowd.seen()
        [outcome] = await asyncio.gather(self._do_all([asked for asked, _ in batch]), return_exceptions=True)
        if isinstance(outcome, BaseException) and len(batch) > 1 and not isinstance(outcome, DatabaseUnavailable):
            for each in batch:
                await self._do([each])
            return
        answers: Sequence[Answer | BaseException]
        answers = [outcome] * len(batch) if isinstance(outcome, BaseException) else outcome
        for (_, future), answer in zip(batch, answers, strict=True):
            if not future.done():  # else the one that asked has gone
                future.set_result(answer)
