"""The topics that exist, from `deploy/kafka/topics.yaml`, created or checked before anything produces or consumes."""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog
import yaml
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import TopicAlreadyExistsError, UnknownTopicOrPartitionError, for_code

log = structlog.get_logger()

SET_FOR_THE_TOPIC = 1
"""How Kafka says where a setting comes from."""
TOPICS_FILE = Path(__file__).parents[2] / "deploy" / "kafka" / "topics.yaml"


class TopicMismatch(RuntimeError):
    """A topic on the broker is not as topics.yaml says, and cannot be made so: with fewer partitions order within a stream
    would not be kept, with another retention events would go before they are read."""


@dataclass(frozen=True)
class Topic:
    """A topic with its number of partitions and its broker settings."""

    name: str
    partitions: int
    config: dict[str, str]


def declared_topics(file: Path = TOPICS_FILE) -> list[Topic]:
    """The topics of `topics.yaml`."""
    document: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
    return [
        Topic(entry["name"], int(entry["partitions"]), {name: str(value) for name, value in entry["config"].items()})
        for entry in document["topics"]
    ]


async def ensure_topics(bootstrap: str, *, replication: int = 1) -> str:
    """Creates what is missing, sets right what differs and returns the cluster's id. Raises: TopicMismatch, aiokafka's
    KafkaError."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, request_timeout_ms=5000)
    try:
        await admin.start()
        existing = set(await admin.list_topics())
        for topic in declared_topics():
            if topic.name not in existing:
                await _create(admin, topic, replication)
        await _check_partitions(admin)
        await _set_right(admin)
        return str((await admin.describe_cluster())["cluster_id"])
    finally:
        await admin.close()


async def partitions_of(bootstrap: str, topics: Collection[str]) -> list[TopicPartition]:
    """All that these topics have on the broker, where operations may have added some. Raises: aiokafka's KafkaError."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, request_timeout_ms=5000)
    try:
        await admin.start()
        described = await admin.describe_topics(list(topics))
    finally:
        await admin.close()
    for topic in described:
        if topic["error_code"] != 0:
            raise for_code(topic["error_code"])(f"the partitions of topic {topic['topic']} could not be read")
    return [TopicPartition(topic["topic"], each["partition"]) for topic in described for each in topic["partitions"]]


async def _create(admin: AIOKafkaAdminClient, topic: Topic, replication: int) -> None:
    new = NewTopic(topic.name, topic.partitions, replication, topic_configs=topic.config)
    response = await admin.create_topics([new], timeout_ms=5000)
    for name, code, *_ in response.topic_errors:
        if code not in (0, TopicAlreadyExistsError.errno):
            # A broker that has just come back refuses at first: whoever publishes waits, and takes no process with it.
            raise for_code(code)(f"topic {name} could not be created")


async def _check_partitions(admin: AIOKafkaAdminClient) -> None:
    wanted = {topic.name: topic.partitions for topic in declared_topics()}
    for described in await admin.describe_topics(list(wanted)):
        found = len(described["partitions"])
        if described["error_code"] == 0 and found < wanted[described["topic"]]:
            raise TopicMismatch(f"topic {described['topic']} has {found} partitions, not {wanted[described['topic']]}")


async def _set_right(admin: AIOKafkaAdminClient) -> None:
    """Gives topics the settings that topics.yaml names, as after a release that changed them. What operations have set
    beside those stays: Kafka replaces all settings of a topic at once."""
    declared = {topic.name: topic.config for topic in declared_topics()}
    [answer] = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, name) for name in declared])
    for code, _, _, name, entries in answer.resources:
        if code == UnknownTopicOrPartitionError.errno:
            continue  # made a moment ago
        if code != 0:
            raise for_code(code)(f"the settings of topic {name} could not be read")
        found = {setting: value for setting, value, _, source, *_ in entries if source == SET_FOR_THE_TOPIC}
        was = {setting: found.get(setting) for setting, value in declared[name].items() if found.get(setting) != value}
        if was:
            log.warning("topic.set_right", topic=name, was=was, wanted=declared[name])
            await _set(admin, name, {**found, **declared[name]})


async def _set(admin: AIOKafkaAdminClient, topic: str, settings: dict[str, str]) -> None:
    [answer] = await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, topic, settings)])
    if answer.resources[0][0] != 0:
        raise TopicMismatch(f"topic {topic} must have the settings {settings}, and we may not change them: set them")
