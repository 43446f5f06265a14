"""Choosing a date: the days that have room for the whole household, the sites that have on one of them, the times of one site,
all of it once more, then it is done.

What is looked at stands in the address, as a day, a site and a slot: it says nothing of who looks.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

from fastapi.responses import Response

from services.scheduling import commands
from services.scheduling.domain.opening import AHEAD
from services.scheduling.domain.places import Place
from services.scheduling.placing.choices import MOST, Span, find_place, places_of
from services.scheduling.repository import reference, slots
from services.scheduling.views.cases import known
from services.scheduling.web.case import HOME
from services.scheduling.web.days import (
    SHOWN,
    Days,
    Free,
    around,
    days_of,
    facts_of_place,
    free_places,
    nearest,
    times_of,
)
from services.scheduling.web.interview import Standing
from services.scheduling.web.my_interview import Desk, seen_in
from services.scheduling.web.presented import moment, rows
from services.scheduling.web.routes import Routes
from services.scheduling.web.standing import sites_of
from services.scheduling.web.visits import Visit
from shared.clock import still_today
from shared.db import UnitOfWork
from shared.events import Appointment, AppointmentStatus
from shared.reference import is_number
from shared.service import Service
from shared.web.problems import Problem

PLACES = f"{HOME}/places"
CHOOSE = f"{HOME}/choose"
LARGEST_SLOT = 2**53 - 1


@dataclass(frozen=True)
class PlacesPages:
    """The pages on which a household chooses a date, or another one."""

    service: Service
    desk: Desk

    async def _read(self, work: Callable[[UnitOfWork], Awaitable[list[Free]]]) -> list[Free]:
        return await self.service.run(work)

    async def _times(self, visit: Visit, day: date, *, error: str | None = None) -> Response:
        found = await self._read(partial(_free, case_ref=visit.case, first=day, days=timedelta(days=1)))
        return _times_page(visit, day, found, error=error)

    async def _days(self, visit: Visit, first: date, today: date) -> Response:
        """The first page from that day on that shows any day."""
        shown, page = first, Days((), first)
        while page.following < today + AHEAD and not page.days:
            shown = page.following
            found = await self._read(partial(_free, case_ref=visit.case, first=shown, days=SHOWN))
            page = days_of(found, shown, visit.catalogue, is_cut=len(found) == MOST)
        before = shown if page.days else first
        return visit.page(
            "days.html",
            days=page.days,
            earlier=max(today, before - SHOWN) if before > today else None,
            later=page.following if page.following < today + AHEAD else None,
        )

    async def _check(self, visit: Visit, slot: int) -> Response:
        found = await self._read(partial(_one, case_ref=visit.case, slot=slot))
        if not found:
            return await self._taken(visit, slot)
        standing = await self.desk.look(visit)
        has_it = _has(standing.case.live, found[0].place)
        if has_it and standing.case.date.status is AppointmentStatus.BOOKED:
            return visit.go(HOME)  # as who goes back after it was taken
        facts = facts_of_place(found[0], visit.catalogue)
        replaced = _what_it_replaces(visit, standing, has_it=has_it)
        return visit.page("choose.html", rows=rows(facts), slot=slot, has_it=has_it, **replaced)

    async def _taken(self, visit: Visit, slot: int, *, error: str | None = None) -> Response:
        """Instead of a place that cannot be had any more, those nearest to it; what the household has stays as it is."""
        wanted, others = await self.desk.run(partial(_instead, case_ref=visit.case, slot=slot))
        if not others:
            return await self.desk.show(visit, status=409, refused="place_taken")
        standing = await self.desk.look(visit)
        return visit.page(
            "taken.html",
            status=422 if error else 409,
            error=error,
            slot=slot,
            dates=nearest(others, wanted, visit.catalogue),
            has_date=standing.case.live is not None,
        )

    async def days_or_times(self, visit: Visit) -> Response:
        today = still_today(self.service.clock.now())
        day, typed = _day(visit, "day"), _slot(visit.fields.get("slot", ""))
        if typed:
            return visit.go(f"{CHOOSE}?slot={typed}")
        try:
            return await (self._times(visit, day) if day else self._days(visit, _day(visit, "from") or today, today))
        except Problem as problem:
            return await self.desk.refused(visit, problem)

    async def check_before_taking(self, visit: Visit) -> Response:
        slot, near = (_slot(visit.request.query_params.get(name, "")) for name in ("slot", "near"))
        day = _day(visit, "day")
        try:
            if slot:
                return await self._check(visit, slot)
            if near:
                return await self._taken(visit, near, error="places.error")
            return await self._times(visit, day, error="places.error") if day else visit.go(PLACES)
        except Problem as problem:
            return await self.desk.refused(visit, problem)

    async def take(self, visit: Visit) -> Response:
        slot = _slot(visit.fields.get("slot", ""))
        if slot is None:
            return visit.go(PLACES)
        seen = seen_in(visit) if visit.fields.get("appointment") else None
        try:
            await self.desk.run(lambda uow: commands.take(uow, visit.case, slot, visit.acted_by, seen=seen))
        except Problem as problem:
            return await (
                self._taken(visit, slot) if problem.code == "place_taken" else self.desk.refused(visit, problem)
            )
        return visit.go(HOME)


def add(routes: Routes, service: Service, desk: Desk) -> None:
    """The addresses of these pages."""
    pages = PlacesPages(service, desk)
    routes.get(PLACES, private=True)(pages.days_or_times)
    routes.get(CHOOSE, private=True)(pages.check_before_taking)
    routes.post(CHOOSE, shown_at=PLACES, private=True)(pages.take)


def _times_page(visit: Visit, day: date, found: Sequence[Free], *, error: str | None = None) -> Response:
    """The times of the day where the household wants to go, or can; first the question where, if there is more than one site."""
    title, sites = visit.text("places.times", date=visit.long_date(day)), times_of(found, day, visit.catalogue)
    there = [each for each in sites if each.site == visit.request.query_params.get("site")] if len(sites) > 1 else sites
    if sites and not there:
        return visit.page("sites.html", title=title, date=day.isoformat(), sites=sites)
    return visit.page(
        "times.html",
        status=422 if error else 200,
        title=title,
        error=error,
        date=day.isoformat(),
        times=there[0] if there else None,
        is_one_of_many=len(sites) > 1,
    )


def _has(live: Appointment | None, place: Place) -> bool:
    """True when the place is where and when the household's appointment is: its own time counts as free for it."""
    return live is not None and (live.site, live.starts_at) == (place.site, place.starts_at)


