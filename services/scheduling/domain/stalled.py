"""Households that come no further without people. Pure."""

from datetime import timedelta
from enum import StrEnum

UNRECORDED_AFTER = timedelta(days=1)
"""How long after its start an interview should be recorded as held or missed, and after its acceptance a referral carried
out. Source: docs/domain.md, "Stalled"."""


class Stalled(StrEnum):
    """Why it stands still. Source: docs/domain.md, "Stalled"."""

    UNANSWERED = "unanswered"
    """Offers that it could read ran out without an answer."""
    UNREACHED = "unreached"
    """Its last offer ran out, or it is to choose a place, and no message can reach it."""
    MISSED = "missed"
    """It was absent, and nobody has reviewed why."""
    UNRECORDED = "unrecorded"
    """Its interview is over, and nobody recorded what became of it."""
    REFERRED = "referred"
    """Another country accepted it, and it has no case there."""
