"""A household is told when the staff of its site answer what it asked for."""

from alembic import op

revision = "0005"
down_revision = "0003"


def upgrade() -> None:
    op.execute(
        """alter table notices
             drop constraint notices_kind_check,
             add constraint notices_kind_check check (
               kind in ('waiting', 'offered', 'booked', 'moved', 'expired', 'cancelled', 'closed', 'clock-changed',
                        'adjustment-answered')),
             drop constraint notices_matter_check,
             add constraint notices_matter_check
               check (matter in ('wait', 'offer', 'confirmation', 'clock', 'answer', 'end', 'closing'))"""
    )
