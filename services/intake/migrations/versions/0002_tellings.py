"""What each country's system is to be told of its cases, and what it was told."""

from alembic import op

from shared.migrations import statements

revision = "0002"
down_revision = "0001"

TELLINGS = """
-- Where a case's interview stands by scheduling's newest snapshot, and what its country was told last. due -> told: then
-- next_try_at is null; due again when another fact comes. No reference to cases: scheduling may speak of one first.
create table tellings (
  case_ref text primary key,
  system text not null check (system in ('us', 'mx', 'ca')),
  version bigint not null,              -- of the snapshot that said the fact first
  fact jsonb not null,
  told jsonb,                           -- the fact that was told last
  told_at timestamptz,
  next_try_at timestamptz,
  tries int not null default 0,
  last_error text,
  last_attempt text,                    -- traceparent of the attempt before
  lease uuid,
  lease_until timestamptz,
  traceparent text not null,            -- of the span that handled the snapshot
  check (num_nulls(lease, lease_until) in (0, 2)),
  check (num_nulls(told, told_at) in (0, 2)),
  check (next_try_at is not null or fact = told)
);
create index tellings_due on tellings (system, next_try_at) where next_try_at is not null;

alter table counts add column told bigint not null default 0;
"""


def upgrade() -> None:
    for statement in statements(TELLINGS):
        op.execute(statement)
