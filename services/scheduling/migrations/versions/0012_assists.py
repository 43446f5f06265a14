"""Assisted mode: consents of households, the sessions of workers who help them, and every page that a worker was shown."""

from alembic import op

from shared.migrations import statements

revision = "0012"
down_revision = "0011"

ASSISTS = """
-- Given anew for each assistance, so when it was recorded is when it was given. `worker`: a staff number, no name.
create table consents (
  id bigint generated always as identity primary key,
  case_ref text not null references cases,
  given_by text not null check (given_by in ('principal', 'adult')),
  given_how text not null check (given_how in ('spoken', 'signed', 'phone')),
  recorded_at timestamptz not null,
  worker text not null,
  traceparent text not null,
  unique (id, case_ref)
);
create index consents_of_case on consents (case_ref, recorded_at);

-- One worker with one household. `token` is a keyed hash of what the cookie holds. Without a consent of this very case
-- nothing of it is shown.
create table assists (
  token bytea primary key,
  worker text not null,
  began_at timestamptz not null,
  seen_at timestamptz not null check (seen_at >= began_at),
  case_ref text references cases,
  consent_id bigint,
  foreign key (consent_id, case_ref) references consents (id, case_ref),
  check (consent_id is null or case_ref is not null)
);
create index assists_by_age on assists (seen_at);

-- What a worker was shown of a household or did for it. `page`: GET or POST and the address.
create table assist_looks (
  id bigint generated always as identity primary key,
  looked_at timestamptz not null,
  worker text not null,
  case_ref text not null,
  consent_id bigint not null,
  page text not null,
  traceparent text not null,
  foreign key (consent_id, case_ref) references consents (id, case_ref)
);
create index assist_looks_of_case on assist_looks (case_ref, looked_at);
"""


def upgrade() -> None:
    for statement in statements(ASSISTS):
        op.execute(statement)
    for table in ("consents", "assist_looks"):
        op.execute(
            f"create trigger stays before update or delete on {table} for each row execute function history_stays()"
        )
        op.execute(
            f"create trigger stay before truncate on {table} for each statement execute function history_stays()"
        )
