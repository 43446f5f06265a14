"""Who looked at the people of a case is recorded where looks at contacts are."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.execute(
        "alter table contact_looks add column what text not null default 'contact' check (what in ('contact', 'people'))"
    )
