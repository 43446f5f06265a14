"""What a place can give a household: accommodations of desks and windows, modes of interpreters, remote ones."""

from alembic import op

from shared.migrations import statements

revision = "0004"
down_revision = "0003"

NEEDS = """
-- accommodations: see domain/needs.py. modes: spoken, signed; of interpreters only. is_remote: serves every site of the
-- system, in the hours of the site that keeps its calendar.
alter table resources add column accommodations text[] not null default '{}';
alter table resources add column modes text[] not null default '{}';
alter table resources add column is_remote boolean not null default false;
update resources set accommodations = '{female-officer}' where female and kind <> 'interpreter';
update resources set accommodations = '{female-interpreter}' where female and kind = 'interpreter';
update resources set modes = '{spoken}' where kind = 'interpreter';
alter table resources add constraint interpreters_have_modes check ((kind = 'interpreter') = (modes <> '{}'));
alter table resources add constraint only_interpreters_are_remote check (kind = 'interpreter' or not is_remote);
alter table resources drop column female;

-- desks: how many hear the household at once; minutes are of each. accommodations: those that were asked for.
alter table appointments add column desks int not null default 1 check (desks > 0);
alter table appointments add column accommodations text[] not null default '{}';
update appointments set accommodations = array_remove(
  array[case when female then 'female-officer' end, case when interpreter is not null then 'spoken' end], null);
alter table appointments drop column female;
"""


def upgrade() -> None:
    for statement in statements(NEEDS):
        op.execute(statement)
