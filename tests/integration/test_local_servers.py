"""A stack with real PostgreSQL, Kafka and mail server; the services are stand-ins that know the same two words."""

import asyncio
import json
import mailbox
import os
import signal
import smtplib
import stat
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import astuple, replace
from pathlib import Path

import asyncpg
import httpx
import pytest
import pytest_asyncio
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from deploy.local.errors import LocalError
from deploy.local.kept import FOLDER
from deploy.local.ports import Ports
from deploy.local.stack import Stack
from shared.kafka.topics import declared_topics
from tests.conftest import state_dir
from tests.stand_ins import is_alive, stand_ins


def a_stack(folder: Path) -> Stack:
    return Stack(folder / "state", Ports.free(), services=stand_ins(folder))


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def stack() -> AsyncIterator[Stack]:
    with state_dir() as state:
        running = a_stack(state.parent)
        await running.start()
        yield running
        await running.stop()


@pytest.fixture
def folder() -> Iterator[Path]:
    with state_dir() as state:
        yield state.parent


def pid_of(stack: Stack, name: str) -> int:
    pid = stack.children[name].pid
    assert pid is not None
    return pid


def opened_by(stack: Stack, name: str) -> str:
    """The files that it has in its memory."""
    return Path(f"/proc/{pid_of(stack, name)}/maps").read_text()


async def test_dev_json_tells_programs_what_they_need_and_nobody_else(stack: Stack) -> None:
    told = json.loads(stack.state.dev_file.read_text())

    assert stack.config == told
    assert {"services", "tokens", "systems", "kafka", "databases"} <= set(told)
    assert {"ops", "scheduler", "officer", "assistant"} == set(told["tokens"])
    assert stat.S_IMODE(stack.state.dev_file.stat().st_mode) == 0o600


async def test_each_service_may_use_its_own_database_and_no_other(stack: Stack) -> None:
    intake = stack.config["databases"]["intake"]
    own = await asyncpg.connect(intake)
    await own.execute("create extension if not exists btree_gist")
    await own.close()

    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await asyncpg.connect(intake.removesuffix("/intake") + "/scheduling")


async def test_postgres_keeps_what_it_acknowledged(stack: Stack) -> None:
    connection = await asyncpg.connect(stack.config["databases"]["intake"])

    version, fsync = await connection.fetchval("show server_version"), await connection.fetchval("show fsync")

    await connection.close()
    assert version.startswith("18")
    assert fsync == "on"


async def test_the_declared_topics_exist_and_the_broker_makes_no_others(stack: Stack) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=stack.config["kafka"])
    await admin.start()

    names = [topic.name for topic in declared_topics()]
    topics = await admin.describe_topics(names)
    while not all(each["partitions"] for each in topics):  # one that was made a moment ago is known before they are
        await asyncio.sleep(0.1)
        topics = await admin.describe_topics(names)
    everything = await admin.list_topics()

    await admin.close()
    assert {topic.name: topic.partitions for topic in declared_topics()} == {
        described["topic"]: len(described["partitions"]) for described in topics
    }
    assert {name for name in everything if not name.startswith("__")} == {topic.name for topic in declared_topics()}


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
async def test_the_broker_takes_its_classes_from_where_they_are_kept(stack: Stack) -> None:
    assert str(FOLDER.resolve()) in opened_by(stack, "kafka")


async def test_a_message_to_the_mail_server_lies_in_the_mailbox(stack: Stack) -> None:
    def mail() -> None:
        with smtplib.SMTP("127.0.0.1", stack.ports.smtp) as server:
            server.sendmail("puente@example.org", ["rose@example.org"], "Subject: the bridge\r\n\r\nstands")

    await asyncio.to_thread(mail)

    assert "the bridge" in [message["Subject"] for message in mailbox.Maildir(stack.config["mailbox"], create=False)]


async def test_services_are_prepared_first_and_told_all_they_need(stack: Stack) -> None:
    async with httpx.AsyncClient() as client:
        told = (await client.get(stack.config["services"]["notifications"])).json()

    assert {
        "PUENTE_DATABASE_URL", "PUENTE_KAFKA", "PUENTE_HOST", "PUENTE_PORT", "PUENTE_TOKENS", "PUENTE_DATA_KEY",
        "PUENTE_INTAKE_URL", "PUENTE_SCHEDULING_URL", "PUENTE_PORTAL_URL", "PUENTE_SMTP_HOST", "PUENTE_SMTP_PORT", "PUENTE_MAILBOX_DIR",
        "PYTHONTZPATH",
    } == set(told)  # fmt: skip
    assert told["PYTHONTZPATH"] == ""
    assert json.loads(told["PUENTE_TOKENS"])["ops"] == stack.config["tokens"]["ops"]


async def test_only_intake_knows_the_countries_credentials(stack: Stack) -> None:
    async with httpx.AsyncClient() as client:
        told = {name: (await client.get(url)).json() for name, url in stack.config["services"].items()}

    assert [name for name, of_one in told.items() if "PUENTE_SYSTEMS" in of_one] == ["intake"]
    systems = json.loads(told["intake"]["PUENTE_SYSTEMS"])
    assert systems["us"]["secrets"] == [stack.config["systems"]["us"]["secret"]]
    assert systems["mx"]["tokens"] == [stack.config["systems"]["mx"]["token"]]


