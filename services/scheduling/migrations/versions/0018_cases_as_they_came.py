"""Snapshots of cases are stored as they came, and a case that does not wait is in no index but its key: storing a new
case costs half. Beside that the types of rows that statements take many of at once, see shared/rows.py."""

from alembic import op

from shared.migrations import statements

revision = "0018"
down_revision = "0017"

ROWS = """
create type case_row as (
  case_ref text, intake_version bigint, system text, programme text, state text, urgency text, registered_at timestamptz,
  snapshot json, correlation_id text, traceparent text, referred_from text
);
create type case_said_row as (
  case_ref text, waiting text, offers_missed int, ended_appointment uuid, is_unmet boolean, overdue_since timestamptz
);
create type appointment_row as (
  id uuid, case_ref text, version int, status text, programme text, site text, starts_at timestamptz, wall_time timestamp,
  zone text, tzdata_version text, minutes int, claimed_minutes int, party int, interpreter text, desks int,
  accommodations text[], deadline timestamptz, first_deadline timestamptz, replaces uuid, reason text, acted_by text,
  traceparent text
);
"""


def upgrade() -> None:
    for statement in statements(ROWS):
        op.execute(statement)
    op.execute("drop index cases_system")
    op.execute("create index cases_waiting_system on cases (system) where waiting is not null")
    op.execute("alter table cases alter column snapshot type json")
