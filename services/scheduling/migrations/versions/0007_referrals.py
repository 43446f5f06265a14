"""Referrals of waiting households to another country's programme, with the consent that they rest on."""

from alembic import op

from shared.migrations import statements

revision = "0007"
down_revision = "0006"

REFERRALS = """
-- proposed -> accepted | declined | withdrawn. Only one of a case is proposed at a time.
create table referrals (
  id uuid primary key,
  case_ref text not null references cases,
  programme text not null,
  state text not null check (state in ('proposed', 'accepted', 'declined', 'withdrawn')),
  consent_recorded text not null,
  proposed_at timestamptz not null,
  proposed_by text not null,
  answered_at timestamptz,
  answered_by text,
  check ((state = 'proposed') = (answered_at is null)),
  check (num_nulls(answered_at, answered_by) in (0, 2))
);
create unique index one_proposed_referral on referrals (case_ref) where state = 'proposed';

-- The proposed or accepted referral as events carry it.
alter table cases add column referral jsonb;
"""


def upgrade() -> None:
    for statement in statements(REFERRALS):
        op.execute(statement)
