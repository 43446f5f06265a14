"""How long events wait, as operations see it."""

from datetime import UTC, datetime, timedelta

from aiokafka import TopicPartition

from shared.kafka.log_ends import MOST_LOOKS, Waiting
from tests.ledger import TOPIC

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
ONE, TWO = TopicPartition(TOPIC, 0), TopicPartition(TOPIC, 1)


def _after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def test_the_oldest_event_waits_since_it_was_first_seen_to_wait() -> None:
    waiting = Waiting()
    for second in (0, 2, 4):
        waiting.look({ONE: 5}, {ONE: 3}, _after(second))

    assert (2, NOW) == (waiting.lag, waiting.since)


def test_under_steady_traffic_the_oldest_event_is_young_however_long_some_wait() -> None:
    waiting = Waiting()
    for second in range(0, 600, 2):
        waiting.look({ONE: 10 + second, TWO: 9}, {ONE: 5 + second, TWO: 9}, _after(second))

    assert (5, _after(594)) == (waiting.lag, waiting.since)


def test_events_wait_no_more_once_they_are_handled_or_lost_with_their_log() -> None:
    handled, lost = Waiting(), Waiting()
    for each in (handled, lost):
        each.look({ONE: 50}, {ONE: 40}, NOW)

    handled.look({ONE: 50}, {ONE: 50}, _after(2))
    lost.look({ONE: 3}, {ONE: 40}, _after(2))

    assert [(0, None)] * 2 == [(each.lag, each.since) for each in (handled, lost)]


def test_a_topic_that_stands_still_for_days_is_remembered_by_few_looks() -> None:
    waiting = Waiting()
    for second in range(0, 6_000, 2):
        waiting.look({ONE: 9 + second}, {ONE: 0}, _after(second))

    assert NOW == waiting.since
    assert len(waiting._looks) <= MOST_LOOKS
