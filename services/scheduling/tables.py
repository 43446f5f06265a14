"""Scheduling's tables as objects, for commands and pages. The constraints stand in `migrations/`, the test compares.

Paths that take many cases at once use set-based SQL in `repository/` instead.
"""

from datetime import date, datetime, time
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, Column, DateTime, LargeBinary, MetaData, SmallInteger, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from shared.clock import tzdata_version

metadata = MetaData()


def instant(*, nullable: bool = False) -> Any:
    """A column that holds an instant in UTC."""
    return Field(sa_type=DateTime(timezone=True), nullable=nullable)


def wall_clock() -> Any:
    """A column that holds what a clock on the site's wall shows."""
    return Field(sa_type=DateTime(timezone=False))


def texts() -> Any:
    """A column that holds a list of texts."""
    return Field(sa_column=Column(ARRAY(Text), nullable=False))


class SchedulingTable(SQLModel):
    """Keeps scheduling's tables apart from those of other services in the same process."""

    metadata = metadata


class Site(SchedulingTable, table=True):
    """A place where interviews happen. Its version is the sequence of its stream.

    `tzdata_version`: the zone data with which the instants of its slots and appointments were derived last.
    """

    __tablename__ = "sites"

    site: str = Field(primary_key=True, sa_type=Text)
    version: int = Field(default=1, sa_type=BigInteger)
    system: str = Field(sa_type=Text)
    name: str = Field(sa_type=Text)
    city: str = Field(sa_type=Text)
    address: str = Field(sa_type=Text)
    zone: str = Field(sa_type=Text)
    holidays: str = Field(sa_type=Text)
    admin_area: str | None = Field(default=None, sa_type=Text)
    programmes: list[str] = texts()
    is_open: bool = True
    illustrative: bool = False
    tzdata_version: str = Field(default_factory=tzdata_version, sa_type=Text)


class Resource(SchedulingTable, table=True):
    """A desk, an interpreter or an arrival window of a site. `capacity`: households at once, or people per window.

    `accommodations` are what it can give a household. Only interpreters have `modes`, and work from elsewhere:
    `is_remote`. `last_day`: the last day on which it is there; None until that is known.
    """

    __tablename__ = "resources"

    id: UUID = Field(primary_key=True)
    site: str = Field(foreign_key="sites.site", sa_type=Text)
    kind: str = Field(sa_type=Text)
    name: str = Field(sa_type=Text)
    programmes: list[str] = texts()
    languages: list[str] = texts()
    accommodations: list[str] = texts()
    modes: list[str] = texts()
    is_remote: bool = False
    capacity: int
    last_day: date | None = None


class OpeningRule(SchedulingTable, table=True):
    """When a resource is open, in the site's wall time; on holidays only when it says so, never when it was lifted."""

    __tablename__ = "opening_rules"

    id: UUID = Field(primary_key=True)
    resource_id: UUID = Field(foreign_key="resources.id")
    version: int = 1
    rrule: str = Field(sa_type=Text)
    valid_from: date
    valid_until: date | None = None
    opens: time
    closes: time
    on_holidays: bool = False
    is_lifted: bool = False


class Closure(SchedulingTable, table=True):
    """Days on which a site is closed whatever its rules say, both included; one that was lifted closes nothing."""

    __tablename__ = "closures"

    id: UUID = Field(primary_key=True)
    site: str = Field(foreign_key="sites.site", sa_type=Text)
    first_day: date
    last_day: date
    reason: str = Field(sa_type=Text)
    source: str = Field(sa_type=Text)
    is_lifted: bool = False


class Case(SchedulingTable, table=True):
    """A case as scheduling sees it. Its version is the sequence of its stream; lock the row before reading it.

    Either it has a live appointment, or it waits for a reason, or its state says that there is nothing to wait for.
    `unmet_since`: it waits because there is no place; who sees to it acknowledges it with a plan. `overdue_since`: it is
    too late for a place in time. `asked_*`: what the household asks for itself.
    """

    __tablename__ = "cases"

    case_ref: str = Field(primary_key=True, sa_type=Text)
    version: int = Field(default=0, sa_type=BigInteger)
    intake_version: int = Field(sa_type=BigInteger)
    system: str = Field(sa_type=Text)
    programme: str = Field(sa_type=Text)
    state: str = Field(sa_type=Text)
    urgency: str = Field(sa_type=Text)
    registered_at: datetime = instant()
    snapshot: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    waiting: str | None = Field(default=None, sa_type=Text)
    offers_missed: int = 0
    calendar_uid: UUID
    ended_appointment: UUID | None = None
    unmet_since: datetime | None = instant(nullable=True)
    overdue_since: datetime | None = instant(nullable=True)
    acknowledged_at: datetime | None = instant(nullable=True)
    acknowledged_by: str | None = Field(default=None, sa_type=Text)
    plan: str | None = Field(default=None, sa_type=Text)
    asked_language: str | None = Field(default=None, sa_type=Text)
    asked_needs: list[str] = texts()
    correlation_id: str = Field(sa_type=Text)
    traceparent: str = Field(sa_type=Text)


