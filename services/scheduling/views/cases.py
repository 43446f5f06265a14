"""What staff read: a case, why it stands where it stands, the places it can have, the day of a site."""

from datetime import date
from typing import Any

from services.scheduling.domain.decisions import LOOKED_AT_AGAIN, Waiting
from services.scheduling.domain.needs import minutes_of
from services.scheduling.domain.own_needs import OwnNeeds
from services.scheduling.domain.places import Place
from services.scheduling.placing.choices import lacking
from services.scheduling.repository import appointments, cases, reference, standby, unmet
from services.scheduling.repository.known_case import KnownCase, seniority_of
from services.scheduling.views.calendars import known_site
from shared.db import UnitOfWork
from shared.events import Appointment, AppointmentStatus
from shared.web.case_refs import case_unknown

WHAT_ENDS_IT = {
    Waiting.PROGRAMME_UNKNOWN: "intake publishes the programme",
    Waiting.PROGRAMME_CLOSED: "the authority opens the programme again",
    Waiting.PROGRAMME_PAUSED: "the authority opens the programme again",
    Waiting.SITE_UNKNOWN: "a site of the programme that the household may be seen at is open",
    Waiting.REVIEW: "the authority's review ends with a new revision",
    Waiting.CHOICE: "the household chooses a place",
    Waiting.DRAW: "a draw gives it a place",
    Waiting.NO_CAPACITY: "a place is freed or a new day opens, and nobody before it in line can use it",
    Waiting.NO_INTERPRETER: "a site of the programme has an interpreter for its languages",
    Waiting.NO_SIGN_INTERPRETER: "a site of the programme, or a remote interpreter, has its sign language",
    Waiting.NO_FEMALE_INTERPRETER: "a site of the programme, or a remote pool, has a female interpreter for its languages",
    Waiting.NO_WHEELCHAIR: "staff give a desk of its sites the accommodation wheelchair",
    Waiting.NO_STEP_FREE: "staff give a desk of its sites the accommodation step-free",
    Waiting.NO_HEARING_LOOP: "staff give a desk of its sites the accommodation hearing-loop",
    Waiting.NO_QUIET_ROOM: "staff give a desk of its sites the accommodation quiet-room",
    Waiting.NO_FEMALE_OFFICER: "staff give a desk of its sites the accommodation female-officer",
    Waiting.NOT_HEARD_APART: "a desk of its sites is given the accommodation heard-apart, or a site has two such desks",
    Waiting.DECLINED: "a place is freed, a new day opens, or the household asks for another offer",
    Waiting.EXPIRED: "a place is freed, a new day opens, or the household asks for another offer",
    Waiting.UNANSWERED: "the household, or staff for it, asks for another offer",
    Waiting.MISSED: "staff review the absence and excuse it",
    Waiting.REFERRED: "intake makes the household's case under the other country's programme, or schedulers take it back",
}
"""What would change why a case waits; a test sees that no reason is left out."""


async def case_view(uow: UnitOfWork, case_ref: str) -> dict[str, Any]:
    """The case as staff see it. Raises: Problem 404."""
    return view_of(await known(uow, case_ref))


def view_of(case: KnownCase) -> dict[str, Any]:
    """A case as staff see it."""
    return {
        "case_ref": case.case_ref,
        "system": case.system,
        "programme": case.snapshot.programme,
        "state": _state(case.live, case.waiting, case.snapshot.state),
        "version": case.version,
        "appointment": _appointment(case.live),
        "ended": _appointment(case.ended),
        "reason": case.waiting,
        "referral": case.referral.model_dump(mode="json") if case.referral else None,
    }


async def known(uow: UnitOfWork, case_ref: str) -> KnownCase:
    """The case, not locked. Raises: Problem 404."""
    found = await cases.read(uow, [case_ref])
    if not found:
        raise case_unknown()
    return found[0]


def _state(live: Appointment | None, waiting: str | None, state: str) -> str:
    if live:
        return "offered" if live.status is AppointmentStatus.PENDING else live.status.value
    return "waiting" if waiting else state


def _appointment(appointment: Appointment | None) -> dict[str, Any] | None:
    """`wall_time` at the site with its `zone` is what counts; `instant` is derived from it."""
    if appointment is None:
        return None
    plain = appointment.model_dump(mode="json")
    return {**plain, "instant": plain["starts_at"]}


async def why(uow: UnitOfWork, case_ref: str) -> dict[str, Any]:
    """Why the case stands where it stands: the rule, its rank in line and what would change it, from what is recorded.

    `rank` counts the households before it that wait for a place under the same programme; None when it is not in line.
    `clock`: since when there is no place, until when one must be found, who sees to it; None when that is not what it lacks.
    `cannot_be_met` names what no resource of its sites could ever give it, whatever else it waits for.
    Raises: Problem 404.
    """
    case = await known(uow, case_ref)
    snapshot = case.snapshot
    programme = await reference.programme(uow, snapshot.programme)
    in_line = case.waiting in LOOKED_AT_AGAIN
    lacks = await lacking(uow, case, programme) if programme and case.waiting else None
    return {
        "case_ref": case_ref,
        "state": _state(case.live, case.waiting, snapshot.state),
        "rule": f"allocation {programme.allocation}" if programme else "programme unknown",
        "reason": case.waiting,
        "changes_when": _what_ends_it(case, lacks),
        "clock": clock_view(clock) if (clock := await unmet.clock_of(uow, case_ref)) else None,
        "cannot_be_met": lacks,
        "referral": case.referral.model_dump(mode="json") if case.referral else None,
        "rank": await cases.rank_of(uow, snapshot.programme, LOOKED_AT_AGAIN, seniority_of(case)) if in_line else None,
        "from": {
            "urgency": snapshot.urgency,
            "registered_at": snapshot.registered_at.isoformat(),
            "valid_until": snapshot.valid_until.isoformat(),
            "sites": list(snapshot.sites or (programme.sites if programme else ())),
            "admin_area": snapshot.admin_area,
            "languages": [lang.tag for lang in case.as_asked.languages if lang.interpreter],
            "needs": list(case.as_asked.needs),
            "heard_apart": case.as_asked.party.apart,
            "asked_by_household": sorted(case.own.codes),
            "party": snapshot.party.attendees,
            "minutes": minutes_of(programme, case.as_asked) if programme else None,
            "offers_missed": case.offers_missed,
        },
    }


