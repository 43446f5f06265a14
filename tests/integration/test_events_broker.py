"""Outbox to Kafka to handler with the real broker: order, restarts, what waits, what fails."""

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaConnectionError, KafkaError
from structlog.testing import capture_logs

from shared import crowd
from shared.db import UnitOfWork
from shared.kafka import relay as relay_module
from shared.kafka import topics as topics_module
from shared.kafka.log_ends import LogEnds
from shared.kafka.parked import NEXT_TRY
from shared.kafka.relay import Sent
from shared.kafka.topics import Topic, declared_topics, ensure_topics
from tests.broker import Broker
from tests.builders import NOW, a_case, a_record
from tests.damage import delete_all
from tests.ledger import TOPIC
from tests.pipe import MakePipe, Pipe, all_published, handled, unpublished, until


async def test_what_is_published_is_handled_and_its_place_on_kafka_is_noted(
    broker: Broker, make_pipe: MakePipe
) -> None:
    pipe = await make_pipe(broker)
    cases = [a_case() for _ in range(300)]
    pipe.start()

    await pipe.publish(*cases)

    await until(lambda: handled(pipe, 300))
    assert await unpublished(pipe) == 0


async def test_what_is_published_while_a_crowd_comes_goes_out_a_moment_later(
    broker: Broker, make_pipe: MakePipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipe = await make_pipe(broker)
    pipe.start()
    await pipe.publish(a_case())
    await until(lambda: all_published(pipe))
    monkeypatch.setattr(crowd, "_seen_at", -crowd.QUIET_SECONDS)
    crowd.seen()

    for _ in range(3):
        await pipe.publish(*(a_case() for _ in range(100)))
    at_once = await unpublished(pipe)
    await asyncio.sleep(crowd.wait_seconds() - 0.3)
    before = await unpublished(pipe)

    assert (at_once, before) == (300, 300)
    await until(lambda: handled(pipe, 301), seconds=5)


async def test_a_consumer_that_starts_again_goes_on_where_its_database_says(
    broker: Broker, make_pipe: MakePipe
) -> None:
    pipe = await make_pipe(broker)
    pipe.start()
    await pipe.publish(a_case())
    await until(lambda: handled(pipe, 1))
    await pipe.stop()
    await pipe.publish(a_case())
    before = {row.key for row in await pipe.ledger.rows("select key from ledger")}
    pipe.ledger.keys = []

    pipe.start()

    await until(lambda: handled(pipe, 2))
    assert before & set(pipe.ledger.keys) == set()


async def test_a_relay_that_failed_gets_its_lock_again_at_once(
    broker: Broker, make_pipe: MakePipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipe = await make_pipe(broker)
    answers = iter([KafkaConnectionError("away")])

    async def away_once(bootstrap: str) -> str:
        for error in answers:
            raise error
        return await ensure_topics(bootstrap)

    monkeypatch.setattr(relay_module, "ensure_topics", away_once)
    await asyncio.gather(*(pipe.publisher.run(pipe.clock.now(), _slowly) for _ in range(5)))
    pipe.start()

    await pipe.publish(a_case())

    await until(lambda: all_published(pipe), seconds=10)


async def _slowly(uow: UnitOfWork) -> None:
    """Makes the pool open a connection of its own."""
    await uow.rows("select pg_sleep(0.2)")


async def test_events_that_wait_are_seen_as_lag_while_the_consumer_stands_still(
    broker: Broker, make_pipe: MakePipe
) -> None:
    pipe = await make_pipe(broker)
    ends = LogEnds(broker.address, [TOPIC], pipe.ledger.database, pipe.clock)
    pipe.tasks = [asyncio.create_task(pipe.relay.run()), asyncio.create_task(ends.run())]
    await until(lambda: _answers(ends))
    of_others = ends.lag_of(TOPIC)[0]
    await pipe.publish(*[a_case() for _ in range(30)])

    await until(lambda: _lag_is(ends, of_others + 30))
    pipe.tasks.append(asyncio.create_task(pipe.consumer.run()))
    await until(lambda: _lag_is(ends, 0))


async def test_events_wait_visibly_also_on_a_partition_that_operations_added(
    broker: Broker, make_pipe: MakePipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    await ensure_topics(broker.address)
    admin = AIOKafkaAdminClient(bootstrap_servers=broker.address)
    await admin.start()
    await admin.create_topics([NewTopic("one.grown", 3, 1)])
    monkeypatch.setattr(topics_module, "declared_topics", lambda: [Topic("one.grown", 1, {})])
    pipe = await make_pipe(broker)
    ends = LogEnds(broker.address, ["one.grown"], pipe.ledger.database, pipe.clock)
    producer = AIOKafkaProducer(bootstrap_servers=broker.address)
    await producer.start()
    await producer.send_and_wait("one.grown", b"waits", partition=2)

    pipe.tasks = [asyncio.create_task(ends.run())]

    await until(lambda: _answers(ends))
    assert ends.lag_of("one.grown")[0] == 1
    await producer.stop()
    await admin.close()


async def test_a_consumer_that_joins_after_the_oldest_events_were_deleted_is_not_behind_by_them(
    broker: Broker, make_pipe: MakePipe
) -> None:
    pipe = await make_pipe(broker)
    pipe.tasks = [asyncio.create_task(pipe.relay.run())]
    await pipe.publish(*[a_case() for _ in range(30)])
    ends = LogEnds(broker.address, [TOPIC], pipe.ledger.database, pipe.clock)
    pipe.tasks.append(asyncio.create_task(ends.run()))
    await until(lambda: _has_events(ends))

    await delete_all(broker.address)

    await until(lambda: _lag_is(ends, 0))


async def _has_events(ends: LogEnds) -> bool:
    return ends.answers and ends.lag_of(TOPIC)[0] >= 30


async def _answers(ends: LogEnds) -> bool:
    return ends.answers


async def _lag_is(ends: LogEnds, lag: int) -> bool:
    return ends.answers and ends.lag_of(TOPIC)[0] == lag


async def test_a_broker_that_cannot_make_a_topic_yet_is_waited_for_like_one_that_is_away(
    broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(topics_module, "declared_topics", lambda: [Topic("one.more", 1, {})])

    with pytest.raises(KafkaError):
        await ensure_topics(broker.address, replication=3)


async def test_topics_have_the_settings_of_topics_yaml_and_keep_what_else_was_set(broker: Broker) -> None:
    await _set(broker, **{"retention.ms": "1000", "max.message.bytes": "900000"})

    with capture_logs() as said:
        await ensure_topics(broker.address)
        await ensure_topics(broker.address)

    admin = AIOKafkaAdminClient(bootstrap_servers=broker.address)
    await admin.start()
    [answer] = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, TOPIC)])
    await admin.close()
    [topic] = [topic for topic in declared_topics() if topic.name == TOPIC]
    found = {name: value for name, value, *_ in answer.resources[0][4]}
    expected = {**topic.config, "max.message.bytes": "900000"}
    assert expected == {name: found[name] for name in expected}
    assert [each["event"] for each in said] == ["topic.set_right"]


async def test_a_partition_that_refuses_what_it_is_sent_is_asked_again_after_a_pause(
    broker: Broker, make_pipe: MakePipe
) -> None:
    pipe = await make_pipe(broker)
    await _set(broker, **{"max.message.bytes": "100"})
    pipe.tasks = [asyncio.create_task(pipe.relay.run())]

    with capture_logs() as said:
        await pipe.publish(a_case())
        await asyncio.sleep(3)
    await _set(broker, **{"max.message.bytes": "1000000"})

    assert 1 <= len([each for each in said if each["event"] == "relay.refused"]) <= 4
    await until(lambda: all_published(pipe))


async def _set(broker: Broker, **settings: str) -> None:
    """These settings of the topic and no others."""
    admin = AIOKafkaAdminClient(bootstrap_servers=broker.address)
    await admin.start()
    await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, TOPIC, settings)])
    await admin.close()


