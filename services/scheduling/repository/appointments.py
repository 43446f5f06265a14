"""Appointments: made, changed, ended; each change leaves a history row.

At most one of a case is live: the index one_live_appointment.
"""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from services.scheduling.domain.decisions import OF_HOUSEHOLDS
from services.scheduling.domain.places import Place
from shared.db import UnitOfWork, as_json
from shared.events import Appointment
from shared.rows import RowType

MADE = RowType(
    "appointment_row",
    "id case_ref version status programme site starts_at wall_time zone tzdata_version minutes claimed_minutes party "
    "interpreter desks accommodations deadline first_deadline replaces reason acted_by traceparent",
)

INSERT = f"""
with made as (
insert into appointments (id, case_ref, version, status, programme, site, starts_at, wall_time, zone, tzdata_version,
                          minutes, claimed_minutes, party, interpreter, desks, accommodations, deadline, first_deadline,
                          replaces, reason, acted_by, created_at, traceparent)
select id, case_ref, version, status, programme, site, starts_at, wall_time, zone, tzdata_version,
       minutes, claimed_minutes, party, interpreter, desks, accommodations, deadline,
       first_deadline, replaces, reason, acted_by, :now, traceparent
from {MADE}
returning id, version, status, acted_by, reason)
insert into appointment_history (appointment_id, version, status, at, acted_by, reason)
select id, version, status, :now, acted_by, reason from made
"""  # noqa: S608  only our own constant is put in

UPDATE = """
update appointments a set version = r.version, status = r.status, starts_at = r.starts_at,
       tzdata_version = r.tzdata_version, party = r.party, deadline = r.deadline, first_deadline = r.first_deadline,
       reason = r.reason, acted_by = r.acted_by
from jsonb_to_recordset(cast(:rows as jsonb)) as r(
  id uuid, version int, status text, starts_at timestamptz, tzdata_version text, party int,
  deadline timestamptz, first_deadline timestamptz, reason text, acted_by text)
where a.id = r.id and a.version = r.version - 1
"""

REFIT = """
update appointments set minutes = :minutes, claimed_minutes = :claimed_minutes, interpreter = :interpreter, desks = :desks,
       accommodations = cast(:accommodations as text[])
where id = :id
"""

HISTORY = """
insert into appointment_history (appointment_id, version, status, at, acted_by, reason)
select id, version, status, :now, acted_by, reason
from jsonb_to_recordset(cast(:rows as jsonb)) as r(id uuid, version int, status text, acted_by text, reason text)
"""

DUE = """
select case_ref from appointments where status = 'pending' and deadline <= :now and case_ref <> all(:beside)
order by deadline, case_ref limit :limit
"""

DAY_LIST = """
select a.id, a.version, a.case_ref, a.status, a.wall_time, a.minutes, a.party, a.interpreter, a.programme, a.accommodations,
       k.asked_language, k.asked_needs,
       array_agg(distinct r.name order by r.name) as resources,
       (select coalesce(jsonb_agg(jsonb_build_object('id', q.id, 'needs', q.needs, 'answer', q.answer) order by q.asked_at), '[]')
        from adjustment_requests q where q.appointment_id = a.id and q.withdrawn_at is null) as requests,
       (select jsonb_build_object('adults', w.adults, 'children', w.children, 'said_at', w.said_at, 'acted_by', w.acted_by)
        from coming_said w where w.appointment_id = a.id order by w.id desc limit 1) as coming
from appointments a join cases k on k.case_ref = a.case_ref
join slot_claims c on c.appointment_id = a.id join slots s on s.id = c.slot_id join resources r on r.id = s.resource_id
where a.site = :site and a.wall_time >= :day and a.wall_time < cast(:day as date) + 1
group by a.id, k.case_ref order by a.wall_time, a.id
"""

DATES = """
select c.case_ref from cases c join appointments a using (case_ref)
where c.programme = :programme and a.status in ('pending', 'booked') and a.starts_at > :now order by a.starts_at
"""

DECLINED_DAYS = """
select case_ref, array_agg(distinct cast(wall_time as date)) as days from appointments
where case_ref = any(:refs) and status = 'cancelled' and starts_at > :now and reason = any(:reasons) group by case_ref
"""


