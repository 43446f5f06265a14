"""Who of a household comes, as it said before."""

from alembic import op

from shared.migrations import statements

revision = "0015"
down_revision = "0014"

COMING = """
-- Numbers, no names. The newest row of an appointment counts. That nobody comes is said by cancelling.
create table coming_said (
  id bigint generated always as identity primary key,
  case_ref text not null references cases,
  appointment_id uuid not null references appointments,
  said_at timestamptz not null,
  acted_by text not null,
  adults int not null check (adults >= 0),
  children int not null check (children >= 0),
  traceparent text not null,
  constraint somebody_comes check (adults + children > 0)
);
create index coming_said_of_appointment on coming_said (appointment_id, id);
"""


def upgrade() -> None:
    for statement in statements(COMING):
        op.execute(statement)
    op.execute("create trigger stays before update or delete on coming_said for each row execute function history_stays()")
    op.execute("create trigger stay before truncate on coming_said for each statement execute function history_stays()")