def clock_view(row: Any) -> dict[str, Any]:
    """The clock of a case without a place. `due_on` is the last day on which one can be found in time; the owner is the
    schedulers of the country's system until one of them acknowledges it."""
    return {
        "case_ref": row.case_ref,
        "system": row.system,
        "programme": row.programme,
        "reason": row.waiting,
        "urgency": row.urgency,
        "registered_at": row.registered_at.isoformat(),
        "unmet_since": row.unmet_since.isoformat(),
        "due_on": row.due_on.isoformat(),
        "overdue_since": row.overdue_since.isoformat() if row.overdue_since else None,
        "owner": {"system": row.system, "role": "scheduler"},
        "acknowledged_by": row.acknowledged_by,
        "acknowledged_at": row.acknowledged_at.isoformat() if row.acknowledged_at else None,
        "plan": row.plan,
    }


def _what_ends_it(case: KnownCase, lacks: Waiting | None) -> str | None:
    reasons = [Waiting(case.waiting)] if case.waiting else []
    return ", and ".join(WHAT_ENDS_IT[reason] for reason in dict.fromkeys([*reasons, lacks]) if reason) or None


async def place_view(uow: UnitOfWork, places: list[Place]) -> list[dict[str, Any]]:
    """Places as staff read them; `slot_id` is what choosing one names."""
    zones = await reference.sites(uow)
    return [
        {
            "slot_id": place.claims[0][0],
            "site": place.site,
            "wall_time": place.starts_at.astimezone(zones[place.site].zone).strftime("%Y-%m-%dT%H:%M"),
            "zone": zones[place.site].zone.key,
            "instant": place.starts_at.isoformat(),
            "minutes": place.setting.minutes,
        }
        for place in places
    ]


async def day_view(uow: UnitOfWork, site: str, day: date) -> list[dict[str, Any]]:
    """The day's list of a site in its own time: who, when, where, with whom, what the household asked for itself and what
    of it the staff were asked to arrange, and who it said comes, None when it said nothing. No names. Raises: Problem 404."""
    await known_site(uow, site)
    return [
        {
            "appointment_id": str(row.id),
            "version": row.version,
            "case_ref": row.case_ref,
            "programme": row.programme,
            "status": row.status,
            "wall_time": row.wall_time.strftime("%Y-%m-%dT%H:%M"),
            "minutes": row.minutes,
            "party": row.party,
            "interpreter": row.interpreter,
            "accommodations": list(row.accommodations),
            "resources": list(row.resources),
            "asked_by_household": sorted(OwnNeeds(row.asked_language, frozenset(row.asked_needs)).codes),
            "requests": row.requests,
            "coming": row.coming,
        }
        for row in await appointments.day_list(uow, site, day)
    ]


async def standby_view(uow: UnitOfWork, site: str, day: date) -> list[dict[str, Any]]:
    """Who stands by for the site on its date, in the order in which they are served. No names. Raises: Problem 404.

    Who has an `appointment`, later than that, is offered nothing: staff call, and move it if it can come.
    """
    await known_site(uow, site)
    return [
        {
            "case_ref": row.case_ref,
            "programme": row.programme,
            "urgency": row.urgency,
            "registered_at": row.registered_at.isoformat(),
            "party": row.party,
            "since": row.since.isoformat(),
            "acted_by": row.acted_by,
            "appointment": _has(row) if row.has_status else None,
        }
        for row in await standby.at(uow, site, day)
    ]


def _has(row: Any) -> dict[str, Any]:
    wall_time = row.has_wall_time.strftime("%Y-%m-%dT%H:%M")
    return {"site": row.has_site, "status": row.has_status, "wall_time": wall_time, "zone": row.has_zone}


async def standby_of(uow: UnitOfWork, case_ref: str) -> dict[str, Any]:
    """For which sites and days a case stands by."""
    rows = await standby.of_case(uow, case_ref)
    stands_by = [{"site": row.site, "day": row.day.isoformat(), "since": row.since.isoformat()} for row in rows]
    return {"case_ref": case_ref, "standby": stands_by}


async def effects_of_closing(uow: UnitOfWork, programme: str) -> dict[str, Any]:
    """Whom it would concern if the programme closed now: how many dates, how many who wait, the first 1,000 cases by date."""
    dates = await appointments.dates_under(uow, programme)
    return {
        "appointments": len(dates),
        "waiting": await cases.how_many_wait(uow, programme),
        "cases": dates[:1000],
    }
