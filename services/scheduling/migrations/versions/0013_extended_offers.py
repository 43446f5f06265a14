"""Offers that are held longer, each once."""

from alembic import op

from shared.migrations import statements

revision = "0013"
down_revision = "0012"

EXTENDED = """
-- first_deadline: the deadline before the household was given more time. From then on neither changes.
alter table appointments add column first_deadline timestamptz;
alter table appointments add constraint extended_is_longer check (first_deadline is null or deadline > first_deadline);
"""

ONCE = """
create function extended_once() returns trigger language plpgsql as $$
begin
  raise exception 'appointment % was extended before', old.id;
end $$
"""

HOLDS = """
create trigger extended_once before update on appointments for each row
when (old.first_deadline is not null and (old.first_deadline, old.deadline) is distinct from (new.first_deadline, new.deadline))
execute function extended_once()
"""


def upgrade() -> None:
    for statement in (*statements(EXTENDED), ONCE, HOLDS):
        op.execute(statement)
