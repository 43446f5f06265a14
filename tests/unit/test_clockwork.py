"""Ticks come again and again, whatever becomes of one of them, and end when they are asked to."""

import asyncio
import time
from datetime import datetime, timedelta, tzinfo

import pytest

from shared import clockwork as clockwork_module
from shared import crowd
from shared.clockwork import Clockwork, Tick

OFTEN = timedelta(milliseconds=10)


class Work:
    """Counts how often it began and ended; it takes as long, and fails as often, as it is told."""

    def __init__(self, *, seconds: float = 0, fails: bool = False) -> None:
        self.began = self.ended = 0
        self._seconds, self._fails = seconds, fails

    async def __call__(self) -> None:
        self.began += 1
        await asyncio.sleep(self._seconds)
        self.ended += 1
        if self._fails:
            raise ValueError


class SetClock(datetime):
    """The machine's clock, which somebody can put back."""

    put_back = timedelta()

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]  # plain ones, as the real clock gives
        return datetime.now(tz) - cls.put_back


async def _turn(*ticks: Tick, seconds: float = 0.2) -> None:
    clockwork = Clockwork(ticks)
    clockwork.start()
    await asyncio.sleep(seconds)
    await clockwork.stop()


async def test_a_tick_that_fails_comes_again_as_the_others_do() -> None:
    well, ill = Work(), Work(fails=True)

    await _turn(Tick("well", OFTEN, well), Tick("ill", OFTEN, ill))

    assert well.began > 3
    assert ill.began > 3


async def test_a_tick_comes_first_at_the_start_and_never_twice_at_once() -> None:
    seldom, slow = Work(), Work(seconds=0.15)

    await _turn(Tick("seldom", timedelta(hours=1), seldom), Tick("slow", OFTEN, slow))

    assert (1, 2) == (seldom.began, slow.began)


async def test_a_tick_at_work_is_waited_for_at_the_end_and_no_other_one_begins() -> None:
    slow, often = Work(seconds=0.2), Work()

    await _turn(Tick("slow", OFTEN, slow), Tick("often", OFTEN, often), seconds=0.05)
    began = often.began
    await asyncio.sleep(0.05)

    assert (1, 1, began) == (slow.began, slow.ended, often.began)


async def test_a_tick_at_work_is_not_waited_for_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clockwork_module, "STOP_SECONDS", 0.05)
    endless = Work(seconds=60)

    async with asyncio.timeout(5):
        await _turn(Tick("endless", OFTEN, endless), seconds=0.05)

    assert (1, 0) == (endless.began, endless.ended)


async def test_a_tick_leaves_the_first_second_of_a_crowd_to_those_who_are_served(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(crowd, "WAIT_SECONDS", 0.15)
    monkeypatch.setattr(crowd, "_came_at", time.monotonic())
    in_it, after_it = Work(), Work()

    await _turn(Tick("in it", OFTEN, in_it), seconds=0.05)
    await _turn(Tick("after it", OFTEN, after_it), seconds=0.2)

    assert in_it.began <= 1
    assert after_it.began > 1


async def test_ticks_go_on_when_the_clock_of_the_machine_is_put_back(monkeypatch: pytest.MonkeyPatch) -> None:
    for clock in ("apscheduler.schedulers.base.datetime", "shared.clockwork.datetime"):
        monkeypatch.setattr(clock, SetClock)
    monkeypatch.setattr(clockwork_module, "CLOCK_SECONDS", 0.02)
    work = Work()
    clockwork = Clockwork([Tick("often", OFTEN, work)])
    clockwork.start()
    await asyncio.sleep(0.1)

    monkeypatch.setattr(SetClock, "put_back", timedelta(hours=1))
    began = work.began
    await asyncio.sleep(0.2)
    await clockwork.stop()

    assert work.began > began + 3
