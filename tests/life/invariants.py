"""What holds at every moment, whatever happened: one question to the database, rule by rule."""

from services.scheduling.domain.states import TRANSITIONS

LIVE = "('pending', 'booked', 'arrived', 'checked-in')"
STEPS = ", ".join(f"('{before}', '{after}')" for before, afters in TRANSITIONS.items() for after in sorted(afters))
"""Every allowed step of an appointment."""

INVARIANTS = {
    "the claims of a slot are what is taken of it": """
        select count(*) from (select id, taken from slots where taken <> 0) s
        full join (select slot_id, sum(units) as units from slot_claims group by slot_id) c on c.slot_id = s.id
        where s.taken is distinct from c.units""",
    "nothing is taken beyond capacity": """
        select count(*) from (select distinct slot_id from slot_claims) c join slots s on s.id = c.slot_id where taken > capacity""",
    "no case has two live appointments": f"""
        select count(*) from (select case_ref from appointments where status in {LIVE}
                              group by case_ref having count(*) > 1) x""",
    "no cancelled appointment holds a slot": """
        select count(*) from appointments a join slot_claims c on c.appointment_id = a.id where status = 'cancelled'""",
    "a live appointment holds its desks or window from its start, step by step, to its end": f"""
        select count(*) from appointments a
        where status in {LIVE} and claimed_minutes * desks <> (
          select coalesce(sum(case s.kind when 'desk' then 15 else 30 end), 0)
          from slot_claims c join slots s on s.id = c.slot_id
          where c.appointment_id = a.id and s.kind <> 'interpreter' and s.site = a.site
            and s.starts_at >= a.starts_at and s.starts_at < a.starts_at + make_interval(mins => a.claimed_minutes))""",
    "an interpreter who is promised is claimed for the whole time": f"""
        select count(*) from appointments a
        where status in {LIVE} and interpreter is not null and claimed_minutes > (
          select count(*) * 15 from slot_claims c join slots s on s.id = c.slot_id
          where c.appointment_id = a.id and s.kind = 'interpreter')""",
    "a freed place keeps something": """
        select count(*) from freed_places f where not exists (select 1 from slot_claims c where c.freed_place_id = f.id)""",
    "a case has a live appointment or a reason to wait, never both": f"""
        select count(*) from cases c where waiting is not null and exists (
          select 1 from appointments a where a.case_ref = c.case_ref and a.status in {LIVE})""",
    "nobody who may be interviewed is forgotten": f"""
        select count(*) from cases c where state in ('eligible', 'review') and version > 0 and waiting is null
          and not exists (select 1 from appointments a where a.case_ref = c.case_ref
                          and (a.status in {LIVE} or a.id = c.ended_appointment and a.status = 'fulfilled'))""",
    "no appointment took a step that is not in the table": f"""
        select count(*) from (
          select version, status, acted_by, lag(version, 1, 0) over each as version_before, lag(status) over each as before
          from appointment_history window each as (partition by appointment_id order by version)) h
        where version <> version_before + 1
          or case when before is null then status not in ('pending', 'booked')
             else status <> 'entered-in-error' and (before, status) not in ({STEPS}) and not (before = status and acted_by = 'scheduling') end""",
    "no offer is held longer twice": """
        select count(*) from (
          select appointment_id from (
            select *, lag(status) over (partition by appointment_id order by version) as before
            from appointment_history) h
          where (status, before) = ('pending', 'pending') and acted_by <> 'scheduling'
          group by appointment_id having count(*) > 1) x""",
    "the newest history row says the appointment's state": """
        select count(*) from appointments a where not exists (
          select 1 from appointment_history h
          where (h.appointment_id, h.version, h.status) = (a.id, a.version, a.status))""",
    "the newest event says the case's version, its live appointment and why it waits": f"""
        select count(*) from cases c where c.version > 0 and not exists (
          select 1 from outbox o where o.topic = 'scheduling.cases' and o.key = c.case_ref and o.sequence = c.version
            and (o.value::jsonb ->> 'waiting') is not distinct from c.waiting
            and (o.value::jsonb -> 'appointment' ->> 'id') is not distinct from
                (select a.id::text from appointments a where a.case_ref = c.case_ref and a.status in {LIVE}))""",
}
"""Each counts what breaks it."""

BROKEN = "select rule, n from ({}) x where n > 0".format(
    " union all ".join(f"select $rule${rule}$rule$ as rule, ({sql}) as n" for rule, sql in INVARIANTS.items())
)
"""The rules that are broken, and how often."""
