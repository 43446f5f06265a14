"""Which places a case can have: one function says it, pages show its answer and the claim checks it again."""

from dataclasses import dataclass, replace
from datetime import datetime

from services.scheduling.domain.decisions import Waiting
from services.scheduling.domain.needs import LONGEST, Need, need_of
from services.scheduling.domain.places import Place
from services.scheduling.domain.standby import STANDBY_NOTICE
from services.scheduling.domain.states import NOT_BEGUN
from services.scheduling.domain.unmet import why_none
from services.scheduling.refusals import being_referred, missed
from services.scheduling.repository import reference, slots, standby
from services.scheduling.repository.known_case import KnownCase
from shared.db import UnitOfWork
from shared.events import Allocation, CaseState, ProgrammeChanged, ProgrammeStatus
from shared.web.problems import Problem

MOST = 500
"""Places shown at once; who looks for more asks for other days."""


@dataclass(frozen=True, slots=True)
class Span:
    """From when to when places are looked for; `site` None: at all of the household's."""

    begins_at: datetime
    ends_at: datetime
    site: str | None = None


async def places_of(uow: UnitOfWork, case: KnownCase, span: Span, *, at_short_notice: bool = False) -> list[Place]:
    """Every place that the household can have in the span, earliest first; its present time counts as free for it.

    `at_short_notice`: it agrees to come as soon as the place begins.
    Who has an appointment and stands by for a site on a day can have what is free there then, at short notice too. (Who
    waits and stands by is offered that.)
    Raises: Problem 409 when the case can choose none at all.
    """
    need = await _need(uow, case)
    if at_short_notice:
        need = replace(need, earliest=uow.now)
    usual = need.earliest
    agreed = {(row.site, row.day) for row in await standby.of_case(uow, case.case_ref)} if case.live else set()
    if agreed:
        need = replace(need, earliest=min(usual, uow.now + STANDBY_NOTICE))
    sites = tuple(site for site in need.sites if span.site in (None, site))
    resources = await slots.resources_of(uow, sites, with_remote=bool(need.languages))
    own = await slots.own_time(uow, [case.live.id]) if case.live else {}
    calendar = await slots.free_calendar(uow, resources, max(span.begins_at, need.earliest), span.ends_at)
    found = calendar.places(replace(need, sites=sites), *own.values())
    return [place for place in found if place.starts_at >= usual or (place.site, place.local_date) in agreed][:MOST]


async def find_place(uow: UnitOfWork, case: KnownCase, slot_id: int, *, at_short_notice: bool = False) -> Place | None:
    """The place at the site and start of this slot, if the household can have one now: it chooses a time, not a desk.

    Raises: Problem 409.
    """
    slot = await slots.find(uow, slot_id)
    if slot is None:
        return None
    span = Span(slot.starts_at, slot.starts_at + LONGEST, slot.site)
    found = await places_of(uow, case, span, at_short_notice=at_short_notice)
    return next((place for place in found if place.starts_at == slot.starts_at), None)


async def lacking(uow: UnitOfWork, case: KnownCase, programme: ProgrammeChanged) -> Waiting | None:
    """What no resource of the household's sites could ever give it; None when only time is lacking, or a site."""
    areas = await reference.areas(uow)
    need = need_of(case.as_asked, programme, areas, uow.now)
    reason = why_none(need, await slots.resources_of(uow, need.sites, with_remote=bool(need.languages)))
    return None if reason is Waiting.NO_CAPACITY else reason


async def _need(uow: UnitOfWork, case: KnownCase) -> Need:
    programme = await reference.programme(uow, case.snapshot.programme)
    areas = await reference.areas(uow)
    return need_to_choose(case, programme, areas, uow.now)


def need_to_choose(
    case: KnownCase, programme: ProgrammeChanged | None, areas: dict[str, str | None], now: datetime
) -> Need:
    """What a place must be for a household to choose it. Raises: Problem 409 when it can choose none at all."""
    if case.live and (case.live.starts_at <= now or case.live.status not in NOT_BEGUN):
        raise Problem(409, "interview_began", "its time has come: no other place can be chosen any more")
    if case.is_heard:
        raise Problem(409, "interview_over", "the household's interview took place: no other can be chosen")
    if case.snapshot.state is not CaseState.ELIGIBLE or programme is None:
        raise Problem(409, "cannot_choose", f"the case is {case.snapshot.state}: no interview can be chosen")
    if case.waiting == Waiting.REFERRED:
        raise being_referred()
    if case.waiting == Waiting.MISSED:
        raise missed()
    if programme.status is not ProgrammeStatus.OPEN:
        raise Problem(409, "programme_not_open", f"the programme is {programme.status}: wait until it opens again")
    if programme.allocation is Allocation.DRAW:
        raise Problem(409, "drawn", "places of this programme are drawn: the household takes part by itself")
    return need_of(case.as_asked, programme, areas, now)
