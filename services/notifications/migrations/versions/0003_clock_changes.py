"""A household is told when the same hour on the clock of its site becomes another instant."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.execute(
        """alter table notices
             drop constraint notices_kind_check,
             add constraint notices_kind_check check (
               kind in ('waiting', 'offered', 'booked', 'moved', 'expired', 'cancelled', 'closed', 'clock-changed')),
             drop constraint notices_matter_check,
             add constraint notices_matter_check
               check (matter in ('wait', 'offer', 'confirmation', 'clock', 'end', 'closing'))"""
    )
