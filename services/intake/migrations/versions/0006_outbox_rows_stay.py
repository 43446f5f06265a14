"""Rows of the outbox never change: what is not on Kafka yet, and where the others lie, is said beside them."""

from alembic import op

from shared.migrations import MESSAGING_V2, statements

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    for statement in statements(MESSAGING_V2):
        op.execute(statement)
