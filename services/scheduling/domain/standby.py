"""Who may be called at short notice: for which days, and for which place. Pure."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from services.scheduling.domain.decisions import CANDIDATES, Held, Waiting
from services.scheduling.domain.needs import TRAVEL_NOTICE, Need
from shared.events import Allocation, CaseState, ProgrammeChanged, ProgrammeStatus

STANDBY_NOTICE = timedelta(hours=3)
"""Least time between offering a place to a household that stands by and its start. Source: docs/domain.md, "Standby"."""
ANSWER_BEFORE = timedelta(hours=2)
"""How long before its start such an offer is answered at the latest, quiet hours or not: then one must be on the way.
Source: docs/domain.md, "Standby"."""
CAN_BE_CALLED = CANDIDATES | {Waiting.CHOICE}
"""Reasons to wait that a place at short notice can end."""


def is_at_short_notice(starts_at: datetime, now: datetime) -> bool:
    """True for a place that comes too soon for households that did not agree to be called, and not for those that did."""
    return now + STANDBY_NOTICE <= starts_at < now + TRAVEL_NOTICE


def answer_by(starts_at: datetime, usual: datetime) -> datetime:
    """Until when an offer at short notice can be accepted; `usual`: until when it could be if it were none."""
    return min(usual, starts_at - ANSWER_BEFORE)


@dataclass(frozen=True, slots=True)
class Has:
    """What a household has: an appointment, or a reason to wait for one."""

    held: Held | None
    waiting: str | None


def may_come(state: CaseState, programme: ProgrammeChanged, need: Need, has: Has, *, site: str, day: date) -> bool:
    """True when the household can have a place at the site on that day, were one free that is what it needs.

    A household with an appointment would leave it for an earlier day only.
    """
    if state is not CaseState.ELIGIBLE or site not in need.sites or day > need.latest:
        return False
    if programme.status is not ProgrammeStatus.OPEN or programme.allocation is Allocation.DRAW:
        return False
    return day < has.held.local_date if has.held else has.waiting in CAN_BE_CALLED
