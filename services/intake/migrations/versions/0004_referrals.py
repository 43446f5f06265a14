"""Households that were referred to another country's programme: the accepted referral, the old case and the new one."""

from alembic import op

from shared.migrations import statements

revision = "0004"
down_revision = "0003"

REFERRALS = """
-- Accepted referrals, carried out once each: either there is a new case or a reason why not.
create table referrals (
  id uuid primary key,
  case_ref text not null,
  programme text not null,
  event_id text,                        -- cause: the event, its chain, the span that handled it
  correlation_id text not null,
  traceparent text not null,
  noted_at timestamptz not null,
  done_at timestamptz,
  new_case_ref text references cases,
  refused text,
  check (num_nonnulls(new_case_ref, refused) = num_nonnulls(done_at))
);
create index referrals_due on referrals (noted_at) where done_at is null;

-- A household goes on as one case: nobody is referred twice from the same one.
alter table cases add column referred_from text unique references cases;
alter table cases add column referred_to text unique references cases;
"""


def upgrade() -> None:
    for statement in statements(REFERRALS):
        op.execute(statement)