class Appointment(SchedulingTable, table=True):
    """An offered or agreed meeting of a household. At most one live one a case: the index one_live_appointment.

    `first_deadline`: what the deadline was before the household was given more time, which happens once.
    `stranded_because`: it does not hold the time that it needs, since other zone data moved one without the other.
    """

    __tablename__ = "appointments"

    id: UUID = Field(primary_key=True)
    case_ref: str = Field(foreign_key="cases.case_ref", sa_type=Text)
    version: int = 1
    status: str = Field(sa_type=Text)
    programme: str = Field(sa_type=Text)
    site: str = Field(foreign_key="sites.site", sa_type=Text)
    starts_at: datetime = instant()
    wall_time: datetime = wall_clock()
    zone: str = Field(sa_type=Text)
    tzdata_version: str = Field(sa_type=Text)
    minutes: int
    claimed_minutes: int
    party: int
    interpreter: str | None = Field(default=None, sa_type=Text)
    desks: int = 1
    accommodations: list[str] = texts()
    deadline: datetime | None = instant(nullable=True)
    first_deadline: datetime | None = instant(nullable=True)
    replaces: UUID | None = Field(default=None, foreign_key="appointments.id")
    reason: str | None = Field(default=None, sa_type=Text)
    acted_by: str = Field(sa_type=Text)
    created_at: datetime = instant()
    traceparent: str = Field(sa_type=Text)
    stranded_because: str | None = Field(default=None, sa_type=Text)


class OwnNeedsSaid(SchedulingTable, table=True):
    """That a household asked for something itself, whole each time, and who said so. Rows never change."""

    __tablename__ = "own_needs_said"

    id: int = Field(primary_key=True, sa_type=BigInteger)
    case_ref: str = Field(foreign_key="cases.case_ref", sa_type=Text)
    said_at: datetime = instant()
    acted_by: str = Field(sa_type=Text)
    language: str | None = Field(default=None, sa_type=Text)
    needs: list[str] = texts()
    traceparent: str = Field(sa_type=Text)


class AdjustmentRequest(SchedulingTable, table=True):
    """What the staff of a site are asked to arrange for a date, until when, and their answer. One is open for a date at
    most: the index one_open_request."""

    __tablename__ = "adjustment_requests"

    id: UUID = Field(primary_key=True)
    case_ref: str = Field(foreign_key="cases.case_ref", sa_type=Text)
    appointment_id: UUID = Field(foreign_key="appointments.id")
    needs: list[str] = texts()
    asked_at: datetime = instant()
    asked_by: str = Field(sa_type=Text)
    due_at: datetime = instant()
    answer: str | None = Field(default=None, sa_type=Text)
    answered_at: datetime | None = instant(nullable=True)
    answered_by: str | None = Field(default=None, sa_type=Text)
    withdrawn_at: datetime | None = instant(nullable=True)


class ComingSaid(SchedulingTable, table=True):
    """That a household said who comes to its appointment, in numbers, and who said so. Rows never change; the newest counts."""

    __tablename__ = "coming_said"

    id: int = Field(primary_key=True, sa_type=BigInteger)
    case_ref: str = Field(foreign_key="cases.case_ref", sa_type=Text)
    appointment_id: UUID = Field(foreign_key="appointments.id")
    said_at: datetime = instant()
    acted_by: str = Field(sa_type=Text)
    adults: int
    children: int
    traceparent: str = Field(sa_type=Text)


class LoginCode(SchedulingTable, table=True):
    """The one code of a browser, until it is used, used up or old. Hashes are keyed: nothing here opens a case."""

    __tablename__ = "login_codes"

    browser: bytes = Field(primary_key=True, sa_type=LargeBinary)
    case_ref: str = Field(sa_type=Text)
    code: bytes = Field(sa_type=LargeBinary)
    expires_at: datetime = instant()
    tries_left: int = Field(sa_type=SmallInteger)


class LoginSession(SchedulingTable, table=True):
    """A browser that may see a case, until it logs out or is idle for too long."""

    __tablename__ = "login_sessions"

    token: bytes = Field(primary_key=True, sa_type=LargeBinary)
    case_ref: str = Field(foreign_key="cases.case_ref", sa_type=Text)
    began_at: datetime = instant()
    seen_at: datetime = instant()


class Pin(SchedulingTable, table=True):
    """A PIN that was printed on a letter. The newest of a case is the one that opens it; rows never change."""

    __tablename__ = "pins"

    id: int = Field(primary_key=True, sa_type=BigInteger)
    case_ref: str = Field(foreign_key="cases.case_ref", sa_type=Text)
    pin: bytes = Field(sa_type=LargeBinary)
    made_at: datetime = instant()
    made_by: str = Field(sa_type=Text)
    holds_until: datetime = instant()
    traceparent: str = Field(sa_type=Text)


class Consent(SchedulingTable, table=True):
    """That a household agreed to be helped: who said so, how, and to which worker (a staff number). Rows never change."""

    __tablename__ = "consents"

    id: int = Field(primary_key=True, sa_type=BigInteger)
    case_ref: str = Field(foreign_key="cases.case_ref", sa_type=Text)
    given_by: str = Field(sa_type=Text)
    given_how: str = Field(sa_type=Text)
    recorded_at: datetime = instant()
    worker: str = Field(sa_type=Text)
    traceparent: str = Field(sa_type=Text)


class Assist(SchedulingTable, table=True):
    """A worker with one household, until the end or idle for too long. Its case is shown only with a consent of that case."""

    __tablename__ = "assists"

    token: bytes = Field(primary_key=True, sa_type=LargeBinary)
    worker: str = Field(sa_type=Text)
    began_at: datetime = instant()
    seen_at: datetime = instant()
    case_ref: str | None = Field(default=None, foreign_key="cases.case_ref", sa_type=Text)
    consent_id: int | None = Field(default=None, sa_type=BigInteger)


class LoginPressure(SchedulingTable, table=True):
    """How often codes were asked for of late, for one reference, from one address, or by everyone."""

    __tablename__ = "login_pressures"

    subject: bytes = Field(primary_key=True, sa_type=LargeBinary)
    pressure: float
    at: datetime = instant()
    free_at: datetime = instant()
