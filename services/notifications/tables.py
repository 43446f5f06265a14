"""Notifications' tables as objects, for questions about one case. The constraints stand in `migrations/`.

Paths that take many notices at once use set-based SQL in `repository/` instead.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, Column, DateTime, Identity, MetaData, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

metadata = MetaData()


def instant(*, nullable: bool = False) -> Any:
    """A column that holds an instant in UTC."""
    return Field(default=None, sa_type=DateTime(timezone=True), nullable=nullable)


class NotificationsTable(SQLModel):
    """Keeps notifications' tables apart from those of other services in the same process."""

    metadata = metadata


class NoticeRow(NotificationsTable, table=True):
    """One thing to be said to one household.

    `due -> sending -> sent`, `sending -> due` to try again; `not_reachable` and `failed` wait for an address, and
    `undelivered` counts how often there was none that worked. `closed_at` is set once it is `sent` or `withdrawn`; from
    then on it never changes (trigger). `place` is where its message said that the date is. A household hears once per matter and appointment: the index said_once.
    """

    __tablename__ = "notices"

    id: UUID = Field(primary_key=True)
    n: int = Field(sa_column=Column(BigInteger, Identity(always=True), nullable=False))
    case_ref: str = Field(sa_type=Text)
    system: str = Field(sa_type=Text)
    kind: str = Field(sa_type=Text)
    matter: str = Field(sa_type=Text)
    subject: str = Field(sa_type=Text)
    appointment_id: UUID | None = None
    content: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    sites: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    calendar_uid: UUID
    sequence: int = Field(sa_type=BigInteger)
    state: str = Field(sa_type=Text)
    reason: str | None = Field(default=None, sa_type=Text)
    may_have_arrived: bool = False
    attempts: int = 0
    undelivered: int = 0
    next_try_at: datetime = instant()
    lease: UUID | None = None
    lease_until: datetime | None = instant(nullable=True)
    event_id: str | None = Field(default=None, sa_type=Text)
    correlation_id: str = Field(sa_type=Text)
    traceparent: str = Field(sa_type=Text)
    last_attempt: str | None = Field(default=None, sa_type=Text)
    channel: str | None = Field(default=None, sa_type=Text)
    language: str | None = Field(default=None, sa_type=Text)
    place: str | None = Field(default=None, sa_type=Text)
    provider_reference: str | None = Field(default=None, sa_type=Text)
    created_at: datetime = instant()
    closed_at: datetime | None = instant(nullable=True)
