from services.intake.tables import metadata
from shared.migrations.running import run_migrations

run_migrations(metadata)