def _what_it_replaces(visit: Visit, standing: Standing, *, has_it: bool) -> dict[str, Any]:
    """The appointment that the household has now, which it lets go by taking another one."""
    live = standing.case.live
    if live is None or has_it:
        return {"appointment_id": live.id if live else "", "replaces": None}
    until_now = moment(live.starts_at, live.zone, standing.sites[live.site].city, visit.catalogue)
    return {"appointment_id": live.id, "replaces": visit.text("choose.replaces", moment=until_now)}


async def _free(uow: UnitOfWork, case_ref: str, first: date, days: timedelta) -> list[Free]:
    """What the household can have on these days, at most MOST; some of the days before and after may be among it.

    Raises: Problem 409.
    """
    case = await known(uow, case_ref)
    begins_at, ends_at = around(first, days, {site.zone for site in (await reference.sites(uow)).values()})
    return await _at_sites(uow, await places_of(uow, case, Span(max(begins_at, uow.now), ends_at)))


async def _one(uow: UnitOfWork, case_ref: str, slot: int) -> list[Free]:
    """The place at the site and start of this slot, or none. Raises: Problem 409."""
    place = await find_place(uow, await known(uow, case_ref), slot)
    return await _at_sites(uow, [place] if place else [])


async def _instead(uow: UnitOfWork, case_ref: str, slot: int) -> tuple[datetime, list[Free]]:
    """When this slot is, and what else the household can have within two weeks of it. Raises: Problem 409."""
    case, found = await known(uow, case_ref), await slots.find(uow, slot)
    wanted = found.starts_at if found else uow.now
    span = Span(max(wanted - SHOWN, uow.now), wanted + SHOWN)
    return wanted, await _at_sites(uow, await places_of(uow, case, span))


async def _at_sites(uow: UnitOfWork, places: list[Place]) -> list[Free]:
    zones = {code: site.zone for code, site in (await reference.sites(uow)).items()}
    return free_places(places, await sites_of(uow, [place.site for place in places]), zones)


def _day(visit: Visit, name: str) -> date | None:
    try:
        return datetime.strptime(visit.request.query_params.get(name, ""), "%Y-%m-%d").date()  # noqa: DTZ007  a day has no zone
    except ValueError:
        return None


def _slot(typed: str) -> int | None:
    is_short = is_number(typed) and len(typed) <= 16
    return int(typed) if is_short and 1 <= int(typed) <= LARGEST_SLOT else None
