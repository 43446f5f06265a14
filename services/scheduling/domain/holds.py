"""How long an offered place is held when its household asks for more time. Pure."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from services.scheduling.domain.needs import before_quiet_hours, outside_quiet_hours
from services.scheduling.domain.standby import is_at_short_notice, longer_answer_by
from shared.events import Appointment

STILL_TO_TRAVEL = timedelta(hours=12)
"""Least time between the deadline of an extended offer and its appointment: a household that asks for more time knows that
it has less to travel. Source: docs/domain.md, "Offers"."""


def extended_deadline(offer: Appointment, made_at: datetime) -> datetime | None:
    """The deadline with half as long again, counted from when the offer was made; None when there is no more time.

    As every deadline it falls into no quiet hours of the site and leaves the time to travel. Where the evening before the
    quiet hours would bring nothing it is the morning after them. At short notice the quiet hours are not counted at all.
    Source: docs/domain.md, "Offers", "Standby".
    """
    if offer.deadline is None:
        return None
    zone = ZoneInfo(offer.zone)
    if is_at_short_notice(offer.starts_at, made_at):
        until = longer_answer_by(offer.starts_at, made_at, offer.deadline, zone)
    else:
        longer = offer.deadline + (offer.deadline - made_at) / 2
        wished = outside_quiet_hours(longer, zone, later_than=offer.deadline)
        until = min(wished, before_quiet_hours(offer.starts_at - STILL_TO_TRAVEL, zone))
    return until if until > offer.deadline else None
