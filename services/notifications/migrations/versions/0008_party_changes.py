"""A household is told when another number of people must come on its date."""

from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.execute(
        """alter table notices
             drop constraint notices_kind_check,
             add constraint notices_kind_check check (kind in (
               'waiting', 'offered', 'booked', 'moved', 'expired', 'cancelled', 'closed', 'clock-changed', 'party-changed',
               'adjustment-answered', 'reminder')),
             drop constraint notices_matter_check,
             add constraint notices_matter_check check (
               matter in ('wait', 'offer', 'confirmation', 'clock', 'party', 'answer', 'reminder', 'end', 'closing'))"""
    )
