"""Places that people choose: take one, move to another, give one back. What is shown is what can be claimed."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from services.scheduling.commands.locked import HOUSEHOLD, cause_of, locked
from services.scheduling.domain.admission import admit
from services.scheduling.domain.calendar import NEVER
from services.scheduling.domain.decisions import Decision, Offer, Waiting
from services.scheduling.domain.needs import TRAVEL_NOTICE
from services.scheduling.domain.own_needs import need_instead
from services.scheduling.domain.places import Place
from services.scheduling.domain.states import AT_THE_SITE, NOT_BEGUN
from services.scheduling.placing.choices import find_place
from services.scheduling.placing.deciding import decided
from services.scheduling.placing.offers import ROUNDS, appointment_at, ended, offered, outcomes_of, place_all
from services.scheduling.placing.outcomes import Outcome, end_of, record
from services.scheduling.refusals import began, offer_changed
from services.scheduling.repository import appointments, calendars, reference, slots
from services.scheduling.repository.known_case import KnownCase
from shared.db import UnitOfWork
from shared.events import Appointment, AppointmentStatus
from shared.web.problems import Problem

MOVES = 2
"""How often a household may move its interview. Source: docs/domain.md, "Moves"."""
NOT_WITHIN = timedelta(hours=12)
"""How close to its start a household may still move its interview. Source: docs/domain.md, "Moves"."""
FOR_THEMSELVES = frozenset({HOUSEHOLD, "assistant"})
"""Who may do what households may and no more: they themselves, and assistants for them."""
PLACE_TAKEN = "place_taken"
OF_AUTHORITIES = frozenset(
    {"interpreter-unavailable", "officer-unavailable", "site-closed", "site-capacity", "safety", "error"}
)
"""Reasons that are not the household's: another place is looked for at once."""
OF_ONE_RESOURCE = frozenset({"interpreter-unavailable", "officer-unavailable", "error"})
"""Those of them that leave the rest of the site as it is."""


async def choose(uow: UnitOfWork, case_ref: str, slot_id: int, acted_by: str) -> None:
    """Books the place at the site and start of this slot. Choosing what is booked already changes nothing.

    Raises: Problem 404, 409 when the place is not one of the household's, was taken a moment ago, or it has another.
    """
    case = await locked(uow, case_ref)
    if case.live and case.live.status is not AppointmentStatus.PENDING:
        if await appointments.begins_with(uow, case.live.id, slot_id):
            return
        raise Problem(409, "has_appointment", "the case has an appointment: move it to the other place instead")
    await _book(uow, case, slot_id, acted_by, "superseded")


async def move(uow: UnitOfWork, case_ref: str, slot_id: int, acted_by: str, *, agreed: str | None = None) -> None:
    """Books the place at the site and start of this slot in place of the booked one, in one step. `agreed`: how the
    household told staff that it comes at short notice. At its own site and time it gets a desk that is there, if its
    own is not.

    Raises: Problem 404, 409 as choose, when the household has moved it twice or its time is near, and for a place at short
    notice that nobody said it agreed to; 403 for a household that says that it agreed, which only staff do.
    """
    if agreed and acted_by in FOR_THEMSELVES:
        raise only_staff()
    case = await locked(uow, case_ref)
    if case.live is None or case.live.status is not AppointmentStatus.BOOKED:
        raise Problem(409, "nothing_booked", "only a booked appointment can be moved: accept or choose one first")
    if await appointments.begins_with(uow, case.live.id, slot_id):
        return await _stay(uow, case, acted_by)
    if case.live.starts_at <= uow.now:
        raise began()
    if acted_by in FOR_THEMSELVES:
        await _check_limits(uow, case)
    elif not agreed:
        await _check_notice(uow, case, slot_id)
    made = await _book(uow, case, slot_id, acted_by, "rescheduled", at_short_notice=agreed is not None)
    if agreed and made.starts_at < uow.now + TRAVEL_NOTICE:
        await appointments.note_agreed(uow, made.id, agreed)


async def _stay(uow: UnitOfWork, case: KnownCase, acted_by: str) -> None:
    """The booked appointment at its own site and time, at a desk and with an interpreter that are there; as it is when
    they are. Raises: Problem 409 when there are none then."""
    live = case.date
    if not await _is_stranded(uow, live):
        return
    programme = await reference.programme(uow, case.snapshot.programme)
    areas = await reference.areas(uow)
    need = need_instead(case.snapshot, case.own, programme, areas, uow.now) if programme else None
    found = (await place_all(uow, [(case, replace(need, earliest=NEVER))]))[case.case_ref] if need else None
    if not isinstance(found, Place):
        raise Problem(409, PLACE_TAKEN, "nobody can hear the household there then any more: move it to another time")
    made = offered(case, found, (await reference.sites(uow))[live.site], uow.now)
    made = made.model_copy(update={"acted_by": acted_by})
    over = ended(live, AppointmentStatus.CANCELLED, "superseded", acted_by)
    await record(uow, [Outcome(case, made=made, ended=over, place=found, is_stranded=True, cause=cause_of(case))])
    await reference.look_again(uow, live.site)


async def _is_stranded(uow: UnitOfWork, live: Appointment) -> bool:
    """True when it is listed as stranded where it is, or where an interpreter who works for it has her calendar."""
    held = (await slots.resources_held(uow, [live.id]))[live.id]
    sites = {live.site, *(resource.site for resource in held)}
    stranded = [row.id for site in sites for row in await calendars.stranded_at(uow, site)]
    return live.id in stranded


async def _check_notice(uow: UnitOfWork, case: KnownCase, slot_id: int) -> None:
    """Raises: Problem 409 for a place that only starts too soon for a household that was not asked."""
    if await find_place(uow, case, slot_id) is None and await find_place(uow, case, slot_id, at_short_notice=True):
        raise Problem(
            409, "short_notice", "it starts in less than three days: ask the household, and say how it `agreed` to come"
        )