async def test_a_service_that_was_killed_is_started_again(stack: Stack) -> None:
    before = pid_of(stack, "scheduling")

    stack.kill("scheduling")
    await stack.wait_ready("scheduling")

    assert not is_alive(before)
    assert before != pid_of(stack, "scheduling")
    assert stack.restarts["scheduling"] == 1


async def test_a_held_child_stays_away_until_it_is_released(stack: Stack) -> None:
    stack.hold("smtp")
    await asyncio.sleep(1)
    assert not stack.children["smtp"].is_running

    stack.release("smtp")
    await stack.wait_ready("smtp")

    assert stack.children["smtp"].is_running


async def test_a_frozen_database_answers_again_when_it_is_resumed(stack: Stack) -> None:
    connection = await asyncpg.connect(stack.config["databases"]["intake"])
    stack.pause("postgres")
    asked = asyncio.create_task(connection.fetchval("select 1"))
    await asyncio.sleep(0.3)
    assert not asked.done()

    stack.resume("postgres")

    assert await asked == 1
    await connection.close()


async def test_what_kafka_acknowledged_is_there_after_it_was_killed(stack: Stack) -> None:
    partition = TopicPartition("intake.cases", 0)
    producer = AIOKafkaProducer(bootstrap_servers=stack.config["kafka"], acks="all")
    await producer.start()
    kept = await producer.send_and_wait(partition.topic, b"kept", partition=0)
    await producer.stop()

    stack.kill("kafka")
    await stack.wait_ready("kafka")

    consumer = AIOKafkaConsumer(bootstrap_servers=stack.config["kafka"])
    await consumer.start()
    consumer.assign([partition])
    consumer.seek(partition, kept.offset)
    record = await asyncio.wait_for(consumer.getone(), 10)
    await consumer.stop()
    assert record.value == b"kept"


async def test_a_second_stack_in_the_same_directory_is_refused(stack: Stack) -> None:
    with pytest.raises(LocalError, match=rf"already runs in .* \(process {os.getpid()}\)"):
        await Stack(stack.state.path, Ports.free()).start()

    assert stack.children["postgres"].is_running


async def test_a_taken_port_is_named_before_anything_is_started(stack: Stack, folder: Path) -> None:
    other = Stack(folder / "state", replace(Ports.free(), kafka=stack.ports.kafka))

    with pytest.raises(LocalError, match=rf"port {stack.ports.kafka} \(kafka\) is taken"):
        await other.start()

    assert other.children == {}


async def test_a_service_that_ends_at_once_stops_the_start_with_its_last_words(folder: Path) -> None:
    broken = [sys.executable, "-c", "import sys; sys.argv[-1] == 'prepare' or sys.exit('no such bridge')"]
    other = Stack(folder / "state", Ports.free(), services={"intake": broken})

    with pytest.raises(LocalError, match="intake ended as soon as it was started: no such bridge"):
        await other.start()

    assert other.children == {}


async def test_the_next_start_goes_on_where_the_last_one_stopped_and_stopping_takes_under_ten_seconds(
    folder: Path,
) -> None:
    first = a_stack(folder)
    await first.start()
    connection = await asyncpg.connect(first.config["databases"]["intake"])
    await connection.execute("create table bridges as select 'Juárez' as name")
    await connection.close()
    first.pause("intake")  # and one child that does not hear its SIGTERM
    pids = [pid_of(first, name) for name in first.children]
    began = time.monotonic()
    await first.stop()
    assert time.monotonic() - began < 10
    assert not [pid for pid in pids if is_alive(pid)]
    assert not first.state.dev_file.exists()

    second = Stack(first.state.path, Ports.free(), services=stand_ins(folder))
    await second.start()

    connection = await asyncpg.connect(second.config["databases"]["intake"])
    assert await connection.fetchval("select name from bridges") == "Juárez"
    await connection.close()
    await second.stop()


ORPHANS = """
import asyncio, os, signal, sys
from pathlib import Path
from deploy.local.ports import Ports
from deploy.local.stack import Stack

async def main():
    stack = Stack(Path(sys.argv[1]), Ports(*map(int, sys.argv[2:])), services={})
    await stack.start()
    print(*(child.pid for child in stack.children.values()), flush=True)
    os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(main())
"""


async def test_children_do_not_outlive_a_parent_that_was_killed_and_the_next_start_needs_no_help(
    folder: Path,
) -> None:
    ports = Ports.free()
    command = [sys.executable, "-c", ORPHANS, str(folder / "state"), *map(str, astuple(ports))]
    parent = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, timeout=60)
    assert parent.returncode == -signal.SIGKILL
    pids = [int(pid) for pid in parent.stdout.split()]
    assert len(pids) == 4

    again = Stack(folder / "state", ports, services={})
    await again.start()

    assert not [pid for pid in pids if is_alive(pid)]
    await again.stop()
