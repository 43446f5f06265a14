"""Orders to rebook whom a change of a calendar strands: by whom, how far they are, and the households in their order."""

from alembic import op

from shared.migrations import statements

revision = "0003"
down_revision = "0002"

REBOOKINGS = """
-- Carried out from `done` on, in chunks: each chunk commits what became of its households together with how far it came.
-- The event is the site's that said the change: what it led to is caused by it.
create table rebookings (
  id uuid primary key,
  site text not null references sites,
  site_version bigint not null,
  ordered_at timestamptz not null,
  acted_by text not null,
  event_id text not null,
  correlation_id text not null,
  traceparent text not null,
  households int not null,
  done int not null default 0,
  moved int not null default 0,
  waiting int not null default 0,
  kept int not null default 0,
  finished_at timestamptz,
  constraint every_household_is_counted check (done = moved + waiting + kept),
  constraint finished_when_all_are_done check ((finished_at is null) = (done < households))
);
create index rebookings_open on rebookings (ordered_at, id) where finished_at is null;
create index rebookings_site on rebookings (site, ordered_at);

-- The stranded appointments of an order, numbered by seniority from 1, with the reason that ends each.
create table rebooking_households (
  rebooking_id uuid not null references rebookings,
  number int not null check (number > 0),
  case_ref text not null,
  appointment_id uuid not null,
  reason text not null,
  primary key (rebooking_id, number)
);
"""


def upgrade() -> None:
    for statement in statements(REBOOKINGS):
        op.execute(statement)
