"""One story on the official images: a case goes through PostgreSQL and Kafka in containers and comes back as an offer.

Runs whenever a Docker Engine answers and has, or can get, the images; otherwise it is skipped and says why.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import asyncpg
import docker
import pytest
import pytest_asyncio
from aiokafka import AIOKafkaConsumer
from aiokafka.structs import ConsumerRecord
from docker.errors import DockerException
from testcontainers.community.postgres import PostgresContainer
from testcontainers.core.config import testcontainers_config
from testcontainers.core.container import DockerContainer
from testcontainers.core.wait_strategies import ExecWaitStrategy

from deploy.local.ports import Ports
from services.scheduling.app import HANDLERS
from services.scheduling.jobs import Jobs
from shared import tracing
from shared.clock import FixedClock
from shared.clockwork import Clockwork, Tick
from shared.db import Database
from shared.events import Event
from shared.kafka.relay import Relay
from shared.kafka.topics import ensure_topics
from shared.outbox import Cause
from shared.service import Service
from tests.builders import NOW, a_case, a_programme
from tests.ledger import Ledger
from tests.scheduling import prepared, settings

pytestmark = pytest.mark.docker

POSTGRES, KAFKA = "postgres:18", "apache/kafka:4.3.1"
OFFERED = b"puente.scheduling.appointment.offered.v1"


def absent() -> str | None:
    """What is missing to run containers, or None."""
    try:
        engine = docker.from_env(timeout=60)
        engine.ping()
    except DockerException:
        return "no Docker Engine answers"
    for image in (POSTGRES, KAFKA):
        try:
            engine.images.get(image)
        except DockerException:
            try:
                engine.images.pull(image)
            except DockerException:
                return f"the image {image} is not here and cannot be pulled"
    return None


@pytest.fixture(scope="module")
def engine() -> None:
    if reason := absent():
        pytest.skip(f"{reason}: the container story did not run")
    testcontainers_config.ryuk_disabled = True  # its image is one more to pull; our containers end with the fixtures


@pytest.fixture(scope="module")
def postgres(engine: None) -> Iterator[str]:
    """The URL of an empty database server."""
    with PostgresContainer(POSTGRES, driver=None) as container:
        yield container.get_connection_url()


@pytest.fixture(scope="module")
def kafka(engine: None) -> Iterator[str]:
    """The address of a broker. The library's own Kafka class knows another vendor's image only."""
    port = Ports.free().kafka
    container = DockerContainer(KAFKA).with_bind_ports(port, port)
    address = f"{container.get_docker_client().host()}:{port}"
    container.with_envs(
        KAFKA_NODE_ID="1",
        KAFKA_PROCESS_ROLES="broker,controller",
        KAFKA_LISTENERS=f"PLAINTEXT://:{port},CONTROLLER://:9093",
        KAFKA_ADVERTISED_LISTENERS=f"PLAINTEXT://{address}",
        KAFKA_LISTENER_SECURITY_PROTOCOL_MAP="CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
        KAFKA_CONTROLLER_LISTENER_NAMES="CONTROLLER",
        KAFKA_CONTROLLER_QUORUM_VOTERS="1@localhost:9093",
        KAFKA_AUTO_CREATE_TOPICS_ENABLE="false",
        KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR="1",
        KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR="1",
        KAFKA_TRANSACTION_STATE_LOG_MIN_ISR="1",
        KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS="0",
        KAFKA_HEAP_OPTS="-Xms64m -Xmx256m",
    )
    container.waiting_for(ExecWaitStrategy(["bash", "-c", f"</dev/tcp/127.0.0.1/{port}"]))
    with container:
        yield address


class Story:
    """A publisher of cases and the scheduling service, each on a database of its own, with Kafka between them."""

    def __init__(self, publisher_url: str, scheduling_url: str, kafka: str) -> None:
        told = settings(scheduling_url).model_copy(update={"kafka": kafka})
        self.clock = FixedClock(NOW)
        self.publisher = Database(publisher_url)
        self.scheduling = Service("scheduling", told, HANDLERS, self.clock)
        self.kafka = kafka
        self.relay = Relay(self.publisher, kafka, service="intake", clock=self.clock)
        jobs = Jobs(self.scheduling.database, self.clock)
        self.clockwork = Clockwork([Tick("look_again", timedelta(seconds=0.2), jobs.look_again)])
        self.tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        self.clockwork.start()
        assert self.scheduling.consumer
        running = (self.relay.run(), self.scheduling.relay.run(), self.scheduling.consumer.run())
        self.tasks = [asyncio.create_task(work) for work in running]

    async def publish(self, event: Event) -> Cause:
        async with self.publisher.begin(NOW) as uow:
            return uow.publish(event, cause=Cause.first(tracing.new_root()))

    async def first_of(self, kind: bytes) -> ConsumerRecord:
        """The first record of that type among everything that scheduling says about cases."""
        consumer = AIOKafkaConsumer("scheduling.cases", bootstrap_servers=self.kafka, auto_offset_reset="earliest")
        await consumer.start()
        try:
            async with asyncio.timeout(60):
                async for record in consumer:
                    if dict(record.headers)["ce_type"] == kind:
                        return record
        finally:
            await consumer.stop()
        raise AssertionError(f"no {kind!r}")

    async def close(self) -> None:
        await self.clockwork.stop()
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        await self.publisher.close()
        await self.scheduling.database.close()


@pytest_asyncio.fixture(loop_scope="session")
async def story(postgres: str, kafka: str) -> AsyncIterator[Story]:
    await ensure_topics(kafka)
    publisher_url, scheduling_url = [await _new_database(postgres) for _ in range(2)]
    made = Story(await Ledger.prepare(publisher_url), await prepared(scheduling_url), kafka)
    made.start()
    yield made
    await made.close()


async def test_a_published_case_becomes_an_offer_on_kafka_in_one_trace(story: Story) -> None:
    case = a_case()

    await story.publish(a_programme())
    cause = await story.publish(case)

    offer = await story.first_of(OFFERED)
    headers: dict[str, Any] = {name: value.decode() for name, value in offer.headers}
    assert offer.key.decode() == case.case_ref
    assert headers["ce_correlationid"] == cause.correlation_id
    assert headers["traceparent"].split("-")[1] == f"{cause.context.trace_id:032x}"
    assert b'"MX-TAP-01"' in offer.value


async def _new_database(server: str) -> str:
    name = f"story_{uuid4().hex}"
    connection = await asyncpg.connect(server)
    await connection.execute(f"create database {name}")
    await connection.close()
    return server.rpartition("/")[0] + f"/{name}"
