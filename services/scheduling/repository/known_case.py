"""What a known case is, and how it is made of its rows."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from opentelemetry.trace import SpanContext

from services.scheduling.domain.decisions import Held
from services.scheduling.domain.own_needs import NOTHING, OwnNeeds, added_to
from shared import tracing
from shared.events import Appointment, AppointmentStatus, CaseChanged, Referral, Urgency
from shared.outbox import Cause


@dataclass(frozen=True, slots=True)
class KnownCase:
    """A locked case with its live appointment, its last ended one and its proposed or accepted referral, if any.

    `snapshot` is what its country says, `own` what the household asks for itself, `adjustment_answered` what staff answered
    last of what it asked for about its live appointment.
    """

    case_ref: str
    version: int
    system: str
    snapshot: CaseChanged
    waiting: str | None
    offers_missed: int
    calendar_uid: UUID
    overdue_since: datetime | None
    cause: Cause
    live: Appointment | None
    live_made_in: SpanContext | None
    live_made_at: datetime | None
    held: Held | None
    ended: Appointment | None
    referral: Referral | None = None
    own: OwnNeeds = NOTHING
    adjustment_answered: UUID | None = None
    valid_until_before: date | None = None
    """The last day that its country had named until a newer snapshot came in just now."""
    is_unmet: bool = False
    """There is no place for it, and its clock runs."""
    is_heard: bool = False
    """Its interview under its present programme took place."""

    @property
    def date(self) -> Appointment:
        """Its live appointment, where only cases that have one come. Raises: LookupError."""
        if self.live is None:
            raise LookupError("the case has no appointment: ask for `live` where it may have none")
        return self.live

    @property
    def as_asked(self) -> CaseChanged:
        """What a new place is looked for with: the country's word and the household's own."""
        return added_to(self.snapshot, self.own)

    @property
    def as_held(self) -> CaseChanged:
        """What its present appointment must be: the country's word, and of the household's what it was made with."""
        return added_to(self.snapshot, self.own.met_by(self.held)) if self.held else self.snapshot

    def is_as(self, seen: "KnownCase") -> bool:
        """True when nothing was said of it since it was `seen` without its lock: by its country, its household or us."""
        return (self.version, self.snapshot, self.own) == (seen.version, seen.snapshot, seen.own)


class Seniority(NamedTuple):
    """Who is served first: urgent ones, then by first registration; ties by reference."""

    not_urgent: bool
    registered_at: datetime
    case_ref: str


FIRST = Seniority(False, datetime.min.replace(tzinfo=UTC), "")
"""Before everyone."""


def seniority_of(case: KnownCase) -> Seniority:
    snapshot = case.snapshot
    return Seniority(snapshot.urgency is not Urgency.URGENT, snapshot.registered_at, case.case_ref)


def new_case(snapshot: CaseChanged, row: Any, cause: Cause) -> KnownCase:
    """A case that was not there before: its row says no more than its snapshot does, and what its household asked for
    before it was referred."""
    return KnownCase(
        case_ref=snapshot.case_ref,
        version=0,
        system=snapshot.system,
        snapshot=snapshot,
        waiting=None,
        offers_missed=0,
        calendar_uid=row.calendar_uid,
        overdue_since=None,
        cause=cause,
        live=None,
        live_made_in=None,
        live_made_at=None,
        held=None,
        ended=None,
        own=_own(row),
    )


def known_case(row: Any, snapshot: CaseChanged) -> KnownCase:
    """A case as its row says, with the newest snapshot of it."""
    context = tracing.from_traceparent(row.traceparent) or tracing.new_root()
    live = row.live
    return KnownCase(
        case_ref=row.case_ref,
        version=row.version,
        system=row.system,
        snapshot=snapshot,
        waiting=row.waiting,
        offers_missed=row.offers_missed,
        calendar_uid=row.calendar_uid,
        overdue_since=row.overdue_since,
        cause=Cause(None, row.correlation_id, context),
        live=appointment_of(live) if live else None,
        live_made_in=tracing.from_traceparent(live["traceparent"]) if live else None,
        live_made_at=datetime.fromisoformat(live["created_at"]) if live else None,
        held=_held(live) if live else None,
        ended=appointment_of(row.ended) if row.ended else None,
        referral=Referral.model_validate(row.referral) if row.referral else None,
        own=_own(row),
        adjustment_answered=row.adjustment_answered,
        is_unmet=row.is_unmet,
        is_heard=_is_heard(row.ended, snapshot.programme) and not live,
    )


def _is_heard(ended: dict[str, Any] | None, programme: str) -> bool:
    return ended is not None and (ended["status"], ended["programme"]) == (AppointmentStatus.FULFILLED, programme)


def _own(row: Any) -> OwnNeeds:
    return OwnNeeds(row.asked_language, frozenset(row.asked_needs))


def _held(row: dict[str, Any]) -> Held:
    return Held(
        status=AppointmentStatus(row["status"]),
        site=row["site"],
        programme=row["programme"],
        starts_at=datetime.fromisoformat(row["starts_at"]),
        local_date=datetime.fromisoformat(row["wall_time"]).date(),
        minutes=row["claimed_minutes"],
        party=row["party"],
        languages=frozenset(row["interpreter"].split("+") if row["interpreter"] else ()),
        desks=row["desks"],
        accommodations=frozenset(row["accommodations"]),
    )


def appointment_of(row: dict[str, Any]) -> Appointment:
    """An appointment's row, as JSON, as events carry it."""
    wall_time = datetime.fromisoformat(row["wall_time"]).strftime("%Y-%m-%dT%H:%M")
    return Appointment.model_validate({**row, "wall_time": wall_time})
