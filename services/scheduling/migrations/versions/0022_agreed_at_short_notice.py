"""How a household agreed to an appointment that starts sooner than others are told of theirs."""

from alembic import op

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    op.execute(
        "alter table appointments add column agreed_at_short_notice text"
        " check (agreed_at_short_notice in ('in-person', 'phone', 'letter', 'online', 'resource-centre'))"
    )
