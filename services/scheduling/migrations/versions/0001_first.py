"""The tables of scheduling, with the rules that hold because the database holds them."""

from pathlib import Path

from alembic import op

from shared.migrations import MESSAGING_V1, statements

revision = "0001"
down_revision = None

FIRST = (Path(__file__).parents[1] / "first.sql").read_text(encoding="utf-8")

HISTORY_STAYS = """
create function history_stays() returns trigger language plpgsql as $$
begin
  raise exception 'history rows never change';
end $$
"""


def upgrade() -> None:
    for statement in statements(MESSAGING_V1 + FIRST):
        op.execute(statement)
    op.execute(HISTORY_STAYS)
    op.execute("create trigger stays before update or delete on appointment_history execute function history_stays()")
