"""The canonical eligibility result: what every country's message becomes once it is read. It names people.

It stays in intake, which stores it encrypted: no event carries it.
"""

from datetime import UTC, date
from typing import Annotated, Literal

from pydantic import AfterValidator, AwareDatetime, Field

from shared.events.base import Snapshot
from shared.events.intake import System, Urgency

Outcome = Literal["eligible", "ineligible", "review", "withdrawn"]
Role = Literal["principal", "spouse", "child", "parent", "sibling", "other"]
ReferrerKind = Literal["government", "un", "ngo", "employer", "sponsor", "self"]
IdentifierKind = Literal[
    "a_number", "uscis_receipt", "nvc_case", "passport_mrz", "nut", "curp", "uci", "ca_application"
]
SafeHours = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d$")]
"""`HH:MM-HH:MM`, local to the person; it may go over midnight."""

Instant = Annotated[AwareDatetime, AfterValidator(lambda instant: instant.astimezone(UTC))]
"""An instant, in UTC."""


class Identifier(Snapshot):
    """An identifier of a person or a file, in canonical form."""

    kind: IdentifierKind
    value: str


class SpokenLanguage(Snapshot):
    """A language of a person: BCP 47 tag, how it is used, and whether an interpreter is needed."""

    tag: str
    mode: Literal["spoken", "signed", "written"]
    interpreter: bool


class HouseholdMember(Snapshot):
    """One person. At least one name is there; none is required to be a surname."""

    person_id: str
    role: Role
    born_on: date
    sex: Literal["F", "M", "X"] | None = None
    family_name: str | None = None
    second_family_name: str | None = None
    given_name: str | None = None
    attends: bool
    apart: bool
    identifiers: tuple[Identifier, ...] = ()
    languages: tuple[SpokenLanguage, ...] = ()
    needs: tuple[str, ...] = ()


class HouseholdContact(Snapshot):
    """How the household is reached. `shared_device`: others may read what is sent to it."""

    mobile: str | None = None
    email: str | None = None
    locale: str
    shared_device: bool
    safe_hours: SafeHours | None = None


class Referrer(Snapshot):
    """Who referred the household; a Mexican sheet has no code."""

    kind: ReferrerKind
    code: str | None = None


class EligibilityResult(Snapshot):
    """The authority's decision that a household may, may not, or may no longer be interviewed under a programme.

    `registered_at` is the first registration, the fairness clock. `valid_until` is the last day on which an interview may
    take place. `sites` empty: any of the programme's. `admin_area` binds the case to a Mexican state.
    """

    system: System
    result_id: str
    revision: Annotated[int, Field(ge=1)]
    outcome: Outcome
    programme: str
    decided_on: date
    valid_until: date
    reason: str | None = None
    registered_at: Instant
    referred_by: Referrer
    identifiers: tuple[Identifier, ...] = ()
    persons: tuple[HouseholdMember, ...]
    contact: HouseholdContact
    admin_area: str | None = None
    sites: tuple[str, ...] = ()
    urgency: Urgency
