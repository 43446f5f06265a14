"""How long outbox rows are kept."""

from shared.db import UnitOfWork

FORGET = """
delete from outbox o where o.published_at < cast(:now as timestamptz) - interval '14 days'
  and exists (select 1 from outbox newer
              where newer.topic = o.topic and newer.key = o.key and newer.sequence > o.sequence)
"""


async def forget_old_rows(uow: UnitOfWork) -> int:
    """Deletes rows published over 14 days ago, but never the newest of a stream; how many there were."""
    return await uow.execute(FORGET, now=uow.now)
