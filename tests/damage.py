"""What no client of ours writes and what a broken disk does: bytes in the log that cannot be read."""

import struct
from pathlib import Path

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete
from aiokafka.producer.message_accumulator import BatchBuilder
from aiokafka.record.util import calc_crc32c

from shared.kafka.records import Record
from shared.kafka.topics import declared_topics
from tests.ledger import TOPIC

CRC, AFTER_CRC = 17, 21
"""Where a batch has its checksum, and what it is a checksum of: all that follows."""


async def produce_with_bad_header(bootstrap: str, record: Record) -> None:
    """Puts the record on its topic under a header whose name is no UTF-8; the batch's checksum is right."""
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap)
    await producer.start()
    batch = producer.create_batch()
    batch.append(timestamp=None, key=record.key, value=record.value, headers=[("XX", b""), *record.headers])
    await (await producer.send_batch(_Patched(batch), record.topic, partition=record.partition))
    await producer.stop()


class _Patched(BatchBuilder):  # type: ignore[misc]  # aiokafka has no types
    def __init__(self, made: BatchBuilder) -> None:
        self.__dict__ = made.__dict__

    def _build(self) -> bytearray:
        built = bytearray(super()._build().replace(b"XX", b"\xff\xfe", 1))
        built[CRC:AFTER_CRC] = struct.pack(">I", calc_crc32c(bytes(built[AFTER_CRC:])))
        self._buffer = built
        return built


def spoil(logs: Path, value: bytes) -> None:
    """Changes the batches on the broker's disk in which these bytes stand, as a broken disk would."""
    for segment in logs.rglob("*.log"):
        kept = segment.read_bytes()
        at = kept.find(value)
        if at >= 0:
            with segment.open("r+b") as file:
                file.seek(at)
                file.write(bytes([kept[at] ^ 1]))


async def delete_all(bootstrap: str) -> None:
    """What a topic's retention does in time."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    [topic] = [topic for topic in declared_topics() if topic.name == TOPIC]
    everything = {TopicPartition(TOPIC, n): RecordsToDelete(before_offset=-1) for n in range(topic.partitions)}
    await admin.delete_records(everything)
    await admin.close()
