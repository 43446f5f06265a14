"""Published by notifications: single facts about notices, each with a key of its own."""

from enum import StrEnum
from uuid import UUID

from shared.events.base import Event
from shared.events.intake import System


class NoticeKind(StrEnum):
    """What a notice tells the household. `clock-changed`: the hour stays, but is another instant, since a country
    changed its clocks. `party-changed`: the date stays, another number of people must come. `place-changed`: the
    date stays, its site has another name or address. `adjustment-answered`: there is an answer to what it asked for, which its page says. `reminder`: it
    brings no news."""

    WAITING = "waiting"
    OFFERED = "offered"
    BOOKED = "booked"
    MOVED = "moved"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    CLOSED = "closed"
    CLOCK_CHANGED = "clock-changed"
    PARTY_CHANGED = "party-changed"
    PLACE_CHANGED = "place-changed"
    ADJUSTMENT_ANSWERED = "adjustment-answered"
    REMINDER = "reminder"


class NoticeOutcome(Event):
    """One notice and what became of it. `language` is the language that was used, `channel` `email` or `none`.

    One that failed is tried again while it is owed: it fails once and may be sent later.
    """

    topic = "notifications.notices"
    is_single_fact = True

    notice_id: UUID
    kind: NoticeKind
    case_ref: str
    system: System
    channel: str
    language: str
    appointment_id: UUID | None = None
    provider_reference: str | None = None
    reason: str | None = None

    @property
    def key(self) -> str:
        return str(self.notice_id)


class NoticeSent(NoticeOutcome):
    type = "puente.notifications.notice.sent.v1"


class NoticeFailed(NoticeOutcome):
    type = "puente.notifications.notice.failed.v1"
