"""How long the tests here take: short among all tests, long with PUENTE_FAULTS=long (`make faults`)."""

import os

IS_LONG = os.environ.get("PUENTE_FAULTS") == "long"

OUTAGE_SECONDS = 60 if IS_LONG else 10
"""How long a part stays away that others wait for."""
