"""What could not be delivered is tried again while it is owed; a household is told when its case is closed."""

from alembic import op

revision = "0002"
down_revision = "0001"

OPEN_AGAIN = "update notices set closed_at = null, undelivered = 1 where state in ('not_reachable', 'failed')"
"""Their next try is in the past, so each is looked at once more right away, and withdrawn if it is not owed any more."""


def upgrade() -> None:
    op.execute("drop trigger stays on notices")
    op.execute("alter table notices add column undelivered int not null default 0")
    op.execute("alter table notices drop constraint notices_check")
    op.execute(OPEN_AGAIN)
    op.execute(
        """alter table notices
             add constraint open_until_sent_or_withdrawn check ((state in ('sent', 'withdrawn')) = (closed_at is not null)),
             add constraint undelivered_is_counted check (state not in ('not_reachable', 'failed') or undelivered > 0),
             drop constraint notices_kind_check,
             add constraint notices_kind_check
               check (kind in ('waiting', 'offered', 'booked', 'moved', 'expired', 'cancelled', 'closed')),
             drop constraint notices_matter_check,
             add constraint notices_matter_check check (matter in ('wait', 'offer', 'confirmation', 'end', 'closing')),
             drop constraint notices_check3,
             add constraint about_an_appointment_or_the_list
               check ((matter in ('wait', 'closing')) = (appointment_id is null))"""
    )
    op.execute("drop index notices_due")
    op.execute("create index notices_due on notices (next_try_at) where closed_at is null")
    op.execute(
        """create trigger stays before update or delete on notices for each row
           when (old.closed_at is not null) execute function ended_notice_stays()"""
    )
