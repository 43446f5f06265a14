"""What staff send to change a calendar. In a change only the fields that are sent are changed."""

from datetime import date, time
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.scheduling.domain.needs import SPOKEN, Accommodation
from shared.events import System
from shared.web.dates import Day as AnyDay

Text = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
Rrule = Annotated[str, Field(min_length=1, max_length=200)]
Codes = Annotated[list[Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,40}$")]], Field(max_length=100)]
Accommodations = Annotated[list[Accommodation], Field(max_length=len(Accommodation))]
Modes = Annotated[list[Literal["spoken", "signed"]], Field(max_length=2)]
Zone = Annotated[str, Field(min_length=1, max_length=60, examples=["America/Ciudad_Juarez"])]
Holidays = Annotated[str, Field(max_length=40, examples=["US+MX"])]
AdminArea = Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
Capacity = Annotated[int, Field(ge=1, le=1000)]
Day = Annotated[AnyDay, Field(ge=date(2000, 1, 1), le=date(2100, 1, 1))]


class Body(BaseModel):
    """A body whose unknown fields are refused."""

    model_config = ConfigDict(extra="forbid")

    def fields(self) -> dict[str, Any]:
        """The columns it gives values to: every field of a new row, of a change those that were sent."""
        return self.model_dump()


class Change(Body):
    """Some fields of a row. Those with `None` as a type can be set to null, the others cannot."""

    def fields(self) -> dict[str, Any]:
        return self.model_dump(exclude_unset=True)


class NewSite(Body):
    """`zone`: IANA name. `holidays`: calendars observed together, US+MX or CA-BC. `admin_area`: Mexican state code;
    households bound to a state are seen in it only. `illustrative`: the place or its hours are not confirmed."""

    site: Annotated[str, Field(pattern=r"^[A-Z0-9]+(-[A-Z0-9]+)+$", max_length=20)]
    system: System
    name: Text
    city: Text
    address: Text
    zone: Zone
    holidays: Holidays
    admin_area: AdminArea | None = None
    programmes: Codes = []
    illustrative: bool = False


class SiteChange(Change):
    """Its code and its system stay."""

    name: Text = ""
    city: Text = ""
    address: Text = ""
    zone: Zone = ""
    holidays: Holidays = ""
    admin_area: AdminArea | None = None
    programmes: Codes = []
    is_open: bool = True
    illustrative: bool = False


class NewResource(Body):
    """`accommodations`: what it can give a household. `modes` (spoken, if none is sent) and `is_remote` are of
    interpreters only; a remote one serves every site of the system. `capacity`: households at once, or people per
    arrival window."""

    kind: Literal["desk", "interpreter", "window"]
    name: Text
    programmes: Codes = []
    languages: Codes = []
    accommodations: Accommodations = []
    modes: Modes = []
    is_remote: bool = False
    capacity: Capacity = 1
    last_day: Day | None = None

    def fields(self) -> dict[str, Any]:
        usual = [SPOKEN] if self.kind == "interpreter" else []
        return {**super().fields(), "modes": self.modes or usual}


class ResourceChange(Change):
    name: Text = ""
    programmes: Codes = []
    languages: Codes = []
    accommodations: Accommodations = []
    modes: Modes = []
    is_remote: bool = False
    capacity: Capacity = 1
    last_day: Day | None = None


class NewRule(Body):
    """Days by RFC 5545 rule from `valid_from` to `valid_until`, hours by the site's clock."""

    resource_id: UUID
    rrule: Rrule
    valid_from: Day
    valid_until: Day | None = None
    opens: time
    closes: time
    on_holidays: bool = False


class RuleChange(Change):
    rrule: Rrule = ""
    valid_from: Day = date.min
    valid_until: Day | None = None
    opens: time = time.min
    closes: time = time.min
    on_holidays: bool = False
    is_lifted: bool = False


class NewClosure(Body):
    """Both days and those between them are closed. `source`: who ordered it, or where it is published."""

    first_day: Day
    last_day: Day
    reason: Text
    source: Text


class ClosureChange(Change):
    first_day: Day = date.min
    last_day: Day = date.min
    reason: Text = ""
    source: Text = ""
    is_lifted: bool = False
