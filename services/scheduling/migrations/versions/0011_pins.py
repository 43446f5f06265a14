"""PINs of printed letters, for households that no code can reach. Append-only: the newest of a case is its PIN."""

from alembic import op

from shared.migrations import statements

revision = "0011"
down_revision = "0010"

PINS = """
-- `pin` is a keyed hash. Who made it, and when, stays when another one takes its place.
create table pins (
  id bigint generated always as identity primary key,
  case_ref text not null references cases,
  pin bytea not null,
  made_at timestamptz not null,
  made_by text not null,
  holds_until timestamptz not null check (holds_until > made_at),
  traceparent text not null
);
create index pins_of_case on pins (case_ref, id);

-- A new PIN ends the sessions of its case.
create index login_sessions_of_case on login_sessions (case_ref);
"""


def upgrade() -> None:
    for statement in statements(PINS):
        op.execute(statement)
    op.execute("create trigger stays before update or delete on pins for each row execute function history_stays()")
    op.execute("create trigger stay before truncate on pins for each statement execute function history_stays()")
