"""Intake's tables as objects, for questions about one case. The constraints stand in `migrations/`.

Documents with thousands of results use set-based SQL in `repository/` instead.
"""

from datetime import date, datetime
from typing import Any

from sqlalchemy import ARRAY, BigInteger, Column, DateTime, LargeBinary, MetaData, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

metadata = MetaData()


class IntakeTable(SQLModel):
    """Keeps intake's tables apart from those of other services in the same process."""

    metadata = metadata


class CaseRow(IntakeTable, table=True):
    """One household under one programme: what the highest accepted revision of its result says.

    `eligible -> expired` when its last day is over; every other change of state is a new revision. `version` rises at each
    change. `snapshot` is what was published last; `contact` and `result` are encrypted. `referred_to` is the case as which
    the household went on to another country's programme, `referred_from` the one as which it came.
    """

    __tablename__ = "cases"

    case_ref: str = Field(primary_key=True, sa_type=Text)
    system: str = Field(sa_type=Text)
    result_id: str = Field(sa_type=Text)
    version: int = Field(sa_type=BigInteger)
    revision: int = Field(sa_type=BigInteger)
    state: str = Field(sa_type=Text)
    programme: str = Field(sa_type=Text)
    valid_until: date
    snapshot: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    warnings: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    contact: bytes = Field(sa_type=LargeBinary)
    result: bytes = Field(sa_type=LargeBinary)
    changed_at: datetime = Field(sa_type=DateTime(timezone=True))
    referred_from: str | None = Field(default=None, sa_type=Text)
    referred_to: str | None = Field(default=None, sa_type=Text)
