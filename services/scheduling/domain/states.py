"""The states of an appointment and the only ways between them. Words: FHIR R5."""

from typing import Any

from shared.events import Appointment
from shared.events import AppointmentStatus as S

TRANSITIONS: dict[S, frozenset[S]] = {
    S.WAITLIST: frozenset({S.PENDING, S.CANCELLED}),
    S.PENDING: frozenset({S.PENDING, S.BOOKED, S.WAITLIST, S.CANCELLED}),
    S.BOOKED: frozenset({S.ARRIVED, S.CANCELLED, S.NOSHOW, S.PENDING}),
    S.ARRIVED: frozenset({S.CHECKED_IN, S.CANCELLED, S.BOOKED}),
    S.CHECKED_IN: frozenset({S.FULFILLED, S.CANCELLED}),
    S.NOSHOW: frozenset({S.WAITLIST}),
    S.FULFILLED: frozenset(),
    S.CANCELLED: frozenset(),
    S.ENTERED_IN_ERROR: frozenset(),
}
"""From -> to. `entered-in-error` can follow any; an offer stays one when its household is given more time.
Source: docs/domain.md, "Appointment states"."""

LIVE = frozenset({S.PENDING, S.BOOKED, S.ARRIVED, S.CHECKED_IN})
"""A case has at most one appointment in one of these."""

NOT_BEGUN = frozenset({S.PENDING, S.BOOKED})
"""Those of them in which nobody is at the site yet: another place can take the appointment's, and its household can say
what it needs. Later it is seen there, or moved by people."""

AGREED = LIVE - {S.PENDING}
"""Those of them that the household said yes to: what became of it is to be recorded."""

AT_THE_SITE = frozenset({S.ARRIVED, S.CHECKED_IN})
"""The household is there for it: only the staff of the site change it, whatever its country says meanwhile."""


class ForbiddenTransition(ValueError):
    """An appointment cannot go from this state to that one."""


def step(before: S, after: S) -> S:
    """The state after, when it may follow the one before. Raises: ForbiddenTransition."""
    if after is not S.ENTERED_IN_ERROR and after not in TRANSITIONS[before]:
        raise ForbiddenTransition(f"an appointment that is {before} cannot become {after}")
    return after


def changed(appointment: Appointment, *, acted_by: str, status: S | None = None, **what: Any) -> Appointment:
    """The appointment's next version: who made it so, in which state if that is another, and `what` else is new.

    Every change of an appointment counts, its deadline's and its time's too. Raises: ForbiddenTransition.
    """
    after = step(appointment.status, status) if status else appointment.status
    next_one = {"status": after, "version": appointment.version + 1, "acted_by": acted_by}
    return appointment.model_copy(update={**what, **next_one})
