"""What households ask for themselves, whole each time, and what the staff of sites are asked to arrange for a date.

What was said, and by whom, never changes. A request is open until it is answered, or withdrawn because the household
asks for something else, as long as the date that it is about is to come; one is open for a date at most: the index
one_open_request.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from services.scheduling.domain.own_needs import NOTHING, OwnNeeds
from shared.db import UnitOfWork, as_json

SAY = "update cases set asked_language = :language, asked_needs = cast(:needs as text[]) where case_ref = :ref"

NOTE = """
insert into own_needs_said (case_ref, said_at, acted_by, language, needs, traceparent)
values (:ref, :now, :acted_by, :language, cast(:needs as text[]), :traceparent)
"""

ADD = """
insert into adjustment_requests (id, case_ref, appointment_id, needs, asked_at, asked_by, due_at)
values (:id, :ref, :appointment_id, cast(:needs as text[]), :now, :asked_by, :due_at)
"""

WITHDRAW = """
update adjustment_requests set withdrawn_at = :now where case_ref = :ref and answer is null and withdrawn_at is null
"""

FOLLOW = """
update adjustment_requests q set appointment_id = r.made
from jsonb_to_recordset(cast(:rows as jsonb)) as r(ended uuid, made uuid)
where q.appointment_id = r.ended and q.withdrawn_at is null
"""

# Who is asked already is asked for just what is lacking now, or for nothing any more; its clock goes on.
NARROW = """
update adjustment_requests q
set needs = case when r.needs = '{}' then q.needs else r.needs end, withdrawn_at = case when r.needs = '{}' then cast(:now as timestamptz) end
from jsonb_to_recordset(cast(:rows as jsonb)) as r(appointment_id uuid, needs text[])
where q.appointment_id = r.appointment_id and q.answer is null and q.withdrawn_at is null
"""

REQUIRE = """
insert into adjustment_requests (id, case_ref, appointment_id, needs, asked_at, asked_by, due_at)
select r.id, r.case_ref, r.appointment_id, r.needs, :now, 'scheduling', r.due_at
from jsonb_to_recordset(cast(:rows as jsonb)) as r(id uuid, case_ref text, appointment_id uuid, needs text[], due_at timestamptz)
where r.needs <> '{}' and not exists (
  select 1 from adjustment_requests q
  where q.appointment_id = r.appointment_id and q.answer is null and q.withdrawn_at is null)
"""

OPEN = """q.answer is null and q.withdrawn_at is null and a.status in ('pending', 'booked') and a.starts_at > :now"""

ROWS = f"""
select q.id, q.case_ref, q.appointment_id, q.needs, q.asked_at, q.asked_by, q.due_at, q.answer, q.answered_at, q.answered_by,
       a.site, a.wall_time, a.zone, a.starts_at, a.status, c.system, c.programme, {OPEN} as is_open
from adjustment_requests q join appointments a on a.id = q.appointment_id join cases c on c.case_ref = q.case_ref
"""  # noqa: S608  only our own constant is put in

AT = ROWS + f" where a.site = :site and {OPEN} order by q.due_at, q.id limit :limit"

COUNTS = f"""
select c.system, count(*)::int as n, count(*) filter (where q.due_at < :now)::int as overdue
from adjustment_requests q join appointments a on a.id = q.appointment_id join cases c on c.case_ref = q.case_ref
where {OPEN} group by c.system
"""  # noqa: S608  only our own constant is put in

LANGUAGES = """
select distinct l.tag from resources r join sites s using (site) cross join unnest(r.languages) as l(tag)
where s.is_open and s.system = :system and r.kind = 'interpreter' and (r.is_remote or r.site = any(:sites)) order by l.tag
"""

NONE = {"adjustments": 0, "adjustments_overdue": 0}
"""The counts of a country where no request is open."""


@dataclass(frozen=True)
class Lacking:
    """What a case's appointment has not of what its household asks for, and until when its staff say if they arrange it."""

    case_ref: str
    appointment_id: UUID
    needs: tuple[str, ...]
    due_at: datetime


async def of_case(uow: UnitOfWork, case_ref: str) -> OwnNeeds:
    """What the household has asked for so far."""
    rows = await uow.rows("select asked_language, asked_needs from cases where case_ref = :ref", ref=case_ref)
    return OwnNeeds(rows[0].asked_language, frozenset(rows[0].asked_needs)) if rows else NOTHING


