"""Choices of many households in one transaction: each gets what it would get alone, in the order in which they asked."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from opentelemetry.trace import SpanContext

from services.scheduling.commands.places import place_taken
from services.scheduling.commands.requests import Named, Request, answered_before, keep
from services.scheduling.domain.admission import admit
from services.scheduling.domain.needs import Need
from services.scheduling.domain.places import STEP, Place
from services.scheduling.placing.choices import need_to_choose
from services.scheduling.placing.offers import appointment_at
from services.scheduling.placing.outcomes import Outcome, record
from services.scheduling.repository import cases, reference, slots
from services.scheduling.repository.known_case import KnownCase
from services.scheduling.repository.reference import SiteZone
from services.scheduling.views.cases import view_of
from shared.db import UnitOfWork
from shared.events import AppointmentStatus
from shared.outbox import Cause
from shared.settings import Role
from shared.web.problems import Problem


class Choosing(NamedTuple):
    """A household's choice, with the key under which it is done once, as it is kept; `context` is the span of the request."""

    case_ref: str
    slot_id: int
    acted_by: Role
    context: SpanContext
    key: str | None = None

    @property
    def request(self) -> Request:
        """The choice among all that can be asked of the case."""
        return Request(self.case_ref, self.acted_by, f"choose {self.slot_id}", Named(self.key))


Answer = dict[str, Any] | Problem | None


async def gone(uow: UnitOfWork, asked: Sequence[Choosing]) -> set[int]:
    """Which of them, counted from 0, can only be refused, since their places are taken: read, without any lock."""
    return await slots.gone_for(uow, [(each.case_ref, each.slot_id, each.key) for each in asked])


async def choose_together(uow: UnitOfWork, asked: Sequence[Choosing]) -> list[Answer]:
    """The case after each choice, as staff see it, or the refusal.

    None for what is to be done alone, afterwards: a case that is unknown, has an appointment, or is at work elsewhere, for
    which a crowd must not wait; and whatever is asked of a case after the first.
    """
    first = {each.case_ref: each for each in reversed(asked)}
    known = {case.case_ref: case for case in await cases.lock_free(uow, first)}
    before = await answered_before(uow, [each.request for each in first.values()])
    new = {ref: each for ref, each in first.items() if ref not in before}
    answers = await _placed(uow, asked, new, known)
    await keep(uow, [(each.request, answer) for ref, each in new.items() if (answer := answers[ref])])
    answers.update(before)
    return [answers[each.case_ref] if each is first[each.case_ref] else None for each in asked]


async def _placed(
    uow: UnitOfWork, asked: Sequence[Choosing], wanted: Mapping[str, Choosing], known: Mapping[str, KnownCase]
) -> dict[str, Answer]:
    """Each case that may choose with its place, or the refusal; None for what is to be done alone. When one loses its place
    to another transaction at the last moment, it and all who found none are among them: alone each looks for a desk anew."""
    answers: dict[str, Answer] = {}
    sites = await reference.sites(uow)
    needs = await _needs(uow, wanted, known, sites, answers)
    in_order = await _places(
        uow, [(needs[each.case_ref], each.slot_id) for each in asked if _is_one(each, wanted, needs)]
    )
    left = await slots.lock(uow, [slot for place in in_order for slot, _ in place.claims])
    winners, losers = admit(in_order, left)
    booked = await _book(uow, winners, known, wanted, sites)
    answers.update({ref: None if losers else place_taken() for ref in needs})
    return {**answers, **{ref: view_of(case) for ref, case in booked.items()}}


async def _needs(
    uow: UnitOfWork,
    wanted: Mapping[str, Choosing],
    known: Mapping[str, KnownCase],
    sites: Mapping[str, SiteZone],
    answers: dict[str, Answer],
) -> dict[str, Need]:
    """What each household needs that may choose now; the others are answered."""
    programmes = await reference.programmes(uow, {case.snapshot.programme for case in known.values()})
    areas = {code: site.admin_area for code, site in sites.items()}
    needs = {}
    for ref in wanted:
        case = known.get(ref)
        if case is None or case.live:
            answers[ref] = None
        else:
            try:
                needs[ref] = need_to_choose(case, programmes.get(case.snapshot.programme), areas, uow.now)
            except Problem as refusal:
                answers[ref] = refusal
    return needs


def _is_one(asked: Choosing, wanted: Mapping[str, Choosing], needs: Mapping[str, Need]) -> bool:
    return asked.case_ref in needs and asked is wanted[asked.case_ref]


async def _places(uow: UnitOfWork, wanted: Sequence[tuple[Need, int]]) -> list[Place]:
    """For each household in turn the place at the site and start of its slot, if it can have one beside those before it."""
    begins = await slots.starts_of(uow, [slot for _, slot in wanted])
    if not begins:
        return []
    first, last = min(at for _, at in begins.values()), max(at for _, at in begins.values())
    interpreted = any(need.languages for need, _ in wanted)
    resources = await slots.resources_of(uow, {site for site, _ in begins.values()}, with_remote=interpreted)
    programmes = {need.programme for need, _ in wanted}
    able = [r for r in resources if r.kind == "interpreter" or not programmes.isdisjoint(r.programmes)]
    longest = max(setting.steps * STEP[need.kind] for need, _ in wanted for setting in need.settings)
    calendar = await slots.free_calendar(uow, able, first, last + longest)
    found = []
    for need, slot in wanted:
        site, starts_at = begins.get(slot, ("", need.earliest))
        if site in need.sites and starts_at >= need.earliest:
            found.append(calendar.take_at(need, site, starts_at))
    return [place for place in found if place]


async def _book(
    uow: UnitOfWork,
    winners: Sequence[Place],
    known: Mapping[str, KnownCase],
    wanted: Mapping[str, Choosing],
    sites: Mapping[str, SiteZone],
) -> dict[str, KnownCase]:
    """Writes what the winners get; their cases as they are after it, by reference."""
    outcomes = []
    for place in winners:
        case, asked = known[place.need.case_ref], wanted[place.need.case_ref]
        made = appointment_at(
            case, place, sites[place.site], status=AppointmentStatus.BOOKED, deadline=None, acted_by=asked.acted_by
        )
        outcomes.append(Outcome(case, made=made, place=place, cause=Cause.first(asked.context, case.cause.context)))
    await record(uow, outcomes)
    return {outcome.case.case_ref: _after(outcome) for outcome in outcomes}


def _after(outcome: Outcome) -> KnownCase:
    case = outcome.case
    return replace(case, version=case.version + 1, live=outcome.made, waiting=None, overdue_since=None)
