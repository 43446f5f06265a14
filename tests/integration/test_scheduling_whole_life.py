"""The whole life of appointments, thousands of steps that nobody planned, on a real database."""

import asyncio
import os
from collections import Counter
from collections.abc import Callable

from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from shared.events import CaseScheduled
from tests.conftest import MakeDatabase
from tests.life.machine import Life
from tests.life.world import World, small

LONG = os.environ.get("PUENTE_FAULTS") == "long"
LIVES, STEPS, LEAST = (120, 100, 10_000) if LONG else (4, 60, 200)
"""Lives, each in a world of its own, the most steps of each, and the least of all."""
EVERYTHING = {
    each.type.removeprefix("puente.scheduling.").removesuffix(".v1") for each in CaseScheduled.__subclasses__()
} - {"referral.changed", "adjustment.answered"}
"""No household is referred here, since its world has one country, nor asks for anything itself. What the long form must have seen: else it proved less than it says."""


def test_whatever_happens_in_whatever_order_the_rules_of_scheduling_hold(
    new_database: MakeDatabase, record_property: Callable[[str, object], None]
) -> None:
    refused: Counter[str] = Counter()
    happened: Counter[str] = Counter()
    steps: list[int] = []

    with asyncio.Runner() as runner:
        template = runner.run(_template(new_database))

        def make_world() -> World:
            return World(runner, runner.run(new_database(template)), refused, happened)

        class OneLife(Life):
            def __init__(self) -> None:
                super().__init__(make_world, steps)

        run_state_machine_as_test(
            OneLife,
            settings=settings(
                max_examples=LIVES, stateful_step_count=STEPS, deadline=None, database=None, derandomize=not LONG,
                phases=[Phase.generate], suppress_health_check=list(HealthCheck),
            ),
        )  # fmt: skip

    record_property("whole life of appointments", f"{sum(steps)} steps; {dict(happened)}; refused: {dict(refused)}")
    assert sum(steps) >= LEAST
    assert (EVERYTHING if LONG else {"appointment.offered", "appointment.cancelled", "case.waiting"}) <= set(happened)


async def _template(new_database: MakeDatabase) -> str:
    return await small(await new_database("template0"))
