"""Calendars that staff keep: what they change, who changed it, and places that are no longer planned."""

from alembic import op

from shared.migrations import statements

revision = "0002"
down_revision = "0001"

CALENDARS = """
-- last_day: the last day on which the resource is there.
alter table resources add column last_day date;
alter table opening_rules add column on_holidays boolean not null default false;
alter table opening_rules add column is_lifted boolean not null default false;
alter table closures add column is_lifted boolean not null default false;

-- planned: the units that the calendar still gives a slot of which more are taken, 0 when it is not open any more; null
-- for all others. What is taken stays taken; capacity follows it down to what is planned and never up again.
alter table slots add column planned int check (planned >= 0);
alter table slots add column shrunk_because text;
alter table slots add constraint shrunk_for_a_reason check ((planned is null) = (shrunk_because is null));
create index slots_shrunk on slots (site, starts_at) where planned is not null;
create index slot_claims_slot on slot_claims (slot_id);

-- What changed in a site's calendar, by whom; version is the site's after it.
create table calendar_changes (
  site text not null references sites,
  version bigint not null,
  at timestamptz not null,
  acted_by text not null,
  what jsonb not null,
  primary key (site, version)
);

-- Who knows a resource's token may read its busy times. Only the SHA-256 of the token is kept.
create table calendar_tokens (
  resource_id uuid primary key references resources,
  token_hash bytea not null,
  made_at timestamptz not null,
  made_by text not null
);
"""

CAPACITY_FOLLOWS = """
create function capacity_follows() returns trigger language plpgsql as $$
begin
  new.capacity := greatest(new.planned, least(old.capacity, new.taken));
  return new;
end $$
"""


def upgrade() -> None:
    for statement in statements(CALENDARS):
        op.execute(statement)
    op.execute(CAPACITY_FOLLOWS)
    op.execute(
        "create trigger follows before update on slots for each row"
        " when (new.planned is not null) execute function capacity_follows()"
    )
    op.execute("create trigger stays before update or delete on calendar_changes execute function history_stays()")
