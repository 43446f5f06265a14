"""Snapshots and notices for the tests of notifications, with everything a test does not care about filled in."""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from services.notifications.channels.email import Email
from services.notifications.domain.notice import Notice, NoticeState, PastNotice
from services.notifications.domain.notices import NoticesDue, notices_due
from services.notifications.messages.calendar_entry import CalendarEntry
from shared.events import (
    Appointment,
    AppointmentStatus,
    CaseScheduled,
    CaseWaiting,
    Choice,
    Referral,
    ReferralState,
    SiteChanged,
    System,
)

NOW = datetime(2026, 11, 24, 18, 0, tzinfo=UTC)
"""Some weeks before the dates of the builders."""
CASE_REF = "NA7K-3QF2-M9X0"
CALENDAR_UID = UUID("6a1f0b52-95b4-4a3e-9d0e-3f8f2a5c7e11")
AN_EMAIL = Email(
    notice_id=UUID("0b7d8f3e-5f0c-4d8e-9a53-4f1f1f3b2c11"),
    to="familia@example.org",
    language="es",
    subject="Su cita",
    text="Hola, ¿qué tal?\n",
    html="<p>Hola</p>",
    calendar=CalendarEntry("REQUEST", b"BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nEND:VCALENDAR\r\n"),
    written_at=datetime(2026, 11, 24, 18, 0, tzinfo=UTC),
)


def an_appointment(status: str = "pending", **changes: Any) -> Appointment:
    fields: dict[str, Any] = {
        "id": uuid4(),
        "version": 1,
        "status": AppointmentStatus(status),
        "site": "MX-TAP-01",
        "wall_time": "2026-12-14T14:30",
        "zone": "America/Mexico_City",
        "starts_at": datetime(2026, 12, 14, 20, 30, tzinfo=UTC),
        "tzdata_version": "2026.6",
        "minutes": 90,
        "party": 3,
        "interpreter": "mam",
        "deadline": datetime(2026, 12, 2, 15, 0, tzinfo=UTC) if status == "pending" else None,
        "acted_by": "system",
    }
    return Appointment(**{**fields, **changes})


def later(appointment: Appointment, status: str, **changes: Any) -> Appointment:
    """The same appointment in a later state."""
    return appointment.model_copy(update={"status": AppointmentStatus(status), **changes})


def a_snapshot(
    appointment: Appointment | None = None,
    *,
    ended: Appointment | None = None,
    waiting: str | None = None,
    closed: str | None = None,
    version: int = 1,
    case_ref: str = CASE_REF,
    referral: Referral | None = None,
    answered: UUID | None = None,
    choice: Choice | None = None,
) -> CaseScheduled:
    """A case's scheduling state. Its type is always `waiting`: nothing may depend on the type."""
    return CaseWaiting(
        version=version,
        case_ref=case_ref,
        system=System.MX,
        programme="MX-REF",
        calendar_uid=CALENDAR_UID,
        appointment=appointment,
        ended=ended,
        waiting=waiting,
        choice=choice,
        closed=closed,
        referral=referral,
        adjustment_answered=answered,
    )


def an_offer() -> tuple[Appointment, CaseScheduled]:
    """An offer that is open for three days, and the case that has it."""
    offer = an_appointment("pending", deadline=NOW + timedelta(days=3))
    return offer, a_snapshot(offer)


def a_referral(state: str = "accepted", *, id: UUID | None = None) -> Referral:
    return Referral(id=id or uuid4(), programme="CA-RST", system=System.CA, state=ReferralState(state))


def a_site(**changes: Any) -> SiteChanged:
    fields: dict[str, Any] = {
        "version": 1,
        "site": "MX-TAP-01",
        "system": System.MX,
        "name": "COMAR Centro Multiservicios",
        "city": "Tapachula",
        "address": "Calle Central 12",
        "zone": "America/Mexico_City",
        "is_open": True,
    }
    return SiteChanged(**{**fields, **changes})


def past(notice: Notice, state: str = "sent", *, may_have_arrived: bool | None = None) -> PastNotice:
    arrived = state in ("sent", "sending") if may_have_arrived is None else may_have_arrived
    return PastNotice(uuid4(), NoticeState(state), notice, arrived)


def due_for(past: Collection[PastNotice], snapshot: CaseScheduled, now: datetime = NOW) -> NoticesDue:
    """What is to be done with the case's notices at this moment."""
    return notices_due(past, snapshot, now)
