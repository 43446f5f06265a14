"""Scheduling in a world of three small sites, one thing after the other, from outside any event loop."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from datetime import timedelta
from typing import Any, TypeVar
from uuid import UUID

from services.scheduling import commands
from services.scheduling.app import MIGRATIONS
from services.scheduling.calendars.slot_generation import open_calendars
from services.scheduling.commands.calendars import Edit
from services.scheduling.placing.choices import Span, places_of
from services.scheduling.repository.known_case import KnownCase
from services.scheduling.seed import seed
from services.scheduling.views.cases import known
from shared.db import UnitOfWork
from shared.events import CaseChanged, ProgrammeChanged
from shared.migrations import upgrade_async
from shared.web.problems import Problem
from tests.builders import NOW, a_case, a_programme
from tests.calendars import Calendars
from tests.databases import database_at
from tests.life.invariants import BROKEN
from tests.life.stranded import Stranded
from tests.scheduling import Scheduling

T = TypeVar("T")
TAP, TIJ, SCH = SITES = "MX-TAP-01", "MX-TIJ-01", "MX-SCH-01"
PROGRAMMES = {
    "MX-REF": a_programme(base_minutes=40, per_adult_minutes=20, sites=(TAP, TIJ)),
    "MX-CHO": a_programme(
        programme="MX-CHO", base_minutes=45, allocation="choice", sites=(TAP, TIJ), on_close="honour"
    ),
    "MX-DRW": a_programme(programme="MX-DRW", allocation="draw", sites=(TAP,)),
    "MX-TVR": a_programme(programme="MX-TVR", counts="people", base_minutes=20, sites=(SCH,), on_close="cancel"),
}
SMALL = (
    "delete from opening_rules",
    "delete from resources where site <> all(:sites)",
    "delete from resources where name in ('desk 3', 'desk 4', 'interpreter 1', 'remote interpreters')",
    "delete from resources where site = 'MX-TIJ-01' and name = 'desk 2'",
    "delete from sites where site <> all(:sites)",
    "update resources set programmes = array['MX-REF', 'MX-CHO', 'MX-DRW'] where kind = 'desk'",
    "update resources set capacity = case kind when 'window' then 6 else 1 end",
    """insert into opening_rules (id, resource_id, rrule, valid_from, opens, closes)
       select gen_random_uuid(), id, 'FREQ=WEEKLY;BYDAY=TU,TH', '2026-01-01', '08:00', '10:00' from resources""",
)
"""Two desks, a desk and an arrival window, two mornings a week; one interpreter at each site with desks."""


async def small(url: str) -> str:
    """A database with the three sites and their slots, as of NOW."""
    await upgrade_async(url, MIGRATIONS)
    database = database_at(url)
    async with database.begin(NOW) as uow:
        await seed(uow)
        for statement in SMALL:
            await uow.execute(statement, **({"sites": list(SITES)} if ":sites" in statement else {}))
    await open_calendars(database, NOW)
    await database.close()
    return url


class _Shown(Exception):
    """Ends a unit of work that only shows what would happen."""


class World:
    """What the machine does and sees. `refused` counts refusals by code, `happened` what was published by type."""

    def __init__(self, runner: asyncio.Runner, url: str, refused: Counter[str], happened: Counter[str]) -> None:
        self.runner, self.refused, self.happened = runner, refused, happened
        self.scheduling = Scheduling(url)
        self.calendars, self.stranded = Calendars(self.scheduling), Stranded()
        self.cases: list[CaseChanged] = []
        self.programmes = dict(PROGRAMMES)
        self.closures: dict[str, str] = {}
        self.run(self.scheduling.receive(*PROGRAMMES.values()))

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    def receive(self, event: CaseChanged | ProgrammeChanged) -> None:
        self.run(self.scheduling.receive(event))

    def attempt(self, work: Callable[[UnitOfWork], Awaitable[Any]], *allowed: str) -> str:
        """Does it; an empty string, or the code of the refusal, which must be one of those allowed."""
        try:
            self.run(self.scheduling.do(work))
        except Problem as refusal:
            assert refusal.code in allowed, f"{refusal.code}: {refusal.detail}"
            self.refused[refusal.code] += 1
            return refusal.code
        return ""

    def rows(self, sql: str, **parameters: Any) -> Any:
        return self.run(self.scheduling.rows(sql, **parameters))

    def arrive(self, **changes: Any) -> None:
        """A case that intake publishes; no two registered at the same time."""
        case = a_case(registered_at=NOW - timedelta(days=200, minutes=-len(self.cases)), sites=(), **changes)
        self.cases.append(case)
        self.receive(case)

    def revise(self, n: int, **changes: Any) -> None:
        """The n-th case again, with a higher version."""
        before = self.cases[n % len(self.cases)]
        fields = {name: getattr(before, name) for name in type(before).model_fields} | {"state": before.state} | changes
        self.cases[n % len(self.cases)] = a_case(**{**fields, "version": before.version + 1})
        self.receive(self.cases[n % len(self.cases)])

    def change(self, edit: Edit, site: str, **asked: Any) -> dict[str, Any]:
        """A change of the calendar by someone who has just read it."""
        return self.run(self.calendars.change(edit, site, **asked))

    def resource(self, name: str, site: str) -> UUID:
        id: UUID = self.run(self.calendars.resource(name, site)).id
        return id

    def case(self, n: int) -> Any:
        """The n-th case as scheduling knows it."""
        ref = self.cases[n % len(self.cases)].case_ref
        return self.run(self.scheduling.do(lambda uow: known(uow, ref)))

    def shown(self, n: int) -> list[int]:
        """The slots that the n-th case is shown; none when it can choose none."""
        ref = self.cases[n % len(self.cases)].case_ref

        async def look(uow: UnitOfWork) -> list[int]:
            return await _places(uow, await known(uow, ref))

        return self.run(self.scheduling.do(look))

    def tick(self) -> None:
        """Every job once, as time does."""
        jobs = self.scheduling.jobs
        for job in (
            jobs.expire_offers,
            jobs.look_again,
            jobs.rebook_stranded,
            jobs.offer_freed_places,
            jobs.open_freed_places,
            jobs.find_strays,
            jobs.open_calendars,
        ):
            self.run(job())

    def check(self, step: int) -> None:
        """Everything that must hold at every moment; one household's shown places are tried and given back."""

        async def look(uow: UnitOfWork) -> None:
            broken = await uow.rows(BROKEN)
            assert not broken, f"broken: {broken}"
            for site in SITES:
                await self.stranded.check(uow, site)
            if self.cases:
                await _claims_what_is_shown(uow, self.cases[step % len(self.cases)].case_ref, step)
            raise _Shown

        with suppress(_Shown):
            self.run(self.scheduling.do(look))

    def close(self) -> None:
        for row in self.rows("select type, count(*) as n from outbox where topic = 'scheduling.cases' group by type"):
            self.happened[row.type.removeprefix("puente.scheduling.").removesuffix(".v1")] += row.n
        self.run(self.scheduling.database.close())


async def _places(uow: UnitOfWork, case: KnownCase) -> list[int]:
    """The slots that the case is shown; none when it can choose none."""
    try:
        places = await places_of(uow, case, Span(uow.now, uow.now + timedelta(days=30)))
    except Problem as refusal:
        assert refusal.code in {
            "cannot_choose", "programme_not_open", "drawn", "interview_began", "interview_over", "missed",
        }  # fmt: skip
        return []
    return [place.claims[0][0] for place in places]


async def _claims_what_is_shown(uow: UnitOfWork, ref: str, which: int) -> None:
    """Raises: Problem when a place that is shown cannot be had."""
    case = await known(uow, ref)
    slots = await _places(uow, case)
    if slots:
        take = commands.move if case.live and case.live.status == "booked" else commands.choose
        await take(uow, ref, slots[which % len(slots)], "scheduler")
