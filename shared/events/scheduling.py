"""Published by scheduling: the whole scheduling state of a case, and sites."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from shared.events.base import Event, Snapshot
from shared.events.intake import System


class AppointmentStatus(StrEnum):
    """FHIR R5 words. `pending`: offered, the slot is held until the deadline."""

    WAITLIST = "waitlist"
    PENDING = "pending"
    BOOKED = "booked"
    ARRIVED = "arrived"
    CHECKED_IN = "checked-in"
    FULFILLED = "fulfilled"
    NOSHOW = "noshow"
    CANCELLED = "cancelled"
    ENTERED_IN_ERROR = "entered-in-error"


class Appointment(Snapshot):
    """One appointment, whole. `wall_time` at the site with `zone` is the truth (`YYYY-MM-DDTHH:MM`); `starts_at` is
    the instant derived from it with `tzdata_version`. `deadline` is the instant until which an offer can be accepted;
    `first_deadline` is the one that it had before the household was given more time, None while it was not."""

    id: UUID
    version: int
    status: AppointmentStatus
    site: str
    wall_time: str
    zone: str
    starts_at: datetime
    tzdata_version: str
    minutes: int
    party: int
    interpreter: str | None = None
    deadline: datetime | None = None
    first_deadline: datetime | None = None
    replaces: UUID | None = None
    reason: str | None = None
    acted_by: str


class ReferralState(StrEnum):
    """`proposed -> accepted | declined | withdrawn`; events carry the first two."""

    PROPOSED = "proposed"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"


class Referral(Snapshot):
    """A household that consented is to go on to this programme of another country's `system`; accepted: it does."""

    id: UUID
    programme: str
    system: System
    state: ReferralState


class Choice(Snapshot):
    """A household is to choose its date itself: `before` this day, for one that is on `latest` at the latest."""

    before: date
    latest: date


class CaseScheduled(Event):
    """The case's whole scheduling state: an appointment that it does not name is over.

    `appointment` is the live one or none, `ended` the last ended one with its reason, `waiting` why the case has none.
    `choice`: it has none since its household is to choose it; None in events of before it was said.
    `overdue_since`: there is no place for it, and since then it is too late to find one in time.
    `closed` says that none is to come, with the case's state as the reason (ineligible, withdrawn, expired).
    `referral` is the open one, or the one by which the household went on. `adjustment_answered` is the request that the
    staff answered last of what the household asked for about `appointment`: what they said stands on its page. `calendar_uid` is the UID of the case's calendar entry and stays the same for its life.
    """

    topic = "scheduling.cases"

    case_ref: str
    system: System
    programme: str
    calendar_uid: UUID
    appointment: Appointment | None = None
    ended: Appointment | None = None
    waiting: str | None = None
    choice: Choice | None = None
    overdue_since: datetime | None = None
    closed: str | None = None
    referral: Referral | None = None
    adjustment_answered: UUID | None = None

    @property
    def key(self) -> str:
        return self.case_ref


class AppointmentOffered(CaseScheduled):
    type = "puente.scheduling.appointment.offered.v1"


class AppointmentBooked(CaseScheduled):
    type = "puente.scheduling.appointment.booked.v1"


class AppointmentMoved(CaseScheduled):
    type = "puente.scheduling.appointment.moved.v1"


class AppointmentCancelled(CaseScheduled):
    type = "puente.scheduling.appointment.cancelled.v1"


class AppointmentArrived(CaseScheduled):
    type = "puente.scheduling.appointment.arrived.v1"


class AppointmentCheckedIn(CaseScheduled):
    type = "puente.scheduling.appointment.checked-in.v1"


class AppointmentNoShow(CaseScheduled):
    type = "puente.scheduling.appointment.no-show.v1"


class AppointmentFulfilled(CaseScheduled):
    type = "puente.scheduling.appointment.fulfilled.v1"


class OfferExpired(CaseScheduled):
    type = "puente.scheduling.offer.expired.v1"


class OfferExtended(CaseScheduled):
    type = "puente.scheduling.offer.extended.v1"


class CaseWaiting(CaseScheduled):
    type = "puente.scheduling.case.waiting.v1"


class CaseClosed(CaseScheduled):
    type = "puente.scheduling.case.closed.v1"


class ReferralChanged(CaseScheduled):
    type = "puente.scheduling.referral.changed.v1"


class AdjustmentAnswered(CaseScheduled):
    type = "puente.scheduling.adjustment.answered.v1"


class SiteChanged(Event):
    """A site as the public knows it. `admin_area` is the Mexican state code, when the site has one."""

    type = "puente.scheduling.site.changed.v1"
    topic = "scheduling.sites"

    site: str
    system: System
    name: str
    city: str
    address: str
    zone: str
    admin_area: str | None = None
    programmes: tuple[str, ...] = ()
    is_open: bool
    illustrative: bool = False

    @property
    def key(self) -> str:
        return self.site
