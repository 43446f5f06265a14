"""A broker that goes away, or comes back without its log: nothing that was published before is lost."""

import asyncio

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient

from shared import tracing
from shared.clock import FixedClock
from shared.db import Database
from shared.kafka import log_watch
from shared.kafka import relay as relay_module
from shared.kafka.log_watch import REPUBLISH, LogLost
from shared.kafka.relay import Relay
from shared.kafka.topics import ensure_topics
from shared.outbox import Cause
from tests.broker import Broker
from tests.builders import NOW, a_case, a_record
from tests.conftest import MakeDatabase
from tests.ledger import TOPIC, Ledger
from tests.pipe import MakePipe, Pipe, all_published, handled, until


async def test_publishing_goes_on_while_the_broker_is_away_and_nothing_is_lost(
    broker: Broker, make_pipe: MakePipe
) -> None:
    pipe = await make_pipe(broker)
    pipe.start()
    await pipe.publish(a_case())
    await until(lambda: handled(pipe, 1))

    broker.hold()
    for _ in range(20):
        await pipe.publish(a_case())
    await asyncio.sleep(2)
    broker.release()

    await until(lambda: handled(pipe, 21), seconds=60)


async def test_a_broker_that_lost_its_data_is_told_the_newest_of_every_stream_again(
    broker: Broker, make_pipe: MakePipe
) -> None:
    pipe = await make_pipe(broker)
    await _lose_the_log_before_it_was_read(broker, pipe)

    await until(lambda: handled(pipe, 21), seconds=60)


async def test_a_log_that_was_lost_and_outgrew_the_old_one_before_that_was_noted_is_found_at_the_next_start(
    broker: Broker, make_pipe: MakePipe
) -> None:
    pipe = await make_pipe(broker)
    pipe.tasks = [asyncio.create_task(pipe.relay.run())]
    await pipe.publish(*[a_case() for _ in range(20)])
    await until(lambda: all_published(pipe))
    await pipe.stop()
    await _recreate_topic(broker)
    await _fill_with_others(broker, 100)

    pipe.renew_relay()
    pipe.start()

    await until(lambda: handled(pipe, 20))


async def _recreate_topic(broker: Broker) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=broker.address)
    await admin.start()
    await admin.delete_topics([TOPIC])
    async with asyncio.timeout(20):
        while TOPIC in await admin.list_topics():
            await asyncio.sleep(0.1)
    await admin.close()
    await ensure_topics(broker.address)


async def _fill_with_others(broker: Broker, count: int) -> None:
    """In each partition: what a relay put there that ended before it could note where."""
    producer = AIOKafkaProducer(bootstrap_servers=broker.address)
    await producer.start()
    for record in [a_record(a_case(), partition=n % 6) for n in range(6 * count)]:
        headers = list(record.headers)
        await producer.send(TOPIC, record.value, record.key, partition=record.partition, headers=headers)
    await producer.stop()


async def test_control_without_saying_it_again_what_the_broker_lost_stays_lost(
    broker: Broker, make_pipe: MakePipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def nothing(*_: object) -> int:
        return 0

    monkeypatch.setattr(relay_module, "republish", nothing)
    pipe = await make_pipe(broker)
    await _lose_the_log_before_it_was_read(broker, pipe)

    with pytest.raises(TimeoutError):
        await until(lambda: handled(pipe, 21), seconds=15)


async def test_what_was_lost_is_found_however_long_that_takes(
    new_database: MakeDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two million rows of the outbox take longer than a statement may for which somebody waits."""
    slowly = REPUBLISH.replace("from outbox", "from outbox cross join (select pg_sleep(0.5)) as slowly")
    monkeypatch.setattr(log_watch, "REPUBLISH", slowly)
    database = Database(await Ledger.prepare(await new_database("template0")), longest_statement=0.3)
    async with database.begin(NOW) as uow:
        uow.publish(a_case(), cause=Cause.first(tracing.new_root()))
    await database.run(NOW, lambda uow: uow.execute("delete from outbox_unpublished"))

    await Relay(database, "nowhere", service="test", clock=FixedClock(NOW))._say_all_again(LogLost("a test"))

    assert len(await database.run(NOW, lambda uow: uow.rows("select id from outbox_unpublished"))) == 1
    await database.close()


async def test_a_consumer_whose_log_was_refilled_reads_it_from_the_start(broker: Broker, make_pipe: MakePipe) -> None:
    pipe = await make_pipe(broker)
    pipe.start()
    await pipe.publish(*[a_case() for _ in range(20)])
    await until(lambda: handled(pipe, 20))

    await broker.lose_log()
    await pipe.publish(*[a_case() for _ in range(20)])

    await until(lambda: handled(pipe, 40), seconds=60)


async def _lose_the_log_before_it_was_read(broker: Broker, pipe: Pipe) -> None:
    """20 events are acknowledged by Kafka and read by nobody; then the broker comes back empty, and one more is said."""
    publishing = asyncio.create_task(pipe.relay.run())
    await pipe.publish(*[a_case() for _ in range(20)])
    await until(lambda: all_published(pipe))
    await broker.lose_log()
    pipe.tasks = [publishing, asyncio.create_task(pipe.consumer.run())]
    await pipe.publish(a_case())
