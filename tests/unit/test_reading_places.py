"""Where a consumer goes on: nothing is passed over unseen."""

from types import SimpleNamespace
from typing import Any, cast

import pytest
from aiokafka import ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError

from shared.clock import SystemClock
from shared.db import Database
from shared.kafka.reading import ReadingPlaces
from tests.ledger import TOPIC


@pytest.mark.parametrize(("begins", "is_lost"), [(9, True), (0, False)])
async def test_what_was_deleted_just_before_it_was_read_is_missed_and_holes_of_compaction_are_not(
    begins: int, is_lost: bool
) -> None:
    partition, no_database = TopicPartition(TOPIC, 0), cast(Database, None)
    places = ReadingPlaces(no_database, SystemClock(), [TOPIC])

    async def beginning_offsets(partitions: list[TopicPartition]) -> dict[TopicPartition, int]:
        return {partition: begins}

    def messages(*offsets: int) -> list[Any]:
        return [SimpleNamespace(**{**dict.fromkeys(ConsumerRecord.__annotations__, ()), "offset": n}) for n in offsets]

    kafka: Any = SimpleNamespace(beginning_offsets=beginning_offsets)
    places._known.add(partition)
    await places.in_place(kafka, partition, messages(3, 4))

    if is_lost:
        with pytest.raises(KafkaError, match="from 5 on"):
            await places.in_place(kafka, partition, messages(9))
    else:
        assert [9] == [record.offset for record in await places.in_place(kafka, partition, messages(9))]
