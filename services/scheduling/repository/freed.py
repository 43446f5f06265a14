"""Freed places: nobody's, not open either. Their slots stay taken, by claims of the freed place."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from opentelemetry.trace import SpanContext

from services.scheduling.domain.places import Step
from shared.db import UnitOfWork, as_json
from shared.tracing import from_traceparent

NEXT = """
select id, site, from_case, starts_at, traceparent from freed_places where opens_at is null
  and id <> all(cast(:beside as uuid[])) order by freed_at, id limit :limit for update skip locked
"""

TO_OPEN = """
select id, site, from_case, starts_at, traceparent from freed_places where opens_at <= :now
  and id <> all(cast(:beside as uuid[])) order by opens_at, id limit :limit for update skip locked
"""

HELD = """
select s.id, s.resource_id, s.starts_at, s.local_date,
       greatest(0, least(c.units, coalesce(s.planned, s.capacity) - s.taken + c.units)) as units
from slot_claims c join slots s on s.id = c.slot_id where c.freed_place_id = :id order by s.id
"""

RELEASE = """
with gone as (delete from slot_claims where freed_place_id = :id returning slot_id, units)
update slots s set taken = s.taken - gone.units from gone where s.id = gone.slot_id
"""

RESERVE = """
with held as (
  insert into slot_claims (slot_id, freed_place_id, units)
  select slot_id, :id, units from jsonb_to_recordset(cast(:rows as jsonb)) as r(slot_id bigint, units int)
  returning slot_id, units)
update slots s set taken = s.taken + held.units from held where s.id = held.slot_id
"""


@dataclass(frozen=True, slots=True)
class FreedPlace:
    """A place that was let go by `from_case`; `freed_in` is the span in which it was."""

    id: UUID
    site: str
    from_case: str
    starts_at: datetime
    freed_in: SpanContext | None

    def __str__(self) -> str:
        return str(self.id)


@dataclass(frozen=True, slots=True)
class HeldStep:
    """One slot that a freed place keeps, with the units it keeps."""

    resource_id: UUID
    step: Step


async def take_next(uow: UnitOfWork, limit: int, beside: Sequence[str]) -> list[FreedPlace]:
    """The freed places `beside` these that wait longest to be offered, locked."""
    return _places(await uow.rows(NEXT, limit=limit, beside=list(beside)))


async def take_to_open(uow: UnitOfWork, limit: int, beside: Sequence[str]) -> list[FreedPlace]:
    """Freed places `beside` these that nobody could use and whose delay is over, locked."""
    return _places(await uow.rows(TO_OPEN, now=uow.now, limit=limit, beside=list(beside)))


def _places(rows: Sequence[Any]) -> list[FreedPlace]:
    return [
        FreedPlace(row.id, row.site, row.from_case, row.starts_at, from_traceparent(row.traceparent)) for row in rows
    ]


async def held_by(uow: UnitOfWork, place: FreedPlace) -> list[HeldStep]:
    """The slots that the place keeps; `left` is what it keeps of each, as far as the calendar still plans it.

    Only who has locked the place can change what it keeps.
    """
    return [
        HeldStep(row.resource_id, Step(row.id, row.starts_at, row.local_date, row.units))
        for row in await uow.rows(HELD, id=place.id)
    ]


async def release(uow: UnitOfWork, place: FreedPlace) -> None:
    """Gives the locked slots back, inside this transaction."""
    await uow.execute(RELEASE, id=place.id)


async def reserve(uow: UnitOfWork, place: FreedPlace, rest: dict[int, int]) -> None:
    """Keeps (slot -> units) again for the place."""
    await uow.execute(RESERVE, id=place.id, rows=as_json([{"slot_id": s, "units": n} for s, n in rest.items()]))


async def open_later(uow: UnitOfWork, place: FreedPlace, opens_at: datetime) -> None:
    """Says from when on the place is open to everyone."""
    await uow.execute("update freed_places set opens_at = :opens_at where id = :id", id=place.id, opens_at=opens_at)


async def forget(uow: UnitOfWork, place: FreedPlace) -> None:
    """Ends a freed place that keeps nothing any more."""
    await uow.execute("delete from freed_places where id = :id", id=place.id)
