"""What households ask for themselves, and what the staff of sites are asked to arrange for a date.

A request is open until it is answered, or withdrawn because the household asks for something else, as long as the date
that it is about is to come.
"""

from collections.abc import Sequence
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
update adjustment_requests q set appointment_id = r.made, needs = left_over.needs
from jsonb_to_recordset(cast(:rows as jsonb)) as r(ended uuid, made uuid)
join appointments a on a.id = r.made
cross join lateral (
  select array(select need from adjustment_requests o cross join unnest(o.needs) as n(need)
               where o.appointment_id = r.ended and o.answer is null and o.withdrawn_at is null
                 and need <> all(a.accommodations)
                 and need <> all(select 'interpreter:' || tag from unnest(string_to_array(a.interpreter, '+')) as l(tag))
               order by need) as needs) left_over
where q.appointment_id = r.ended and q.answer is null and q.withdrawn_at is null and left_over.needs <> '{}'
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

GIVEN = """
select r.kind, r.accommodations, r.languages, r.modes
from (select distinct s.resource_id from slot_claims c join slots s on s.id = c.slot_id where c.appointment_id = :id) held
join resources r on r.id = held.resource_id
"""

LANGUAGES = """
select distinct l.tag from resources r join sites s using (site) cross join unnest(r.languages) as l(tag)
where s.is_open and s.system = :system and r.kind = 'interpreter' and (r.is_remote or r.site = any(:sites)) order by l.tag
"""

NONE = {"adjustments": 0, "adjustments_overdue": 0}
"""The counts of a country where no request is open."""


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
    """Open requests about ended appointments are about those that replace them, for what these lack still."""
    if replaced:
        rows = [{"ended": str(ended), "made": str(made)} for ended, made in replaced]
        await uow.execute(FOLLOW, rows=as_json(rows))


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


async def given_by(uow: UnitOfWork, appointment_id: UUID) -> Sequence[Any]:
    """The desks, windows and interpreters that an appointment holds, with what each can give."""
    return await uow.rows(GIVEN, id=appointment_id)


async def languages_at(uow: UnitOfWork, system: str, sites: Sequence[str]) -> list[str]:
    """The languages that the interpreters of these sites have, and the remote ones of the country's system."""
    return [row.tag for row in await uow.rows(LANGUAGES, system=system, sites=list(sites))]
