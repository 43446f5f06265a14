"""The cancelled appointments of a case are found without reading all: which days it declined, how often it moved."""

from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    op.execute("create index cancelled_appointments_of_case on appointments (case_ref) where status = 'cancelled'")
