"""What households say themselves of how they are reached, and messages about that to addresses."""

from alembic import op

from shared.migrations import statements

revision = "0005"
down_revision = "0004"

OWN = """
-- What a household said itself; null: nothing, so that its country's newest revision counts. All but the language is
-- encrypted. email_from: the proposal by which the address came.
create table own_contacts (
  case_ref text primary key references cases,
  email bytea,
  email_from uuid,
  locale text,
  safe_hours bytea,
  check (num_nulls(email, email_from) in (0, 2))
);

-- An address that was typed and not confirmed yet: the newest of a case, with a keyed hash of the code sent to it. The row
-- stays for a day, since it counts how many there were.
create table contact_proposals (
  case_ref text primary key references cases,
  id uuid not null,
  email bytea,
  code bytea not null,
  expires_at timestamptz not null,
  tries_left smallint not null check (tries_left >= 0),
  proposed smallint not null check (proposed between 0 and 5),
  first_at timestamptz not null
);

-- Addresses that are no contact any more and are to hear that; gone once they have.
create table contact_warnings (
  id uuid primary key,
  case_ref text not null references cases,
  email bytea not null,
  locale text not null,
  tries int not null default 0,
  next_try_at timestamptz not null,
  traceparent text not null
);
create index contact_warnings_due on contact_warnings (next_try_at);

-- Who changed what and when, never from what to what. Rows are only added.
create table contact_changes (
  id bigint generated always as identity primary key,
  changed_at timestamptz not null,
  case_ref text not null references cases,
  what text not null check (what in ('email', 'language', 'safe-hours', 'reset')),
  acted_by text not null,
  traceparent text
);
create index contact_changes_of_a_case on contact_changes (case_ref);
"""


def upgrade() -> None:
    for statement in statements(OWN):
        op.execute(statement)