async def take(uow: UnitOfWork, case_ref: str, slot_id: int, acted_by: str, *, seen: UUID | None) -> None:
    """Chooses the place, or moves to it, for who saw `seen` as its live appointment, None as none. Taking what is booked
    already changes nothing.

    Raises: Problem 404, 409 as choose and move, and when the case has another appointment by now.
    """
    case = await locked(uow, case_ref)
    is_booked = case.live is not None and case.live.status is AppointmentStatus.BOOKED
    if case.live and is_booked and await appointments.begins_with(uow, case.live.id, slot_id):
        return await _stay(uow, case, acted_by)
    if (case.live.id if case.live else None) != seen:
        raise offer_changed()
    await (move if is_booked else choose)(uow, case_ref, slot_id, acted_by)


async def cancel(uow: UnitOfWork, case_ref: str, reason: str, acted_by: str) -> None:
    """Ends the live appointment for a reason. Seniority is kept; for a reason that is not the household's another place
    is offered at once if there is one, also to a household that is at the site and could not be heard.

    Raises: Problem 404, 403 for a household that says it for the authority, 409 when there is none, or its time has come and
    nobody was recorded as being there.
    """
    is_of_authority = reason in OF_AUTHORITIES
    if is_of_authority and acted_by in FOR_THEMSELVES:
        raise Problem(
            403, "forbidden", f"only the staff of the authority say {reason}: give the household's own reason"
        )
    case = await locked(uow, case_ref)
    if case.live is None:
        raise Problem(409, "nothing_to_cancel", "the case has no appointment: read it again to see what it has now")
    if case.live.starts_at <= uow.now and not (is_of_authority and case.live.status in AT_THE_SITE):
        raise began()
    over = ended(case.live, AppointmentStatus.CANCELLED, reason, acted_by)
    outcome = end_of(case, over, Waiting.DECLINED, cause_of(case))
    await record(uow, [await _instead(uow, outcome) if is_of_authority and not outcome.closed else outcome])


async def _instead(uow: UnitOfWork, outcome: Outcome) -> Outcome:
    """The same end with what the household gets instead, or why it waits; what it had is not free yet."""
    case = outcome.case
    programmes = await reference.programmes(uow, [case.snapshot.programme])
    asking = replace(case, live=None, held=None, waiting=None, ended=outcome.ended)
    decisions = await decided(uow, [asking], programmes, had_date=True)
    [found] = await outcomes_of(uow, [(each, _there_and_then(decision, outcome)) for each, decision in decisions])
    if found.place is None:
        return replace(outcome, waiting=found.waiting)
    site = (await reference.sites(uow))[found.place.site]
    return replace(outcome, waiting=None, made=offered(case, found.place, site, uow.now), place=found.place)


def _there_and_then(decision: Decision, outcome: Outcome) -> Decision:
    """Where only a desk or an interpreter of the site is not there, somebody else may be at the very time that it had."""
    live, over = outcome.case.date, outcome.ended
    if isinstance(decision, Offer) and over and over.reason in OF_ONE_RESOURCE and live.status in NOT_BEGUN:
        return decision.there_and_then(live.site, live.starts_at)
    return decision


async def _check_limits(uow: UnitOfWork, case: KnownCase) -> None:
    if uow.now > case.date.starts_at - NOT_WITHIN:
        raise Problem(409, "too_late_to_move", "within 12 hours of its start only staff can move it: call the site")
    if await appointments.moves_of(uow, case.case_ref, FOR_THEMSELVES) >= MOVES:
        raise Problem(409, "moved_too_often", f"it was moved {MOVES} times already: staff can move it once more")


async def _book(
    uow: UnitOfWork, case: KnownCase, slot_id: int, acted_by: str, reason: str, *, at_short_notice: bool = False
) -> Appointment:
    place = await _held(uow, case, slot_id, at_short_notice=at_short_notice)
    site = (await reference.sites(uow))[place.site]
    made = appointment_at(case, place, site, status=AppointmentStatus.BOOKED, deadline=None, acted_by=acted_by)
    over = ended(case.live, AppointmentStatus.CANCELLED, reason, acted_by) if case.live else None
    await record(uow, [Outcome(case, made=made, ended=over, place=place, cause=cause_of(case))])
    return made


def only_staff() -> Problem:
    """The refusal of short notice to a household, or to who does for it what it may itself."""
    return Problem(403, "forbidden", "only the staff of the authority move an interview at short notice: call the site")


def place_taken() -> Problem:
    """The refusal of a place that is not there, not the household's, or another's by now."""
    return Problem(409, PLACE_TAKEN, "this place cannot be had any more: look at what is free now and choose again")


async def _held(uow: UnitOfWork, case: KnownCase, slot_id: int, *, at_short_notice: bool) -> Place:
    """The place at the slot's site and start, its slots locked. Who loses a desk to another looks for the next one, of
    those that nobody has locked. Raises: Problem 409 when there is none."""
    lock = slots.lock
    for _ in range(ROUNDS):
        place = await find_place(uow, case, slot_id, at_short_notice=at_short_notice)
        if place is None:
            break
        winners, _ = admit([place], await lock(uow, [slot for slot, _ in place.claims]))
        if winners and await _still_has(uow, case, place):
            return place
        lock = slots.lock_free
    raise place_taken()


async def _still_has(uow: UnitOfWork, case: KnownCase, place: Place) -> bool:
    """True unless time that the household keeps was closed before it was locked."""
    own = await slots.own_time(uow, [case.live.id]) if case.live and place.kept else {}
    return place.still_has(*own.values())
