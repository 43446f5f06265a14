"""Rows of the outbox never change: what is not on Kafka yet, and where the others lie, is said beside them."""

from alembic import op

from shared.migrations import MESSAGING_V2, statements

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    for statement in statements(MESSAGING_V2):
        op.execute(statement)
