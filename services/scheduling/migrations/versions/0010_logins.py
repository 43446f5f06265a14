"""How households come to their pages: one-time codes, sessions, and how often codes were asked for."""

from alembic import op

from shared.migrations import statements

revision = "0010"
down_revision = "0009"

LOGINS = """
-- The one code of a browser; a new one takes its place. `browser` and `code` are keyed hashes. No case need have the
-- reference: who types one that does not exist must not notice.
create table login_codes (
  browser bytea primary key,
  case_ref text not null,
  code bytea not null,
  expires_at timestamptz not null,
  tries_left smallint not null check (tries_left >= 0)
);
create index login_codes_by_age on login_codes (expires_at);

-- `token` is a keyed hash of what the cookie holds.
create table login_sessions (
  token bytea primary key,
  case_ref text not null references cases,
  began_at timestamptz not null,
  seen_at timestamptz not null check (seen_at >= began_at)
);
create index login_sessions_by_age on login_sessions (seen_at);

-- How often codes were asked for of late. `subject` is a keyed hash of a reference, of a network address, or of everyone.
create table login_pressures (
  subject bytea primary key,
  pressure double precision not null check (pressure >= 0),
  at timestamptz not null,
  free_at timestamptz not null
);
create index login_pressures_by_age on login_pressures (at);
"""


def upgrade() -> None:
    for statement in statements(LOGINS):
        op.execute(statement)
