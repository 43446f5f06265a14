"""A household is reminded of its booked interview: of each case the next moment to do so, and for which date that is."""

from alembic import op

revision = "0006"
down_revision = "0005"

KNOWN_DATES = """
update cases set remind_at = now(), remind_of = snapshot -> 'appointment' ->> 'site' || ' ' || (snapshot -> 'appointment' ->> 'starts_at')
where snapshot -> 'appointment' ->> 'status' = 'booked'
"""
"""They are looked at once right away, and from then on at their moments."""


def upgrade() -> None:
    op.execute("alter table cases add column remind_at timestamptz, add column remind_of text")
    op.execute(KNOWN_DATES)
    op.execute("create index cases_to_remind on cases (remind_at) where remind_at is not null")
    op.execute(
        """alter table notices
             drop constraint notices_kind_check,
             add constraint notices_kind_check check (kind in (
               'waiting', 'offered', 'booked', 'moved', 'expired', 'cancelled', 'closed', 'clock-changed', 'adjustment-answered',
               'reminder')),
             drop constraint notices_matter_check,
             add constraint notices_matter_check
               check (matter in ('wait', 'offer', 'confirmation', 'clock', 'answer', 'reminder', 'end', 'closing'))"""
    )
