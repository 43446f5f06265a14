"""The tables of a site's calendar as objects, for the commands that change one row. `migrations/` has the constraints.

All else is set-based SQL in `repository/`, whose modules say how their rows live.
"""

from datetime import date, time
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, Column, MetaData, Text
from sqlmodel import Field, SQLModel

from shared.clock import tzdata_version

metadata = MetaData()


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
