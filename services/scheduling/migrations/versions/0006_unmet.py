"""The clock of households for whom there is no place: since when, whether it is too late, who sees to it and how."""

from alembic import op

from shared.migrations import statements

revision = "0006"
down_revision = "0005"

UNMET = """
alter table cases add column unmet_since timestamptz;
alter table cases add column overdue_since timestamptz;
alter table cases add column acknowledged_at timestamptz;
alter table cases add column acknowledged_by text;
alter table cases add column plan text;
alter table cases add constraint clock_only_while_unmet
  check (unmet_since is not null or num_nonnulls(overdue_since, acknowledged_at, acknowledged_by, plan) = 0);
alter table cases add constraint acknowledged_by_someone_with_a_plan
  check (num_nonnulls(acknowledged_at, acknowledged_by, plan) in (0, 3));
create index cases_unmet on cases (system, programme) where unmet_since is not null;

update cases set unmet_since = now() where waiting in ('no_capacity_before_valid_until', 'site_unknown',
  'no_interpreter', 'no_sign_interpreter', 'no_female_interpreter', 'no_wheelchair', 'no_step_free', 'no_hearing_loop',
  'no_quiet_room', 'no_female_officer', 'not_heard_apart');
"""


def upgrade() -> None:
    for statement in statements(UNMET):
        op.execute(statement)
