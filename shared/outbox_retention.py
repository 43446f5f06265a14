"""How long outbox rows are kept."""

from shared.db import UnitOfWork
from shared.events.base import SNAPSHOTS

FORGET = """
delete from outbox o where o.created_at < cast(:now as timestamptz) - interval '14 days'
  and not exists (select 1 from outbox_unpublished u where u.id = o.id)
  and (o.topic = any(:single_facts) or exists (
    select 1 from outbox newer where newer.topic = o.topic and newer.key = o.key and newer.sequence > o.sequence))
"""
FORGET_WHERE = "delete from outbox_published where published_at < cast(:now as timestamptz) - interval '14 days'"


async def forget_old_rows(uow: UnitOfWork) -> int:
    """Deletes rows said over 14 days ago, but neither the newest word on something that lasts nor what is still to be
    published; how many there were. After the same time it is forgotten where on Kafka rows lie."""
    single_facts = [topic for topic, snapshot in SNAPSHOTS.items() if snapshot.is_single_fact]
    await uow.execute(FORGET_WHERE, now=uow.now)
    return await uow.execute(FORGET, now=uow.now, single_facts=single_facts)
