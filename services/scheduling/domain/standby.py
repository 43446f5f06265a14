"""Who may be called at short notice: for which days, and for which place. Pure."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from services.scheduling.domain.decisions import CANDIDATES, Held, Waiting
from services.scheduling.domain.needs import TRAVEL_NOTICE, Need
from services.scheduling.domain.waking import after_waking, waking_time
from shared.events import Allocation, CaseState, ProgrammeChanged, ProgrammeStatus

STANDBY_NOTICE = timedelta(hours=3)
"""Least time between offering a place to a household that stands by and its start. Source: docs/domain.md, "Standby"."""
ANSWER_BEFORE = timedelta(hours=2)
"""How long before its start such an offer is answered at the latest, quiet hours or not: then one must be on the way.
Source: docs/domain.md, "Standby"."""
SHARES = 4
"""Of the waking time until then each has one of so many parts, so that several can be asked one after the other. Source:
docs/domain.md, "Standby"."""
LEAST_TO_ANSWER = timedelta(minutes=30)
"""Least waking time to answer. Source: docs/domain.md, "Standby"."""
CAN_BE_CALLED = CANDIDATES | {Waiting.CHOICE}
"""Reasons to wait that a place at short notice can end."""


def is_at_short_notice(starts_at: datetime, now: datetime) -> bool:
    """True for a place that comes too soon for households that did not agree to be called, and not for those that did."""
    return now + STANDBY_NOTICE <= starts_at < now + TRAVEL_NOTICE


def answer_by(starts_at: datetime, now: datetime, zone: ZoneInfo) -> datetime:
    """Until when an offer at short notice that is made now can be accepted: it leaves time to ask others, if there are any
    hours of the day left for that."""
    share = waking_time(now, starts_at - ANSWER_BEFORE, zone) / SHARES
    return _or_the_latest(after_waking(now, max(share, LEAST_TO_ANSWER), zone), starts_at)


def longer_answer_by(starts_at: datetime, made_at: datetime, deadline: datetime, zone: ZoneInfo) -> datetime:
    """The same with half as much waking time again as there was from when the offer was made to its deadline."""
    more = waking_time(made_at, deadline, zone) / 2
    return _or_the_latest(after_waking(deadline, more, zone), starts_at)


def _or_the_latest(until: datetime, starts_at: datetime) -> datetime:
    """Who is asked when nobody could be asked afterwards has all the time that there is."""
    return until if until < starts_at - STANDBY_NOTICE else starts_at - ANSWER_BEFORE


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
