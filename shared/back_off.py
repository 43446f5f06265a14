"""When to try again what another system could not take."""

import random
from datetime import datetime, timedelta

LONGEST_WAIT = timedelta(minutes=5)
"""Longest time between two tries while another system is away. There is no last try."""


def next_try(now: datetime, failures: int) -> datetime:
    """When to try again after so many failures in a row: doubling, with jitter, five minutes at most."""
    seconds = min(2.0 ** min(failures, 20), LONGEST_WAIT.total_seconds())
    return now + timedelta(seconds=seconds * random.uniform(0.5, 1))
