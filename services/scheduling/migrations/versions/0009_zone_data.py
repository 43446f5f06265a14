"""Instants follow the zone data: with which version each site's were derived, and appointments that could not follow."""

from alembic import op

from shared.migrations import statements

revision = "0009"
down_revision = "0008"

ZONE_DATA = """
-- tzdata_version: the zone data with which the instants of the site's slots and appointments were derived last.
alter table sites add column tzdata_version text not null default 'unknown';
alter table sites alter column tzdata_version drop default;

-- stranded_because: other zone data moved it, or what it holds, so that it does not hold the time that it needs.
alter table appointments add column stranded_because text;
create index appointments_stranded on appointments (site) where stranded_because is not null;

-- A slot that comes to another instant gets a new id, so that nobody claims it who saw it at the old one.
alter table slot_claims drop constraint slot_claims_slot_id_fkey;
alter table slot_claims add constraint slot_claims_slot_id_fkey
  foreign key (slot_id) references slots on update cascade;
"""


def upgrade() -> None:
    for statement in statements(ZONE_DATA):
        op.execute(statement)