async def test_a_topic_that_a_release_gave_up_keeps_no_other_from_being_published(
    broker: Broker, make_pipe: MakePipe
) -> None:
    pipe = await make_pipe(broker)
    await pipe.publish(a_case())
    for sql in (
        "update outbox set topic = 'given.up'",
        "delete from outbox_unpublished",
        "insert into relay_partition values ('given.up', 0, 7)",
        "insert into relay_cluster values (true, 'another')",
    ):
        await pipe.publisher.run(NOW, partial(UnitOfWork.execute, sql=sql))
    pipe.tasks = [asyncio.create_task(pipe.relay.run())]

    await pipe.publish(a_case())

    await until(lambda: all_published(pipe), seconds=9)


class Silent:
    """A producer of six partitions, none of which acknowledges anything."""

    async def partitions_for(self, topic: str) -> set[int]:
        return set(range(6))


async def test_while_the_broker_is_away_what_waits_is_not_read_again_and_again(
    broker: Broker, make_pipe: MakePipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(bootstrap: str) -> str:
        raise KafkaConnectionError(bootstrap)

    monkeypatch.setattr(relay_module, "ensure_topics", away)
    monkeypatch.setattr(relay_module, "ACK_SECONDS", 0.01)
    pipe = await make_pipe(broker)
    await pipe.publish(*[a_case() for _ in range(600)])
    relay, reads, read = pipe.relay, [], pipe.relay._rows_after
    relay._producer = Silent()
    relay._in_flight = {TopicPartition(TOPIC, n): Sent([], asyncio.Future(), 0) for n in range(6)}

    async def noted(after: int) -> Sequence[Any]:
        reads.append(after)
        return await read(after)

    monkeypatch.setattr(relay, "_rows_after", noted)
    for _ in range(5):
        await relay._publish_some()

    assert len(reads) == 3


async def test_a_bad_release_stops_its_topic_and_the_next_release_goes_on_where_it_stopped(
    broker: Broker, make_pipe: MakePipe
) -> None:
    pipe = await make_pipe(broker)
    cases = [a_case() for _ in range(60)]
    pipe.ledger.poison = {(case.case_ref, 1) for case in cases}
    pipe.start()
    await pipe.publish(*cases)
    await until(lambda: _stopped(pipe))
    await pipe.stop()
    pipe.ledger.poison = set()

    pipe.renew_consumer()
    pipe.clock.advance(NEXT_TRY[0])
    pipe.start()

    await until(lambda: _handled_or_tried_again(pipe, 60))


async def test_parked_events_are_tried_again_by_the_consumer_and_those_of_a_stopped_topic_wait(
    broker: Broker, make_pipe: MakePipe
) -> None:
    pipe = await make_pipe(broker)
    case = a_case()
    pipe.ledger.poison = {(case.case_ref, 1)}
    await pipe.ledger.run([a_record(case)])
    pipe.ledger.poison = set()
    pipe.clock.advance(NEXT_TRY[0])
    topic = pipe.consumer.topics[TOPIC]

    topic.stopped = "for a bad release"
    assert await pipe.consumer.retry_parked() == 0
    topic.stopped = None
    assert await pipe.consumer.retry_parked() == 1

    assert await pipe.ledger.handled(case) == [1]


async def _handled_or_tried_again(pipe: Pipe, count: int) -> bool:
    """Those of a batch before the stop were parked and have their own time."""
    await pipe.consumer.retry_parked()
    return await handled(pipe, count)


async def _stopped(pipe: Pipe) -> bool:
    return pipe.consumer.topics[TOPIC].stopped is not None
