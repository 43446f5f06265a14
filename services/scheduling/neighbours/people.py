"""The names of a household at check-in, asked of intake at that moment. They are shown, and neither kept nor logged."""

from typing import Protocol
from uuid import UUID
from zoneinfo import ZoneInfo

from opentelemetry.trace import SpanKind
from pydantic import BaseModel, Field, SecretStr, ValidationError

from services.scheduling.refusals import appointment_unknown
from services.scheduling.repository import people
from shared import tracing
from shared.db import UnitOfWork
from shared.events import AppointmentStatus
from shared.settings import Role
from shared.web.neighbour import Neighbour, NeighbourAway
from shared.web.problems import Problem

AT_THE_DOOR = frozenset({AppointmentStatus.BOOKED, AppointmentStatus.ARRIVED, AppointmentStatus.CHECKED_IN})
"""States of an appointment in which staff must know who stands before them."""


class Person(BaseModel):
    """Someone who must come; names do not show when this is printed. `apart`: asked to be heard apart."""

    person_id: str
    role: str
    family_name: str | None = Field(default=None, repr=False)
    second_family_name: str | None = Field(default=None, repr=False)
    given_name: str | None = Field(default=None, repr=False)
    apart: bool


class Household(BaseModel):
    """Those of a case who must come."""

    case_ref: str
    persons: list[Person]


class Names(Protocol):
    """Says who must come. Raises: Problem 503 when nobody can say it now, 404 when nobody is known."""

    async def of(self, case_ref: str, *, shown_to: Role) -> Household: ...


async def note_look(uow: UnitOfWork, appointment_id: UUID, *, shown_to: Role) -> str:
    """The case whose names may be shown now, after recording to whom; before anything is shown, so that no look is missing.

    Raises: Problem 404, 409 on any other day than the appointment's own, by the site's date, or in another state.
    """
    appointment = await people.find(uow, appointment_id)
    if appointment is None:
        raise appointment_unknown()
    if appointment.wall_time.date() != uow.now.astimezone(ZoneInfo(appointment.zone)).date():
        raise Problem(409, "not_today", f"names are shown on the appointment's day: {appointment.wall_time:%Y-%m-%d}")
    if appointment.status not in AT_THE_DOOR:
        raise Problem(409, "wrong_state", f"the appointment is {appointment.status}: nobody is to be checked in for it")
    await people.record_look(uow, appointment_id, appointment.case_ref, shown_to=shown_to)
    return str(appointment.case_ref)


class IntakeNames:
    """Intake's names, over HTTP, in the trace of the request that needs them."""

    def __init__(self, intake_url: str, token: SecretStr) -> None:
        self._intake = Neighbour("intake", intake_url, token)

    async def of(self, case_ref: str, *, shown_to: Role) -> Household:
        attributes = {tracing.CASE: tracing.case_hash(case_ref)}
        with tracing.span("ask for people", SpanKind.CLIENT, parent=tracing.current(), attributes=attributes) as span:
            asked = {"case_ref": case_ref, "traceparent": tracing.to_traceparent(span.context)}
            try:
                answer = await self._intake.ask("/internal/people", {"people": [asked], "shown_to": shown_to})
                found = _Answer.model_validate_json(answer).households
            except (NeighbourAway, ValidationError):
                raise _away() from None  # what could not be read may hold names
        if not found:
            raise Problem(404, "people_unknown", "intake knows nobody of this case: tell operations the trace_id")
        return found[0]


class _Answer(BaseModel):
    households: list[Household]


def _away() -> Problem:
    return Problem(503, "intake_away", "intake, which alone knows names, does not answer: ask again in a few seconds")
