"""Who looked at the names of a household, and when. Append-only."""

from alembic import op

from shared.migrations import statements

revision = "0005"
down_revision = "0004"

LOOKS = """
create table people_looks (
  id bigint generated always as identity primary key,
  looked_at timestamptz not null,
  shown_to text not null,
  appointment_id uuid not null references appointments,
  case_ref text not null,
  traceparent text not null
);
create index people_looks_of_case on people_looks (case_ref, looked_at);
"""


def upgrade() -> None:
    for statement in statements(LOOKS):
        op.execute(statement)
    op.execute("create trigger stays before update or delete on people_looks for each row execute function history_stays()")
    op.execute("create trigger stay before truncate on people_looks for each statement execute function history_stays()")
