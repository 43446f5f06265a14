"""Calls that come at once are done together."""

import asyncio
from collections.abc import Sequence

import pytest

from shared import crowd
from shared.db import DatabaseUnavailable
from shared.gathered import CROWD, Gathered


async def test_what_comes_while_two_are_at_work_is_done_together_after_the_first_of_them() -> None:
    batches: list[list[int]] = []

    async def double(asked: Sequence[int]) -> list[int]:
        batches.append(list(asked))
        await asyncio.sleep(0.01)
        return [2 * n for n in asked]

    gathered = Gathered(double)
    first = asyncio.create_task(gathered(1))
    await asyncio.sleep(0.002)
    second = asyncio.create_task(gathered(2))
    await asyncio.sleep(0.002)

    rest = await asyncio.gather(*(gathered(n) for n in (3, 4, 5)))

    assert [await first, await second, *rest] == [2, 4, 6, 8, 10]
    assert batches == [[1], [2], [3, 4, 5]]


async def test_who_comes_in_the_moment_in_which_all_that_is_at_work_ends_is_answered() -> None:
    for turns in range(12):
        gate = asyncio.Event()

        async def echo(asked: Sequence[int], gate: asyncio.Event = gate) -> list[int]:
            await gate.wait()
            return list(asked)

        gathered = Gathered(echo)
        at_work = []
        for n in (1, 2):
            at_work.append(asyncio.create_task(gathered(n)))
            await asyncio.sleep(0.001)
        gate.set()
        for _ in range(turns):
            await asyncio.sleep(0)

        assert await asyncio.wait_for(gathered(3), 1) == 3, turns
        assert await asyncio.gather(*at_work) == [1, 2]


async def test_one_call_at_fault_harms_no_other() -> None:
    async def invert(asked: Sequence[int]) -> list[float]:
        return [1 / n for n in asked]

    gathered = Gathered(invert)

    answers = await asyncio.gather(*(gathered(n) for n in (1, 0, 2)))

    assert [type(answer) for answer in answers] == [float, ZeroDivisionError, float]


async def test_when_the_database_is_away_nobody_is_done_alone() -> None:
    tries = []

    async def ask(asked: Sequence[int]) -> list[int]:
        tries.append(len(asked))
        raise DatabaseUnavailable("away")

    gathered = Gathered(ask)

    answers = await asyncio.gather(*(gathered(n) for n in range(3)))

    assert [type(answer) for answer in answers] == [DatabaseUnavailable] * 3
    assert tries == [3]


async def test_who_went_away_does_not_keep_the_others_from_their_answer() -> None:
    async def slowly(asked: Sequence[int]) -> list[int]:
        await asyncio.sleep(0.01)
        return list(asked)

    gathered = Gathered(slowly)
    gone, stays = asyncio.create_task(gathered(1)), asyncio.create_task(gathered(2))
    await asyncio.sleep(0)
    gone.cancel()

    assert await stays == 2


async def test_a_crowd_is_waited_for_in_its_first_second_and_not_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crowd, "WAIT_SECONDS", 0.2)
    for when in ("_came_at", "_seen_at"):  # and for the tests after this one there was no crowd
        monkeypatch.setattr(crowd, when, -crowd.QUIET_SECONDS)

    async def echo(asked: Sequence[int]) -> list[int]:
        return list(asked)

    gathered = Gathered(echo)

    async def come(count: int) -> float:
        await asyncio.gather(*(gathered(n) for n in range(count)))
        return crowd.wait_seconds()

    few, many = await come(CROWD - 1), await come(CROWD)
    await asyncio.sleep(0.2)
    still = await come(CROWD)

    assert (few, still) == (0, 0)
    assert 0 < many <= 0.2
