"""Services, broker and database are killed at random while results flow; afterwards the whole history is checked."""

from collections.abc import Callable

import pytest

from services.notifications.sending.notices import AT_ONCE
from tests.e2e.running import CONSUMED
from tests.faults.history import broken_rules, second_messages
from tests.faults.length import KILLS, RESULTS
from tests.faults.ride import Ride
from tests.faults.rough import Rough
from tests.life.invariants import INVARIANTS

pytestmark = pytest.mark.faults


async def test_the_run_was_what_it_claims_to_be(
    after_kills: Ride, record_property: Callable[[str, object], None]
) -> None:
    record_property("kill run", str(after_kills))

    assert RESULTS == len(after_kills.ledger.acknowledged)
    assert {"intake", "scheduling", "notifications", "kafka", "postgres"} == set(after_kills.killed)
    assert KILLS == after_kills.killed.total()
    assert after_kills.ledger.sent_again > 0


async def test_no_acknowledged_result_is_lost_and_no_stream_goes_backwards(after_kills: Ride) -> None:
    assert {} == broken_rules(after_kills.history, CONSUMED)


async def test_no_slot_is_oversold_and_nobody_has_two_dates(rough: Rough, after_kills: Ride) -> None:
    broken = {rule: (await rough.rows("scheduling", sql))[0]["count"] for rule, sql in INVARIANTS.items()}

    assert dict.fromkeys(INVARIANTS, 0) == broken


async def test_a_crash_sends_again_only_what_was_on_its_way_at_that_moment(after_kills: Ride) -> None:
    """Never "exactly once": between the mail server's yes and its record a crash leads to a second message."""
    crashes = after_kills.killed["notifications"] + after_kills.killed["postgres"]

    assert second_messages(after_kills.history) <= AT_ONCE * crashes


async def test_nothing_is_left_in_an_outbox_or_among_parked_and_dead_events(rough: Rough, after_kills: Ride) -> None:
    states = [await rough.state(service) for service in CONSUMED]

    assert [(0, 0, 0)] * 3 == [(state["outbox"]["backlog"], state["parked"], state["dead"]) for state in states]
    assert [None] * 7 == [consumer["stopped"] for state in states for consumer in state["consumers"]]
