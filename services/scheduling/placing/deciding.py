"""What is to be done about cases: what the domain's decision must know is read for all of them together."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime

from services.scheduling.domain.decisions import Decision, decide
from services.scheduling.domain.needs import Need, need_of
from services.scheduling.domain.own_needs import need_instead
from services.scheduling.repository import appointments, reference
from services.scheduling.repository.known_case import KnownCase
from shared.db import UnitOfWork
from shared.events import ProgrammeChanged


async def decided(
    uow: UnitOfWork,
    known: list[KnownCase],
    programmes: dict[str, ProgrammeChanged],
    *,
    afresh: bool = False,
    had_date: bool = False,
    asks_itself: bool = False,
) -> list[tuple[KnownCase, Decision]]:
    """Each case with what is to be done about it. `afresh`: also for who let a place go before. `had_date`: the authority
    has taken a date away just now, its last ended one, so that the new place is one instead of it. `asks_itself`: they ask
    for another offer.

    Nobody is offered a day that it declined, unless it asks for another offer itself, or has or had its date then.
    """
    open_areas = {site.site: site.admin_area for site in (await reference.sites(uow)).values()}
    closed_areas = await reference.areas_of(uow, {case.held.site for case in known if case.held} - open_areas.keys())
    declined = {} if asks_itself else await days_declined(uow, known, had_date=had_date)
    result = []
    for case in known:
        snapshot = case.snapshot
        programme = programmes.get(snapshot.programme)
        areas = _areas_for(case, open_areas, closed_areas)
        need = _need(case, programme, areas, uow.now, had_date=had_date) if programme else None
        if need and case.case_ref in declined:
            need = replace(need, not_on=declined[case.case_ref])
        made_for = need_of(case.as_held, programme, areas, uow.now) if programme and need and need.wished else None
        waiting = None if afresh else case.waiting
        decision = decide(
            snapshot.state,
            programme,
            need,
            held=case.held,
            waiting=waiting,
            now=uow.now,
            made_for=made_for,
            is_heard=case.is_heard,
            had_date=had_date,
        )
        result.append((case, decision))
    return result


async def days_declined(
    uow: UnitOfWork, known: Sequence[KnownCase], *, had_date: bool = False
) -> dict[str, frozenset[date]]:
    """The days to come on which these households gave a date up, without that of the date that they have, or had."""
    with_past = {case.case_ref: _date_of(case, had_date=had_date) for case in known if case.ended}
    found = await appointments.days_declined(uow, list(with_past))
    return {ref: days - {with_past[ref]} for ref, days in found.items()}


def _date_of(case: KnownCase, *, had_date: bool) -> date | None:
    its_date = case.live or (case.ended if had_date else None)
    return datetime.fromisoformat(its_date.wall_time).date() if its_date else None


def _areas_for(
    case: KnownCase, open_areas: dict[str, str | None], closed_areas: dict[str, str | None]
) -> dict[str, str | None]:
    """The sites that the household may be seen at, with their state codes: a date at one that is closed to new ones stays."""
    site = case.held.site if case.held else None
    return {**open_areas, site: closed_areas[site]} if site in closed_areas else open_areas


def _need(
    case: KnownCase, programme: ProgrammeChanged, areas: dict[str, str | None], now: datetime, *, had_date: bool
) -> Need:
    """Who waits is looked for with all that it asks for; who has a date, or had one until now, loses nothing for that."""
    if case.held or had_date:
        return need_instead(case.snapshot, case.own, programme, areas, now)
    return need_of(case.as_asked, programme, areas, now)
