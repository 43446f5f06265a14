"""Tokens of resources' calendar feeds, and the busy times that a feed shows."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from shared.db import UnitOfWork

KEEP = """
insert into calendar_tokens as t (resource_id, token_hash, made_at, made_by)
select id, :token_hash, :now, :made_by from resources where id = :id and site = :site
on conflict (resource_id) do update
set token_hash = excluded.token_hash, made_at = excluded.made_at, made_by = excluded.made_by
"""

KNOWN = """
select r.id, r.kind, r.name, s.zone, t.token_hash
from calendar_tokens t join resources r on r.id = t.resource_id join sites s on s.site = r.site
where r.id = :id and r.site = :site
"""

BUSY = """
select s.starts_at, s.capacity, sum(c.units)::int as units,
       array_agg(coalesce(c.appointment_id, c.freed_place_id)::text order by coalesce(c.appointment_id, c.freed_place_id)) as holders
from slots s join slot_claims c on c.slot_id = s.id
where s.resource_id = :id and s.starts_at >= :now and s.starts_at < :until
group by s.id order by s.starts_at
"""


async def keep_token(uow: UnitOfWork, site: str, id: UUID, *, token_hash: bytes, made_by: str) -> bool:
    """Stores the only token of the site's resource, in place of an older one; False when there is no such resource."""
    kept = await uow.execute(KEEP, site=site, id=id, token_hash=token_hash, made_by=made_by, now=uow.now)
    return kept > 0


async def feed_of(uow: UnitOfWork, site: str, id: UUID) -> Any:
    """The resource with its zone and the hash of its token; None when it has no token or is not at the site."""
    return next(iter(await uow.rows(KNOWN, site=site, id=id)), None)


async def busy(uow: UnitOfWork, id: UUID, until: datetime) -> Sequence[Any]:
    """The slots of the resource to come of which something is taken, by time, with who holds them (opaque ids)."""
    return await uow.rows(BUSY, id=id, now=uow.now, until=until)
