"""What was answered to requests that named a key, so that the same request again is answered and not done again; and who
stands by for which site and day."""

from alembic import op

from shared.migrations import statements

revision = "0008"
down_revision = "0007"

REQUESTS = """
-- key: SHA-256 of what the sender chose, which nobody reads. request: by whom and what, in our own words. Written in the
-- transaction that did what was asked; no foreign key, so that a refusal waits for no lock of its case. Forgotten after a day.
create table answered_requests (
  case_ref text not null,
  key text not null check (key ~ '^[0-9a-f]{64}$'),
  request text not null,
  status smallint not null check (status in (200, 409)),
  answer text not null,
  answered_at timestamptz not null,
  primary key (case_ref, key)
);
create index answered_requests_at on answered_requests (answered_at);

-- Households that agreed to be called when a place at the site is freed for that day of the site. Who gets one leaves.
create table standby (
  case_ref text not null references cases,
  site text not null references sites,
  day date not null,
  since timestamptz not null,
  acted_by text not null,
  primary key (case_ref, site, day)
);
create index standby_of_a_day on standby (site, day);
"""


def upgrade() -> None:
    for statement in statements(REQUESTS):
        op.execute(statement)
