"""The tables of notifications, with the rules that hold because the database holds them."""

from pathlib import Path

from alembic import op

from shared.migrations import MESSAGING_V1, statements

revision = "0001"
down_revision = None

FIRST = (Path(__file__).parents[1] / "first.sql").read_text(encoding="utf-8")

ENDED_STAYS = """
create function ended_notice_stays() returns trigger language plpgsql as $$
begin
  raise exception 'notice % is % and never changes', old.id, old.state;
end $$
"""


def upgrade() -> None:
    for statement in statements(MESSAGING_V1 + FIRST):
        op.execute(statement)
    op.execute(ENDED_STAYS)
    op.execute(
        """create trigger stays before update or delete on notices for each row
           when (old.state not in ('due', 'sending')) execute function ended_notice_stays()"""
    )
