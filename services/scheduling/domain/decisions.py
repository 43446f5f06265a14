"""What a case's newest snapshot means for its scheduling. Pure: the caller carries it out."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum

from services.scheduling.domain.needs import Need, Setting
from services.scheduling.domain.states import AT_THE_SITE
from shared.events import Allocation, AppointmentStatus, CaseState, ProgrammeChanged, ProgrammeStatus


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
    NO_SIGN_INTERPRETER = "no_sign_interpreter"
    NO_FEMALE_INTERPRETER = "no_female_interpreter"
    NO_WHEELCHAIR = "no_wheelchair"
    NO_STEP_FREE = "no_step_free"
    NO_HEARING_LOOP = "no_hearing_loop"
    NO_QUIET_ROOM = "no_quiet_room"
    NO_FEMALE_OFFICER = "no_female_officer"
    NOT_HEARD_APART = "not_heard_apart"
    DECLINED = "declined"
    EXPIRED = "offer_expired"
    UNANSWERED = "offers_unanswered"
    MISSED = "missed"
    REFERRED = "referred"


UNMET = frozenset(
    {
        Waiting.SITE_UNKNOWN,
        Waiting.NO_CAPACITY,
        Waiting.NO_INTERPRETER,
        Waiting.NO_SIGN_INTERPRETER,
        Waiting.NO_FEMALE_INTERPRETER,
        Waiting.NO_WHEELCHAIR,
        Waiting.NO_STEP_FREE,
        Waiting.NO_HEARING_LOOP,
        Waiting.NO_QUIET_ROOM,
        Waiting.NO_FEMALE_OFFICER,
        Waiting.NOT_HEARD_APART,
    }
)
"""There is no place that the household can have: the authority must find one, and its clock runs."""

HAD_ITS_SAY = frozenset({Waiting.DECLINED, Waiting.EXPIRED, Waiting.UNANSWERED, Waiting.MISSED, Waiting.REFERRED})
"""Reasons that a new revision does not undo: the household let a place go, and the next one comes by itself or by people;
or it goes on to another country."""

CANDIDATES = frozenset({Waiting.NO_CAPACITY, Waiting.NO_INTERPRETER, Waiting.DECLINED, Waiting.EXPIRED})
"""Reasons that a freed place can end."""

LOOKED_AT_AGAIN = frozenset(Waiting) - {Waiting.REVIEW, Waiting.UNANSWERED, Waiting.MISSED, Waiting.REFERRED}
"""Reasons that a changed programme, a new day in the calendar or an opened place may end."""

OF_HOUSEHOLDS = frozenset({"applicant-request", "applicant-unable", "household-changed"})
"""Why a household gives a date up. Words: docs/domain.md, "Cancellation reasons"."""

HONOUR = "honour"
"""What a closing programme may say of its appointments: they stay. Otherwise they are cancelled, one message each."""

CANCEL_REASON = {
    CaseState.INELIGIBLE: "ineligible",
    CaseState.WITHDRAWN: "applicant-request",
    CaseState.EXPIRED: "ineligible",
}
"""Why the appointment of a case in this state is cancelled. Words: docs/domain.md, "Cancellation reasons"."""

WENT_ON = "referred"
"""The reason for which a case is withdrawn whose household has one in another country by now."""

NOBODY_IS_HEARD = frozenset(
    {"interpreter-unavailable", "officer-unavailable", "site-closed", "site-capacity", "safety"}
)
"""Reasons for which a place that was given up is one for nobody else either."""


@dataclass(frozen=True, slots=True)
class Held:
    """The live appointment, as far as deciding needs it. `minutes` are those that its slots hold at each of its `desks`,
    `accommodations` those that were asked for, its interpreters' too."""

    status: AppointmentStatus
    site: str
    programme: str
    starts_at: datetime
    local_date: date
    minutes: int
    party: int
    languages: frozenset[str]
    desks: int
    accommodations: frozenset[str]

    def has_come(self, now: datetime) -> bool:
        """True from its start on, and as soon as its household is there for it."""
        return self.starts_at <= now or self.status in AT_THE_SITE


@dataclass(frozen=True, slots=True)
class Keep:
    """What the case has stays; for so many people, where its household has become smaller than its appointment was made for."""

    party: int | None = None