async def say(uow: UnitOfWork, case_ref: str, own: OwnNeeds, *, acted_by: str, traceparent: str) -> None:
    """A locked case's household asks for just this from now on."""
    said = {"ref": case_ref, "language": own.language, "needs": sorted(own.accommodations)}
    await uow.execute(SAY, **said)
    await uow.execute(NOTE, **said, now=uow.now, acted_by=acted_by, traceparent=traceparent)


async def withdraw(uow: UnitOfWork, case_ref: str) -> None:
    """The open request of a locked case, if there is one, is not to be answered any more."""
    await uow.execute(WITHDRAW, ref=case_ref, now=uow.now)


async def add(
    uow: UnitOfWork, case_ref: str, appointment_id: UUID, needs: Sequence[str], *, asked_by: str, due_at: datetime
) -> None:
    """Asks the staff of the appointment's site to arrange this, until then."""
    await uow.execute(
        ADD,
        id=uuid4(),
        ref=case_ref,
        appointment_id=appointment_id,
        needs=list(needs),
        now=uow.now,
        asked_by=asked_by,
        due_at=due_at,
    )


async def follow(uow: UnitOfWork, replaced: Sequence[tuple[UUID, UUID]]) -> None:
    """Requests about ended appointments, with their answers, are about those that take their place at the same time."""
    rows = [{"ended": str(ended), "made": str(made)} for ended, made in replaced]
    await uow.execute(FOLLOW, rows=as_json(rows))


async def answered_about(uow: UnitOfWork, appointment_ids: Sequence[UUID]) -> dict[UUID, set[str]]:
    """What the staff have given an answer to, by the appointment it is about."""
    rows = await uow.rows(
        """select appointment_id, array_agg(need) as needs from adjustment_requests cross join unnest(needs) as n(need)
           where appointment_id = any(:ids) and answer is not null group by appointment_id""",
        ids=list(appointment_ids),
    )
    return {row.appointment_id: set(row.needs) for row in rows}


async def require(uow: UnitOfWork, lacking: Sequence[Lacking]) -> None:
    """The staff of each appointment's site are asked for just what it lacks; nothing is asked where nothing is lacking."""
    rows = as_json([{**vars(each), "id": uuid4()} for each in lacking])
    await uow.execute(NARROW, rows=rows, now=uow.now)
    await uow.execute(REQUIRE, rows=rows, now=uow.now)


async def requests_about(uow: UnitOfWork, appointment_id: UUID) -> Sequence[Any]:
    """What was asked for about a date and not withdrawn, oldest first."""
    return await uow.rows(
        f"{ROWS} where q.appointment_id = :id and q.withdrawn_at is null order by q.asked_at, q.id",
        id=appointment_id,
        now=uow.now,
    )


async def request_of(uow: UnitOfWork, id: UUID) -> Any:
    """One request; None when there is none of this id."""
    return next(iter(await uow.rows(f"{ROWS} where q.id = :id", id=id, now=uow.now)), None)


async def answer(uow: UnitOfWork, id: UUID, said: str, *, acted_by: str) -> None:
    """What the staff say to an open request of a locked case."""
    await uow.execute(
        "update adjustment_requests set answer = :said, answered_at = :now, answered_by = :by where id = :id",
        id=id,
        said=said,
        now=uow.now,
        by=acted_by,
    )


async def open_at(uow: UnitOfWork, site: str, limit: int) -> Sequence[Any]:
    """Open requests at a site, those first that are to be answered first."""
    return await uow.rows(AT, site=site, now=uow.now, limit=limit)


async def counts(uow: UnitOfWork) -> dict[str, dict[str, int]]:
    """By country: open requests, and those of them that were to be answered before now."""
    return {
        row.system: {"adjustments": row.n, "adjustments_overdue": row.overdue}
        for row in await uow.rows(COUNTS, now=uow.now)
    }


async def languages_at(uow: UnitOfWork, system: str, sites: Sequence[str]) -> list[str]:
    """The languages that the interpreters of these sites have, and the remote ones of the country's system."""
    return [row.tag for row in await uow.rows(LANGUAGES, system=system, sites=list(sites))]
