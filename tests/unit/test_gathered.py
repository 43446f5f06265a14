"""Calls that come at once are done together."""

import asyncio
from collections.abc import Sequence

import pytest

from shared.gathered import Gathered


async def test_what_comes_while_one_is_at_work_is_done_together_after_it() -> None:
    batches: list[list[int]] = []

    async def double(asked: Sequence[int]) -> list[int | Exception]:
        batches.append(list(asked))
        await asyncio.sleep(0.01)
        return [2 * n for n in asked]

    gathered = Gathered(double)
    first = asyncio.create_task(gathered(1))
    await asyncio.sleep(0.005)

    rest = await asyncio.gather(*(gathered(n) for n in (2, 3, 4)))

    assert [await first, *rest] == [2, 4, 6, 8]
    assert batches == [[1], [2, 3, 4]]


async def test_one_call_at_fault_harms_no_other() -> None:
    async def invert(asked: Sequence[int]) -> list[float | Exception]:
        return [1 / n for n in asked]

    gathered = Gathered(invert)

    answers = await asyncio.gather(*(gathered(n) for n in (1, 0, 2)), return_exceptions=True)

    assert [type(answer) for answer in answers] == [float, ZeroDivisionError, float]


async def test_an_error_that_is_an_answer_is_raised_to_who_asked() -> None:
    async def refuse(asked: Sequence[int]) -> list[int | Exception]:
        return [ValueError(str(n)) if n < 0 else n for n in asked]

    gathered = Gathered(refuse)

    assert await gathered(1) == 1
    with pytest.raises(ValueError, match="-1"):
        await gathered(-1)


async def test_who_went_away_does_not_keep_the_others_from_their_answer() -> None:
    async def slowly(asked: Sequence[int]) -> list[int | Exception]:
        await asyncio.sleep(0.01)
        return list(asked)

    gathered = Gathered(slowly)
    gone, stays = asyncio.create_task(gathered(1)), asyncio.create_task(gathered(2))
    await asyncio.sleep(0)
    gone.cancel()

    assert await stays == 2