@dataclass(frozen=True, slots=True)
class End:
    """The live appointment is cancelled for this reason, and nothing is waited for."""

    reason: str


@dataclass(frozen=True, slots=True)
class Wait:
    """The case, which has no live appointment, waits for this reason."""

    reason: Waiting


@dataclass(frozen=True, slots=True)
class Offer:
    """The earliest feasible place is to be offered, in place of the live appointment if there is one. `otherwise`: what the
    case waits for when there is none, if not just for one."""

    need: Need
    otherwise: Waiting | None = None

    def there_and_then(self, site: str, starts_at: datetime) -> "Offer":
        """The same, at this site and time before any other."""
        return replace(self, need=replace(self.need, instead_of=(site, starts_at)))


@dataclass(frozen=True, slots=True)
class Release:
    """The live appointment is cancelled for this reason, and the case waits for that one with its seniority."""

    reason: str
    waiting: Waiting


Decision = Keep | End | Wait | Offer | Release


def decide(
    state: CaseState,
    programme: ProgrammeChanged | None,
    need: Need | None,
    *,
    held: Held | None,
    waiting: str | None,
    now: datetime,
    made_for: Need | None = None,
    is_heard: bool = False,
    had_date: bool = False,
) -> Decision:
    """What is to be done. `need` is None exactly when the programme is unknown; `waiting` is the reason until now.
    `made_for` is `need` with what of the household's own wishes the live appointment was made with: it stays if it meets
    either, since neither what it lacks nor what it has beyond its country's word takes it away. `is_heard`: the household's
    interview under this programme took place, and it needs no other. `had_date`: it has just lost a date by no doing of its own,
    and gets another one wherever that one would have stood.

    An appointment is never taken away for want of knowledge: only by the authority's decision or because it cannot take
    place as it stands. One whose time has come, or whose household is at the site, is not touched any more: people say
    what became of it.
    """
    if is_heard or (held and held.has_come(now)):
        return Keep()
    if state in CANCEL_REASON:
        return End(CANCEL_REASON[state])
    if held and programme and not _stood(programme):
        return Release("programme-closed", Waiting.PROGRAMME_CLOSED)
    if state is CaseState.REVIEW:
        return Keep() if held or waiting == Waiting.REFERRED else Wait(Waiting.REVIEW)
    if programme is None or need is None:
        return Keep() if held else Wait(Waiting.PROGRAMME_UNKNOWN)
    if held and any(is_feasible(held, each) for each in (need, made_for) if each):
        return Keep(need.party if need.party < held.party else None)
    without = _without_appointment(programme, need, None if held else waiting)
    if held or (had_date and _stood(programme)):
        return Offer(need, without.reason if isinstance(without, Wait) else None)
    return without


def _stood(programme: ProgrammeChanged) -> bool:
    """True when dates under the programme stand: it is not closed, or honours them."""
    return programme.status is not ProgrammeStatus.CLOSED or programme.on_close == HONOUR


def _without_appointment(programme: ProgrammeChanged, need: Need, waiting: str | None) -> Decision:
    if waiting in HAD_ITS_SAY:
        return Keep()
    if programme.status is ProgrammeStatus.CLOSED:
        return Wait(Waiting.PROGRAMME_CLOSED)
    if programme.status is ProgrammeStatus.PAUSED:
        return Wait(Waiting.PROGRAMME_PAUSED)
    if programme.allocation is not Allocation.IMMEDIATE:
        return Wait(Waiting.CHOICE if programme.allocation is Allocation.CHOICE else Waiting.DRAW)
    return Offer(need) if need.sites else Wait(Waiting.SITE_UNKNOWN)


def is_feasible(held: Held, need: Need) -> bool:
    """True when the interview can take place as it stands."""
    return (
        held.site in need.sites
        and held.programme == need.programme
        and held.local_date <= need.latest
        and held.party >= need.party
        and held.languages.issuperset(need.languages)
        and held.accommodations.issuperset(need.interpreter)
        and any(_is_in(held, setting) for setting in need.settings)
    )


def _is_in(held: Held, setting: Setting) -> bool:
    return (
        held.minutes >= setting.minutes
        and held.desks >= setting.desks
        and held.accommodations.issuperset(setting.accommodations)
    )
