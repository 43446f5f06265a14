"""How long the tests here take: short among all tests, long with PUENTE_FAULTS=long (`make faults`)."""

import os

IS_LONG = os.environ.get("PUENTE_FAULTS") == "long"

OUTAGE_SECONDS = 60 if IS_LONG else 10
"""How long a part stays away that others wait for."""

KILLS, RESULTS = (320, 20_000) if IS_LONG else (40, 3_000)

SETTLE_SECONDS = 1_800 if IS_LONG else 300
"""Longest time after the last kill until nothing is under way; a busy machine needs a good part of it."""
