"""How a lost log is noticed, and what then goes out again. Exceptions are no sign of it: there are none."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from shared.db import Database, UnitOfWork, as_json
from shared.kafka.missed import UNREADABLE
from shared.kafka.topics import declared_topics

LAST_ACKNOWLEDGED = """
insert into relay_partition (topic, partition, last_offset)
select topic, partition, last_offset
from jsonb_to_recordset(cast(:rows as jsonb)) as a(topic text, partition int, last_offset bigint)
order by topic, partition
on conflict (topic, partition) do update set last_offset = excluded.last_offset
"""

LAST_EVENTS = """
select distinct on (p.topic, p.partition) p.topic, p.partition, p.last_offset, o.event_id
from relay_partition p
join outbox_published b on b.topic = p.topic and b.partition = p.partition
  and b.first_offset + cardinality(b.ids) - 1 = p.last_offset
join outbox o on o.id = b.ids[cardinality(b.ids)]
where p.topic = any(:topics)
order by p.topic, p.partition, b.published_at desc
"""
"""As far as it is still known which they were."""

LOOK_MS = 2_000

REPUBLISH = """
insert into outbox_unpublished
select distinct on (topic, key) id from outbox where topic = any(:topics) order by topic, key, sequence desc
on conflict do nothing
"""
"""Of the topics that there are: rows of one that a release has given up would keep all others back."""


class LogLost(RuntimeError):
    """Kafka no longer holds what we put there: the newest row of every stream must go out again.

    `cluster_id` is the cluster that took the old one's place, when that is how it was noticed.
    """

    def __init__(self, reason: str, cluster_id: str | None = None) -> None:
        super().__init__(reason)
        self.cluster_id = cluster_id


async def remember_cluster(database: Database, now: datetime, cluster_id: str) -> None:
    """Notes which cluster we publish on. Raises: LogLost when we published on another one before."""
    async with database.begin(now) as uow:
        await uow.execute(
            "insert into relay_cluster (cluster_id) values (:cluster_id) on conflict do nothing", cluster_id=cluster_id
        )
        known = (await uow.rows("select cluster_id from relay_cluster"))[0].cluster_id
    if known != cluster_id:
        raise LogLost(f"the cluster is {cluster_id}, not {known}", cluster_id)


async def remember_acknowledged(uow: UnitOfWork, acknowledged: Mapping[TopicPartition, tuple[int, int]]) -> None:
    """Notes the last offset of each partition, given the first one of a batch and how many it had. Raises: LogLost when
    the first is not higher than the last one before it."""
    known = {
        TopicPartition(row.topic, row.partition): row.last_offset
        for row in await uow.rows("select topic, partition, last_offset from relay_partition")
    }
    for partition, (first, _) in acknowledged.items():
        if first <= known.get(partition, -1):
            raise LogLost(f"{partition.topic}/{partition.partition} acknowledged {first} after {known[partition]}")
    rows = [
        {"topic": partition.topic, "partition": partition.partition, "last_offset": first + count - 1}
        for partition, (first, count) in acknowledged.items()
    ]
    await uow.execute(LAST_ACKNOWLEDGED, rows=as_json(rows))


async def shorter_than_published(database: Database, now: datetime, reader: AIOKafkaConsumer) -> None:
    """Compares every partition's end with what was acknowledged there. Raises: LogLost when it is lower."""
    async with database.begin(now) as uow:
        known = {
            TopicPartition(row.topic, row.partition): row.last_offset
            for row in await uow.rows("select topic, partition, last_offset from relay_partition")
        }
    declared = {topic.name for topic in declared_topics()}
    ends = await reader.end_offsets([each for each in known if each.topic in declared])
    for partition, end in ends.items():
        if end <= known[partition]:
            raise LogLost(f"{partition.topic}/{partition.partition} ends at {end}, published was {known[partition]}")


async def holds_others(database: Database, now: datetime, reader: AIOKafkaConsumer) -> None:
    """Compares what lies where the last acknowledged event of each partition must be. Raises: LogLost when another one does.

    A log that was lost and got longer than it was before: whoever put that there ended before it could be noted.
    """
    topics = [topic.name for topic in declared_topics()]
    last = await database.run_long(now, lambda uow: uow.rows(LAST_EVENTS, topics=topics))
    begins = await reader.beginning_offsets([TopicPartition(row.topic, row.partition) for row in last])
    for row in last:
        partition = TopicPartition(row.topic, row.partition)
        if row.last_offset < begins[partition]:
            continue  # kept no longer
        reader.assign([partition])
        reader.seek(partition, row.last_offset)
        try:
            found = (await reader.getmany(partition, timeout_ms=LOOK_MS, max_records=1)).get(partition)
        except UNREADABLE:
            continue  # whoever reads it steps over it and asks
        if found and found[0].offset == row.last_offset and _id_in(found[0]) != str(row.event_id):
            raise LogLost(f"{row.topic}/{row.partition} has another event than ours at {row.last_offset}")


def _id_in(message: ConsumerRecord) -> str:
    return next(((value or b"").decode(errors="replace") for name, value in message.headers if name == "ce_id"), "")


async def republish(uow: UnitOfWork, cluster_id: str | None) -> int:
    """Makes the newest row of every stream unpublished again and forgets the lost log; how many streams."""
    await uow.execute("delete from relay_partition")
    await uow.execute(
        """update relay_cluster set republications = republications + 1,
             cluster_id = coalesce(cast(:cluster_id as text), cluster_id)""",
        cluster_id=cluster_id,
    )
    return await say_again(uow, [topic.name for topic in declared_topics()])


async def say_again(uow: UnitOfWork, topics: Sequence[str]) -> int:
    """Makes the newest row of every stream of these topics unpublished again; how many streams."""
    return await uow.execute(REPUBLISH, topics=list(topics))
