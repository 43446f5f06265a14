"""A household with a date is told when its place has another name or address: each notice keeps the place that it named, each
site how far those who have a date there were looked at."""

from alembic import op
from sqlalchemy import text

from shared.places import in_one_line

revision = "0009"
down_revision = "0008"

NAMED_BEFORE = """
update notices n set place = :place from cases c
where c.case_ref = n.case_ref and c.snapshot -> 'appointment' ->> 'site' = :site and n.may_have_arrived
  and n.content -> 'appointment' ->> 'site' = :site
"""
"""Of dates that still stand, all messages named the place that is known now: nothing looked at places that changed. That is noted
of notices, too, which are closed and do not change otherwise."""


def upgrade() -> None:
    op.execute("alter table sites add column tell_after text, add column traceparent text")
    op.execute("alter table notices add column place text")
    op.execute(
        """alter table notices
             drop constraint notices_kind_check,
             add constraint notices_kind_check check (kind in (
               'waiting', 'offered', 'booked', 'moved', 'expired', 'cancelled', 'closed', 'clock-changed', 'party-changed',
               'place-changed', 'adjustment-answered', 'reminder')),
             drop constraint notices_matter_check,
             add constraint notices_matter_check check (
               matter in ('wait', 'offer', 'confirmation', 'clock', 'party', 'place', 'answer', 'reminder', 'end', 'closing'))"""
    )
    op.execute("alter table notices disable trigger stays")
    connection = op.get_bind()
    for site, snapshot in connection.execute(text("select site, snapshot from sites")).all():
        place = in_one_line(snapshot["name"], snapshot["address"], snapshot["city"])
        connection.execute(text(NAMED_BEFORE), {"site": site, "place": place})
    op.execute("alter table notices enable trigger stays")
