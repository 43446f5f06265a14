"""What fails by itself is found, left out and tried again; what is over by itself is not taken for a failure."""

import asyncio
import math
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, cast

import pytest

from shared import crowd
from shared.clock import FixedClock
from shared.db import Database, DatabaseUnavailable, UnitOfWork
from shared.set_aside import AGAIN_AFTER, STUBBORN, SetAside, Work
from tests.builders import NOW


class DatabaseDouble:
    """Runs the work; `is_there` says whether it answers."""

    def __init__(self, *, is_there: bool = True) -> None:
        self._is_there = is_there
        self.tried = 0

    async def run(self, now: object, work: Callable[[UnitOfWork], Awaitable[Any]]) -> Any:
        self.tried += 1
        return await work(cast(UnitOfWork, self))

    async def answers(self) -> bool:
        return self._is_there


class Row:
    """Numbers to be done from a place on, of which some cannot be, for as long as they fail with this."""

    def __init__(self, *ill: int, error: Exception) -> None:
        self.ill, self.done = set(ill), list[int]()
        self._error = error

    def work(self, most: int) -> Work[int]:
        return Work("count", self._do, self._skip, begin=0, most=most)

    async def _do(self, uow: UnitOfWork, at: int, most: int) -> int | None:
        numbers = range(at, min(at + most, 100))
        if not self.ill.isdisjoint(numbers):
            raise self._error
        self.done += numbers
        return numbers.stop if numbers.stop < 100 else None

    async def _skip(self, uow: UnitOfWork, at: int) -> tuple[str, int | None]:
        return str(at), at + 1


async def go_through(aside: SetAside, double: DatabaseDouble, row: Row, most: int = 50) -> None:
    await aside.go_through(cast(Database, double), row.work(most))


@pytest.mark.parametrize("most", [50, 1])
async def test_all_but_those_that_fail_are_done_once(most: int) -> None:
    aside, row = SetAside(FixedClock(NOW)), Row(3, 77, error=ValueError())

    await go_through(aside, double := DatabaseDouble(), row, most)

    assert row.done == [n for n in range(100) if n not in row.ill]
    assert aside.of("count") == ["3", "77"]
    assert double.tried < 105


async def test_work_that_gives_way_is_done_when_the_crowd_has_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crowd, "_seen_at", -math.inf)
    monkeypatch.setattr(crowd, "_came_at", -math.inf)
    monkeypatch.setattr(crowd, "QUIET_SECONDS", 0.1)
    crowd.seen()
    aside, row = SetAside(FixedClock(NOW)), Row(error=ValueError())

    going = asyncio.create_task(
        aside.go_through(cast(Database, DatabaseDouble()), replace(row.work(50), gives_way=True))
    )
    await asyncio.sleep(0.02)
    while_it_stands = len(row.done)
    await going

    assert (while_it_stands, len(row.done)) == (0, 100)


async def test_what_was_left_out_is_tried_again_after_a_while() -> None:
    clock = FixedClock(NOW)
    aside, row = SetAside(clock), Row(3, error=ValueError())
    await go_through(aside, DatabaseDouble(), row)

    assert aside.of("something else") == []
    [failed] = aside.listed()
    assert (failed["key"], failed["cause"].split()[0]) == ("3", "ValueError")
    clock.advance(AGAIN_AFTER)

    assert aside.of("count") == []


async def test_a_database_that_is_away_is_no_failure_of_what_was_to_be_done() -> None:
    aside, row = SetAside(FixedClock(NOW)), Row(3, error=DatabaseUnavailable())

    for _ in range(STUBBORN + 1):
        with pytest.raises(DatabaseUnavailable):
            await go_through(aside, DatabaseDouble(is_there=False), row)

    assert aside.listed() == []


async def test_what_loses_every_race_again_and_again_is_left_out_in_the_end() -> None:
    aside, row = SetAside(FixedClock(NOW)), Row(3, error=DatabaseUnavailable())

    for _ in range(STUBBORN - 1):
        with pytest.raises(DatabaseUnavailable):
            await go_through(aside, DatabaseDouble(), row)
    await go_through(aside, DatabaseDouble(), row)

    assert aside.of("count") == ["3"]
    assert len(row.done) == 99