async def insert(uow: UnitOfWork, made: Sequence[tuple[Appointment, Place, str]]) -> None:
    """Stores new appointments with the place that they have and the traceparent of what made them."""
    rows = [_row(appointment, place, traceparent) for appointment, place, traceparent in made]
    await uow.execute(INSERT, **MADE.of(rows), now=uow.now)


def _row(appointment: Appointment, place: Place, traceparent: str) -> dict[str, Any]:
    return {
        **vars(appointment),
        "wall_time": datetime.fromisoformat(appointment.wall_time),
        "case_ref": place.need.case_ref,
        "programme": place.need.programme,
        "claimed_minutes": place.claimed_minutes,
        "desks": place.setting.desks,
        "accommodations": sorted(place.accommodations),
        "traceparent": traceparent,
    }


async def update(uow: UnitOfWork, changed: Sequence[Appointment]) -> None:
    """Stores appointments whose version was raised by one."""
    if changed:
        rows = as_json([{**vars(appointment)} for appointment in changed])
        await uow.execute(UPDATE, rows=rows)
        await uow.execute(HISTORY, rows=rows, now=uow.now)


async def refit(uow: UnitOfWork, id: UUID, place: Place) -> None:
    """Stores that a locked appointment has this place from now on, at its own site and time; its claims follow."""
    await uow.execute(
        REFIT,
        id=id,
        minutes=place.setting.minutes,
        claimed_minutes=place.claimed_minutes,
        interpreter="+".join(place.need.languages) or None,
        desks=place.setting.desks,
        accommodations=sorted(place.accommodations),
    )


async def note_agreed(uow: UnitOfWork, id: UUID, how: str) -> None:
    """Stores how the household of a new appointment agreed to come at short notice."""
    await uow.execute("update appointments set agreed_at_short_notice = :how where id = :id", id=id, how=how)


async def due(uow: UnitOfWork, limit: int, beside: Sequence[str]) -> list[str]:
    """The cases `beside` these whose offers are past their deadlines, the longest past first."""
    return [row.case_ref for row in await uow.rows(DUE, now=uow.now, limit=limit, beside=list(beside))]


async def day_list(uow: UnitOfWork, site: str, day: date) -> Sequence[Any]:
    """The appointments of a site's day in its own time, in their order, whatever became of them, with what they hold."""
    return await uow.rows(DAY_LIST, site=site, day=day)


async def dates_under(uow: UnitOfWork, programme: str) -> list[str]:
    """The cases of a programme whose dates are to come, by date."""
    return [row.case_ref for row in await uow.rows(DATES, programme=programme, now=uow.now)]


async def case_of(uow: UnitOfWork, appointment_id: UUID) -> str | None:
    """The case that an appointment belongs to."""
    rows = await uow.rows("select case_ref from appointments where id = :id", id=appointment_id)
    return rows[0].case_ref if rows else None


async def moves_of(uow: UnitOfWork, case_ref: str, acted_by: Iterable[str]) -> int:
    """How often one of these moved the household's interview."""
    rows = await uow.rows(
        """select count(*) as n from appointments
           where case_ref = :ref and status = 'cancelled' and reason = 'rescheduled' and acted_by = any(:acted_by)""",
        ref=case_ref,
        acted_by=sorted(acted_by),
    )
    return int(rows[0].n)


async def begins_with(uow: UnitOfWork, appointment_id: UUID, slot_id: int) -> bool:
    """True when this slot is at the appointment's site and start."""
    rows = await uow.rows(
        """select 1 from appointments a join slots s on s.site = a.site and s.starts_at = a.starts_at
           where a.id = :id and s.id = :slot""",
        id=appointment_id,
        slot=slot_id,
    )
    return bool(rows)


async def days_declined(uow: UnitOfWork, case_refs: Sequence[str]) -> dict[str, frozenset[date]]:
    """The local days to come of which these households gave a date up, for a reason of theirs; of those that did."""
    if not case_refs:
        return {}
    rows = await uow.rows(DECLINED_DAYS, refs=list(case_refs), reasons=sorted(OF_HOUSEHOLDS), now=uow.now)
    return {row.case_ref: frozenset(row.days) for row in rows}
