"""What the real broker does not have any more, or not in a form that can be read: nothing of it is lost, and it keeps no
other event back."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from structlog.testing import capture_logs

from shared.kafka.missed import ask_nobody
from shared.kafka.parked import NEXT_TRY
from shared.service import Service
from shared.web.neighbour import NeighbourAway
from tests.broker import Broker, running_broker
from tests.builders import a_case, a_record
from tests.damage import delete_all, produce_with_bad_header, spoil
from tests.ledger import TOPIC
from tests.openapi import served
from tests.pipe import MakePipe, Pipe, all_published, handled, until
from tests.scheduling import Scheduling, settings
from tests.scheduling_http import Client


@pytest_asyncio.fixture(loop_scope="session")
async def broker() -> AsyncIterator[Broker]:
    """One for each test, since what it breaks stays broken."""
    async with running_broker() as broker:
        yield broker


async def test_a_record_with_a_header_that_is_no_text_is_dead_and_the_others_are_handled(
    broker: Broker, make_pipe: MakePipe
) -> None:
    pipe = await _with_twenty_handled(broker, make_pipe)

    with capture_logs() as said:
        for partition in range(3):
            await produce_with_bad_header(broker.address, a_record(a_case(), partition=partition))
        await pipe.publish(*[a_case() for _ in range(40)])
        await until(lambda: handled(pipe, 60))

    assert [state for _, state, _ in await pipe.ledger.parked()] == ["dead"] * 3
    stepped_over = [each for each in said if each["event"] == "consumer.stepped_over"]
    assert [(each["end"] - each["first"], each["is_said_again"]) for each in stepped_over] == [(1, False)] * 3
    await _starts_again(pipe, 60)


async def test_what_lies_before_such_a_record_is_handled_first(
    broker: Broker, make_pipe: MakePipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipe = await make_pipe(broker)
    monkeypatch.setattr(pipe.consumer, "_say_again", ask_nobody)
    pipe.tasks = [asyncio.create_task(pipe.relay.run())]
    await pipe.publish(*[a_case() for _ in range(20)])
    await until(lambda: all_published(pipe))
    for partition in range(6):
        await produce_with_bad_header(broker.address, a_record(a_case(), partition=partition))
    await pipe.publish(*[a_case() for _ in range(40)])
    await until(lambda: all_published(pipe))

    pipe.tasks.append(asyncio.create_task(pipe.consumer.run()))

    await until(lambda: handled(pipe, 60))
    assert [state for _, state, _ in await pipe.ledger.parked()] == ["dead"] * 6


async def test_a_batch_that_the_brokers_disk_spoilt_is_stepped_over_and_said_again(
    broker: Broker, make_pipe: MakePipe
) -> None:
    pipe = await _with_a_spoilt_batch(broker, make_pipe)

    pipe.tasks.append(asyncio.create_task(pipe.consumer.run()))
    await until(lambda: _is_parked(pipe))
    await pipe.consumer.retry_parked()

    await until(lambda: handled(pipe, 60))
    assert [state for _, state, _ in await pipe.ledger.parked()] == ["superseded"]
    await _starts_again(pipe, 60)


async def test_control_without_saying_it_again_what_the_disk_spoilt_stays_lost_and_is_shown_until_it_was(
    broker: Broker, make_pipe: MakePipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipe = await _with_a_spoilt_batch(broker, make_pipe)
    monkeypatch.setattr(pipe.consumer, "_say_again", ask_nobody)

    pipe.tasks.append(asyncio.create_task(pipe.consumer.run()))
    await until(lambda: _is_parked(pipe))
    for _ in range(10):
        await pipe.consumer.retry_parked()
        pipe.clock.advance(NEXT_TRY[-1])

    assert not await handled(pipe, 60)
    assert await pipe.ledger.parked() == [(None, "parked", 11)]


async def test_a_consumer_that_was_away_longer_than_events_are_kept_is_told_the_newest_of_every_stream(
    broker: Broker, make_pipe: MakePipe
) -> None:
    pipe = await _with_twenty_handled(broker, make_pipe)
    await pipe.stop()
    pipe.tasks = [asyncio.create_task(pipe.relay.run())]
    await pipe.publish(*[a_case() for _ in range(40)])
    await until(lambda: all_published(pipe))

    await delete_all(broker.address)
    pipe.start()
    await until(lambda: _is_parked(pipe))
    await pipe.consumer.retry_parked()

    await until(lambda: handled(pipe, 60))
    assert pipe.asked == [TOPIC]
    await _starts_again(pipe, 60)


async def _with_twenty_handled(broker: Broker, make_pipe: MakePipe) -> Pipe:
    pipe = await make_pipe(broker)
    pipe.start()
    await pipe.publish(*[a_case() for _ in range(20)])
    await until(lambda: handled(pipe, 20))
    return pipe


async def _starts_again(pipe: Pipe, count: int) -> None:
    """It goes on where it was, and steps over nothing a second time."""
    before = len(await pipe.ledger.parked())
    await pipe.stop()
    pipe.renew_consumer()
    pipe.start()
    await pipe.publish(a_case())
    await until(lambda: handled(pipe, count + 1))
    assert len(await pipe.ledger.parked()) == before


async def _with_a_spoilt_batch(broker: Broker, make_pipe: MakePipe) -> Pipe:
    """60 events are on the broker, some of them in a batch that its disk spoilt."""
    pipe = await make_pipe(broker)
    pipe.tasks = [asyncio.create_task(pipe.relay.run())]
    spoilt = a_case()
    for some in (
        [a_case() for _ in range(20)],
        [spoilt, *[a_case() for _ in range(19)]],
        [a_case() for _ in range(20)],
    ):
        await pipe.publish(*some)
        await until(lambda: all_published(pipe))
    spoil(broker.logs, spoilt.case_ref.encode())
    return pipe


async def _is_parked(pipe: Pipe) -> bool:
    return any(state == "parked" for _, state, _ in await pipe.ledger.parked())


async def test_a_service_asks_whoever_publishes_a_topic_to_say_the_newest_of_it_again(
    scheduling: Scheduling, http: Client
) -> None:
    await scheduling.receive(a_case(), a_case())
    await scheduling.do(lambda uow: uow.execute("delete from outbox_unpublished"))
    async with served(http.app) as url:
        asks = Service("other", settings(scheduling.database.url), neighbours={"scheduling": url})
        await asks.have_said_again("scheduling.cases")
        with pytest.raises(NeighbourAway, match="404"):
            await asks.have_said_again("scheduling.unheard-of")
        with pytest.raises(NeighbourAway, match="nobody is known"):
            await asks.have_said_again("intake.cases")
        await asks.database.close()

    topics = await scheduling.rows("select topic from outbox join outbox_unpublished using (id)")
    assert ["scheduling.cases"] * 2 == [row.topic for row in topics]
