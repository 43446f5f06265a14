"""How long a household's way in holds, and how long people wait who ask for codes again and again. Pure.

Assumptions: nobody is ever locked out; each further code costs a longer wait, so that guessing takes longer than cases live.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

CODE_HOLDS = timedelta(minutes=10)
"""How long a code can be used. Source: docs/domain.md, "Log-in"."""
PIN_HOLDS = timedelta(days=180)
"""How long the PIN of a printed letter can be used. Source: docs/domain.md, "Log-in"."""
TRIES = 3
"""How often a code, or the PIN in its place, may be typed wrong. Source: docs/domain.md, "Log-in"."""
IDLE = timedelta(minutes=30)
"""How long a session lasts without a look at a page. Source: docs/domain.md, "Log-in"."""
LONGEST_SESSION = timedelta(hours=12)
"""How long a session lasts at most. Source: docs/domain.md, "Log-in"."""
ASSIST_IDLE = timedelta(minutes=10)
"""How long a worker's session with a household lasts without a look at a page. Source: docs/domain.md, "Assisted mode"."""
LONGEST_ASSIST = timedelta(hours=2)
"""How long it lasts at most. Source: docs/domain.md, "Assisted mode"."""


@dataclass(frozen=True, slots=True)
class Patience:
    """So many codes at once are `free`, one is forgotten each `forgets_in`; after that each further one doubles the wait."""

    free: int
    forgets_in: timedelta
    first_wait: timedelta
    longest_wait: timedelta


FOR_A_CASE = Patience(3, timedelta(hours=2), timedelta(minutes=2), timedelta(hours=1))
"""Of codes: from one network. Else a stranger who knows a reference could keep its household waiting."""
FOR_A_CASE_FROM_EVERYWHERE = Patience(30, timedelta(minutes=30), timedelta(minutes=1), timedelta(minutes=30))
"""Bounds the guesses of who has many networks."""
FOR_AN_ADDRESS = Patience(30, timedelta(minutes=1), timedelta(minutes=1), timedelta(minutes=15))
"""Wider than a case's: a whole resource centre, or a phone company, may share one address."""
FOR_EVERYONE = Patience(3_000, timedelta(milliseconds=100), timedelta(minutes=1), timedelta(minutes=2))
"""Source of the four: docs/domain.md, "Log-in"."""
WRONG_FROM_A_NETWORK = Patience(3, timedelta(hours=4), timedelta(minutes=5), timedelta(hours=4))
"""Of questions about one case by reference and year of birth that were answered with no."""
WRONG_FROM_EVERYWHERE = Patience(20, timedelta(hours=1), timedelta(minutes=2), timedelta(hours=1))
"""Bounds the years that somebody with many networks tries; one network alone never comes so far."""
CHECKS_FOR_A_NETWORK = Patience(20, timedelta(minutes=1), timedelta(minutes=1), timedelta(minutes=15))
CHECKS_FOR_EVERYONE = Patience(1_000, timedelta(milliseconds=200), timedelta(minutes=1), timedelta(minutes=2))
"""Of questions about any case, however they were answered."""
LETTERS_FOR_A_NETWORK = Patience(120, timedelta(seconds=5), timedelta(seconds=30), timedelta(minutes=5))
LETTERS_FOR_EVERYONE = Patience(3_000, timedelta(milliseconds=50), timedelta(seconds=30), timedelta(minutes=1))
"""Of letters that the server checks: a signature costs more than a page. Source of the six: docs/domain.md, "Letters"."""


@dataclass(frozen=True, slots=True)
class Pressure:
    """How many codes of late weigh at a moment, and from when the next one is free."""

    weight: float
    at: datetime
    free_at: datetime


def one_more(pressure: Pressure | None, patience: Patience, now: datetime) -> Pressure:
    """The pressure after one more code, asked for when it was free; None: the first."""
    forgotten = (now - pressure.at) / patience.forgets_in if pressure else 0.0
    weight = max(0.0, (pressure.weight if pressure else 0.0) - forgotten) + 1
    beyond = round(weight - patience.free + 1)
    if beyond < 1:
        return Pressure(weight, now, now)
    wait = min(patience.longest_wait, patience.first_wait * 2 ** min(beyond - 1, 30))
    return Pressure(weight, now, now + wait)


def one_less(pressure: Pressure) -> Pressure:
    """The pressure once one that was counted, and was let through, is taken back: who comes next need not wait for it."""
    return Pressure(max(0.0, pressure.weight - 1), pressure.at, pressure.at)
