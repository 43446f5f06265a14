"""The tables of intake, with the rules that hold because the database holds them."""

from pathlib import Path

from alembic import op

from shared.migrations import MESSAGING_V1, statements

revision = "0001"
down_revision = None

FIRST = (Path(__file__).parents[1] / "first.sql").read_text(encoding="utf-8")

LOOKS_STAY = """
create function looks_stay() returns trigger language plpgsql as $$
begin
  raise exception 'the record of who looked at a contact never changes';
end $$
"""


def upgrade() -> None:
    for statement in statements(MESSAGING_V1 + FIRST):
        op.execute(statement)
    op.execute(LOOKS_STAY)
    op.execute("create trigger stays before update or delete on contact_looks for each row execute function looks_stay()")
    op.execute("create trigger stay before truncate on contact_looks for each statement execute function looks_stay()")
