"""Scheduling is killed while many choose under keys: whoever asks again is told what is true, and is booked once."""

from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from tests.e2e.running import at_rest
from tests.faults.choices import Choice, Told, broken_promises, killed_in_the_middle
from tests.faults.rough import Rough
from tests.life.invariants import INVARIANTS

pytestmark = pytest.mark.faults

MOST_ROUNDS = 6
"""Between a commit and its answer lie milliseconds, and a crowd's choices are few batches: a round may find none of these
moments, or all that nobody heard of carried out."""

YES = Told(200, {"appointment": {"id": "date", "wall_time": "2026-12-01T09:00"}})
NO = Told(409, code="place_taken")
BOOKED = Choice("REF", 7, "key", before=YES, stood=("date",), again=YES, made=("date",), said=("date",))
LOST = replace(BOOKED, before=None)
REFUSED = Choice("REF", 7, "key", before=NO, again=NO)
NOT_HEARD = Choice("REF", 7, "key", again=YES, made=("date",), said=("date",))


async def test_whoever_asks_again_under_its_key_after_the_service_was_killed_is_told_the_same_and_booked_once(
    rough: Rough, record_property: Callable[[str, object], None]
) -> None:
    choices: list[Choice] = []
    for _ in range(MOST_ROUNDS):
        choices += await killed_in_the_middle(rough, Random())
        unheard = [each for each in choices if each.before is None]
        lost, never_done = [[each for each in unheard if bool(each.stood) is stood] for stood in (True, False)]
        if lost and never_done:
            break

    await at_rest(rough)
    record_property("choices", f"{len(choices)}, {len(lost)} carried out unheard, {len(never_done)} not carried out")
    assert {} == broken_promises(choices)
    assert {200, 409} == {each.again.status for each in choices if each.again}
    assert (True, True) == (any(each.before for each in choices), any(each.is_let_go for each in choices))
    assert lost
    assert never_done
    assert dict.fromkeys(INVARIANTS, 0) == {
        rule: (await rough.rows("scheduling", sql))[0]["count"] for rule, sql in INVARIANTS.items()
    }


@pytest.mark.parametrize("choice", [BOOKED, LOST, REFUSED, NOT_HEARD, replace(BOOKED, is_let_go=True)])
def test_what_may_happen_breaks_no_promise(choice: Choice) -> None:
    assert {} == broken_promises([choice])


@pytest.mark.parametrize(
    ("choice", "changed", "broken"),
    [
        (REFUSED, {"again": YES, "made": ("date",), "said": ("date",)}, "what was answered is answered again"),
        (LOST, {"again": NO, "made": (), "said": ()}, "what was carried out is answered"),
        (NOT_HEARD, {"made": ("date", "second"), "said": ("date", "second")}, "a household is booked once"),
        (NOT_HEARD, {"again": NO}, "what is answered is what is booked"),
        (NOT_HEARD, {"said": ("date", "date")}, "what is booked is said once"),
        (NOT_HEARD, {"said": ()}, "what is booked is said once"),
        (NOT_HEARD, {"again": Told(409, code="key_reused"), "made": (), "said": ()}, "a refusal says that the place is gone"),
    ],
)  # fmt: skip
def test_each_promise_can_be_broken(choice: Choice, changed: dict[str, Any], broken: str) -> None:
    assert broken in broken_promises([BOOKED, replace(choice, **changed)])
