"""What a case's newest snapshot means for its scheduling. Pure: the caller carries it out."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from services.scheduling.domain.needs import Need
from shared.events import Allocation, CaseState, ProgrammeChanged, ProgrammeStatus


class Waiting(StrEnum):
    """Why a case has no appointment; people read these through translations."""

    PROGRAMME_UNKNOWN = "programme_unknown"
    PROGRAMME_CLOSED = "programme_closed"
    PROGRAMME_PAUSED = "programme_paused"
    SITE_UNKNOWN = "site_unknown"
    REVIEW = "review"
    CHOICE = "awaiting_choice"
    DRAW = "awaiting_draw"
    NO_CAPACITY = "no_capacity_before_valid_until"
    NO_INTERPRETER = "no_interpreter"
    DECLINED = "declined"
    EXPIRED = "offer_expired"
    UNANSWERED = "offers_unanswered"


HAD_ITS_SAY = frozenset({Waiting.DECLINED, Waiting.EXPIRED, Waiting.UNANSWERED})
"""Reasons that a new revision does not undo: the household let a place go, and the next one comes by itself or by people."""

CANDIDATES = frozenset({Waiting.NO_CAPACITY, Waiting.NO_INTERPRETER, Waiting.DECLINED, Waiting.EXPIRED})
"""Reasons that a freed place, or a new day in the calendar, can end."""

CANCEL_REASON = {
    CaseState.INELIGIBLE: "ineligible",
    CaseState.WITHDRAWN: "applicant-request",
    CaseState.EXPIRED: "ineligible",
}
"""Why the appointment of a case in this state is cancelled. Words: docs/domain.md, "Cancellation reasons"."""


@dataclass(frozen=True, slots=True)
class Held:
    """The live appointment, as far as deciding needs it."""

    site: str
    local_date: date
    minutes: int
    party: int
    interpreted: bool
    is_answered: bool


@dataclass(frozen=True, slots=True)
class Keep:
    """What the case has stays."""


@dataclass(frozen=True, slots=True)
class End:
    """The live appointment is cancelled for this reason, and nothing is waited for."""

    reason: str


@dataclass(frozen=True, slots=True)
class Wait:
    """The case waits, for this reason; a live appointment stays."""

    reason: Waiting


@dataclass(frozen=True, slots=True)
class Offer:
    """The earliest feasible place is to be offered, in place of the live appointment if there is one."""

    need: Need


Decision = Keep | End | Wait | Offer


def decide(
    state: CaseState, programme: ProgrammeChanged | None, need: Need | None, held: Held | None, waiting: str | None
) -> Decision:
    """What is to be done. `need` is None exactly when the programme is unknown; `waiting` is the reason until now.

    An appointment is never taken away for want of knowledge: only by the authority's decision or because it cannot take
    place as it stands.
    """
    if state in CANCEL_REASON:
        return End(CANCEL_REASON[state])
    if state is CaseState.REVIEW:
        return Keep() if held else Wait(Waiting.REVIEW)
    if programme is None or need is None:
        return Keep() if held else Wait(Waiting.PROGRAMME_UNKNOWN)
    if held:
        return Keep() if is_feasible(held, need) else Offer(need)
    return _without_appointment(programme, need, waiting)


def _without_appointment(programme: ProgrammeChanged, need: Need, waiting: str | None) -> Decision:
    if programme.status is ProgrammeStatus.CLOSED:
        return Wait(Waiting.PROGRAMME_CLOSED)
    if programme.status is ProgrammeStatus.PAUSED:
        return Wait(Waiting.PROGRAMME_PAUSED)
    if programme.allocation is not Allocation.IMMEDIATE:
        return Wait(Waiting.CHOICE if programme.allocation is Allocation.CHOICE else Waiting.DRAW)
    if not need.sites:
        return Wait(Waiting.SITE_UNKNOWN)
    return Keep() if waiting in HAD_ITS_SAY else Offer(need)


def is_feasible(held: Held, need: Need) -> bool:
    """True when the interview can take place as it stands: site, last day, length, party, interpreter."""
    return (
        held.site in need.sites
        and held.local_date <= need.latest
        and held.minutes >= need.minutes
        and held.party >= need.party
        and (held.interpreted or not need.languages)
    )
