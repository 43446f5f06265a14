"""Households that are to choose a place and that no message reaches are found without reading all who are to choose."""

from alembic import op

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    op.execute(
        "create index cases_unreached on cases (case_ref)"
        " where waiting = 'awaiting_choice' and snapshot ->> 'reachable' <> 'yes'"
    )
