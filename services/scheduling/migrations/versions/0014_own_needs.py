"""What households ask for themselves, and requests to the staff of sites to arrange it for a date."""

from alembic import op

from shared.migrations import statements

revision = "0014"
down_revision = "0013"

OWN_NEEDS = """
-- asked_*: what the household asks for itself, beside what the snapshot says; domain/own_needs.py.
alter table cases add column asked_language text;
alter table cases add column asked_needs text[] not null default '{}';
alter table cases add constraint asked_needs_are_accommodations check (asked_needs <@ array['wheelchair', 'step-free',
  'hearing-loop', 'quiet-room', 'female-officer', 'heard-apart', 'female-interpreter']);

create table own_needs_said (
  id bigint generated always as identity primary key,
  case_ref text not null references cases,
  said_at timestamptz not null,
  acted_by text not null,
  language text,
  needs text[] not null,
  traceparent text not null
);
create index own_needs_said_of_case on own_needs_said (case_ref, said_at);

-- Open until it is answered or withdrawn, as long as the date is to come. needs: accommodations, interpreter:<language>.
create table adjustment_requests (
  id uuid primary key,
  case_ref text not null references cases,
  appointment_id uuid not null references appointments,
  needs text[] not null check (needs <> '{}'),
  asked_at timestamptz not null,
  asked_by text not null,
  due_at timestamptz not null check (due_at >= asked_at),
  answer text check (answer in ('arranged', 'not-possible')),
  answered_at timestamptz,
  answered_by text,
  withdrawn_at timestamptz,
  check (num_nonnulls(answer, answered_at, answered_by) in (0, 3)),
  check (answer is null or withdrawn_at is null)
);
create unique index one_open_request on adjustment_requests (appointment_id) where answer is null and withdrawn_at is null;
create index adjustment_requests_of_appointment on adjustment_requests (appointment_id);
"""


def upgrade() -> None:
    for statement in statements(OWN_NEEDS):
        op.execute(statement)
    op.execute("create trigger stays before update or delete on own_needs_said for each row execute function history_stays()")
    op.execute("create trigger stay before truncate on own_needs_said for each statement execute function history_stays()")
