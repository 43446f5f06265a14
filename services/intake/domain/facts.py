"""What a country's system is told of a case: what is now true of its interview, in our words, without a name.

Assumptions:
- One message says everything that is true now, so a newer one replaces an older one that was not told yet.
- A household that has arrived or is checked in still has the appointment that was booked: there is nothing new to say.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from uuid import UUID

from shared.events import Appointment, AppointmentStatus, CaseScheduled, ReferralState


class State(StrEnum):
    """What became of the interview. `moved`: booked, where the system was told of another place or time before."""

    OFFERED = "offered"
    BOOKED = "booked"
    MOVED = "moved"
    CANCELLED = "cancelled"
    NO_SHOW = "no-show"
    FULFILLED = "fulfilled"
    WAITING = "waiting"
    CLOSED = "closed"


ENDED = {
    AppointmentStatus.CANCELLED: State.CANCELLED,
    AppointmentStatus.NOSHOW: State.NO_SHOW,
    AppointmentStatus.FULFILLED: State.FULFILLED,
}


@dataclass(frozen=True, slots=True)
class Fact:
    """Where an interview stands. `reason` says why it ended or why none is to come, `waiting` what the case waits for.

    The rest is about the appointment: the live one, else the last one. `wall_time` at the site is `YYYY-MM-DDTHH:MM` in
    `zone`, `starts_at` and `deadline` are instants in UTC, RFC 3339.
    """

    state: str
    reason: str | None = None
    waiting: str | None = None
    appointment: str | None = None
    site: str | None = None
    wall_time: str | None = None
    zone: str | None = None
    starts_at: str | None = None
    minutes: int | None = None
    deadline: str | None = None

    def is_elsewhere(self, told: "Fact") -> bool:
        """True when it names another place or time than what was told."""
        return (self.site, self.wall_time, self.starts_at) != (told.site, told.wall_time, told.starts_at)


@dataclass(frozen=True, slots=True)
class Origin:
    """The case in another country's system from which a household was referred, and its first registration, UTC."""

    case_ref: str
    registered_at: str


@dataclass(frozen=True, slots=True)
class Telling:
    """One message to a country's system. `result_id` and `revision` are its own, `version` rises with each fact of a case.

    `origin`: the household was referred, and the country that it came to knows nothing of it but this. `id` is
    the same however often this is sent, so that the system can drop what it has already.
    """

    id: UUID
    result_id: str
    revision: int
    programme: str
    case_ref: str
    version: int
    state: State
    fact: Fact
    origin: Origin | None = None


def fact_of(snapshot: CaseScheduled) -> Fact:
    """Where the case's interview stands by the snapshot alone."""
    live, last = snapshot.appointment, snapshot.ended
    if live is not None:
        state = State.OFFERED if live.status is AppointmentStatus.PENDING else State.BOOKED
        return _about(live, state, deadline=state is State.OFFERED)
    ended = ENDED.get(last.status) if last else None
    if snapshot.closed is not None and ended is not State.FULFILLED:
        went_on = snapshot.referral is not None and snapshot.referral.state is ReferralState.ACCEPTED
        return _about(last, State.CLOSED, reason="referred" if went_on else snapshot.closed)
    if last and ended:
        return _about(last, ended, reason=last.reason, waiting=snapshot.waiting)
    return Fact(State.WAITING, waiting=snapshot.waiting)


def word_for(fact: Fact, told: Fact | None) -> State:
    """The state as the system hears it, after what it was told last."""
    still_booked = told is not None and told.state == fact.state == State.BOOKED
    return State.MOVED if told and still_booked and fact.is_elsewhere(told) else State(fact.state)


def _about(
    appointment: Appointment | None,
    state: State,
    *,
    reason: str | None = None,
    waiting: str | None = None,
    deadline: bool = False,
) -> Fact:
    if appointment is None:
        return Fact(state, reason, waiting)
    return Fact(
        state,
        reason,
        waiting,
        appointment=str(appointment.id),
        site=appointment.site,
        wall_time=appointment.wall_time,
        zone=appointment.zone,
        starts_at=_instant(appointment.starts_at),
        minutes=appointment.minutes,
        deadline=_instant(appointment.deadline) if deadline and appointment.deadline else None,
    )


def _instant(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
