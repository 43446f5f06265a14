"""What the stores of a running Puente hold, as the history that the rules are about."""

import mailbox
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiokafka import AIOKafkaConsumer, TopicPartition

from shared.kafka.records import Record, read
from shared.kafka.topics import declared_topics
from tests.e2e.running import CONSUMED, Running
from tests.faults.flow import Ledger
from tests.faults.history import Case, Handled, History, Notice, Said, Scheduled

CASES = "select system, result_id, case_ref, version, revision, state from cases"

SCHEDULED = """
select c.case_ref, c.intake_version, a.id::text as live, c.waiting from cases c
left join appointments a on a.case_ref = c.case_ref and a.status in ('pending', 'booked')
"""

HANDLED = """
select service, attributes->>'messaging.message.id' as event_id, starts_at as at from trace_span
where name like 'process %' and status = 'ok'
"""

NOTICES = "select id::text, case_ref, matter, subject, state, may_have_arrived from notices"

MESSAGE_ID = re.compile(rb"^Message-ID: <([0-9a-f-]{36})@", re.MULTILINE | re.IGNORECASE)


async def history_of(running: Running, ledger: Ledger) -> History:
    """Everything that happened, once it is quiet."""
    return History(
        acknowledged=ledger.acknowledged,
        cases=[Case(**row) for row in await running.rows("intake", CASES)],
        scheduled=[Scheduled(**row) for row in await running.rows("scheduling", SCHEDULED)],
        said=[_said(record) for record in await records_of(running.config["kafka"])],
        handled=[Handled(**row) for service in CONSUMED for row in await running.rows(service, HANDLED)],
        positions=await _positions(running),
        notices=[Notice(**row) for row in await running.rows("notifications", NOTICES)],
        mails=notices_in_mailbox(running.config["mailbox"]),
    )


async def records_of(bootstrap: str) -> list[Record]:
    """Every record of every topic, from the first to the last."""
    partitions = [TopicPartition(topic.name, n) for topic in declared_topics() for n in range(topic.partitions)]
    found: list[Record] = []
    async with _reader(bootstrap) as reader:
        reader.assign(partitions)
        await reader.seek_to_beginning(*partitions)
        ends = await reader.end_offsets(partitions)
        while any([await reader.position(partition) < end for partition, end in ends.items()]):
            for messages in (await reader.getmany(timeout_ms=500)).values():
                found += map(Record.of, messages)
    return found


@asynccontextmanager
async def _reader(bootstrap: str) -> AsyncIterator[AIOKafkaConsumer]:
    reader = AIOKafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="earliest")
    await reader.start()
    try:
        yield reader
    finally:
        await reader.stop()


def _said(record: Record) -> Said:
    received = read(record)
    return Said(received.stream, received.event.version, received.event_id, record.partition, record.offset)


async def _positions(running: Running) -> dict[tuple[str, tuple[str, str]], int]:
    return {
        (service, (row["topic"], row["key"])): row["sequence"]
        for service in CONSUMED
        for row in await running.rows(service, "select topic, key, sequence from stream_position")
    }


def notices_in_mailbox(folder: str) -> list[str]:
    """The notice of each message: its Message-ID says it."""
    box = mailbox.Maildir(folder, create=False)
    found = [MESSAGE_ID.search(box.get_bytes(key)) for key in box.keys()]
    return [match[1].decode() for match in found if match]
