"""Published by intake: cases (one stream each) and programmes. Nothing here names a person."""

from datetime import date, datetime
from enum import StrEnum

from shared.events.base import Event, Snapshot


class System(StrEnum):
    """A country's system: where the result came from."""

    US = "us"
    MX = "mx"
    CA = "ca"


class CaseState(StrEnum):
    ELIGIBLE = "eligible"
    REVIEW = "review"
    INELIGIBLE = "ineligible"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


class Urgency(StrEnum):
    ROUTINE = "routine"
    URGENT = "urgent"


class Reachable(StrEnum):
    """How a notice can reach the household."""

    YES = "yes"
    RESOURCE_CENTRE = "resource_centre"
    NO = "no"


class Party(Snapshot):
    """Who must come, as numbers. `adults` are 18 or over on the decision day; `apart` asked to be heard apart."""

    attendees: int
    adults: int
    children: int
    apart: int = 0


class CaseLanguage(Snapshot):
    """A language of the household: BCP 47 tag, `spoken`, `signed` or `written`, and whether it needs an interpreter."""

    tag: str
    mode: str
    interpreter: bool


class CaseChanged(Event):
    """The whole case as intake knows it. The subclass only says what happened last.

    `referred_from` is the case in another country's system as which the household was registered before.
    """

    topic = "intake.cases"

    case_ref: str
    system: System
    state: CaseState
    reason: str | None = None
    revision: int
    programme: str
    party: Party
    sites: tuple[str, ...] = ()
    admin_area: str | None = None
    languages: tuple[CaseLanguage, ...] = ()
    needs: tuple[str, ...] = ()
    urgency: Urgency
    registered_at: datetime
    valid_until: date
    referrer: str
    reachable: Reachable
    locale: str
    referred_from: str | None = None

    @property
    def key(self) -> str:
        return self.case_ref


class CaseEligible(CaseChanged):
    type = "puente.intake.case.eligible.v1"


class CaseInReview(CaseChanged):
    type = "puente.intake.case.review.v1"


class CaseIneligible(CaseChanged):
    type = "puente.intake.case.ineligible.v1"


class CaseWithdrawn(CaseChanged):
    type = "puente.intake.case.withdrawn.v1"


class CaseExpired(CaseChanged):
    type = "puente.intake.case.expired.v1"


CASE_EVENTS: dict[CaseState, type[CaseChanged]] = {
    CaseState.ELIGIBLE: CaseEligible,
    CaseState.REVIEW: CaseInReview,
    CaseState.INELIGIBLE: CaseIneligible,
    CaseState.WITHDRAWN: CaseWithdrawn,
    CaseState.EXPIRED: CaseExpired,
}


class ProgrammeStatus(StrEnum):
    OPEN = "open"
    PAUSED = "paused"
    CLOSED = "closed"


class Allocation(StrEnum):
    """How a programme's places are given: the earliest feasible one, by the household's choice, or by draw."""

    IMMEDIATE = "immediate"
    CHOICE = "choice"
    DRAW = "draw"


class Counts(StrEnum):
    """What a slot's capacity counts: officers' time (one household at a time) or people in an arrival window."""

    OFFICER = "officer"
    PEOPLE = "people"


class ProgrammeChanged(Event):
    """The whole row of a programme. Minutes are whole minutes of interview, `offer_hours` the time to answer an offer."""

    type = "puente.intake.programme.changed.v1"
    topic = "intake.programmes"

    programme: str
    system: System
    pathway: str
    title: str
    status: ProgrammeStatus
    opens_on: date
    closes_on: date | None = None
    on_close: str
    allocation: Allocation
    base_minutes: int
    per_adult_minutes: int
    per_child_minutes: int
    counts: Counts
    offer_hours: int
    sites: tuple[str, ...]

    @property
    def key(self) -> str:
        return self.programme
