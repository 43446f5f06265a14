"""Scheduling without its process: handlers, jobs and commands on a real database, with a clock that stands still."""

import base64
from collections.abc import Awaitable, Callable, Collection
from datetime import datetime
from typing import Any, Concatenate, ParamSpec, TypeVar
from uuid import UUID

import pytest
from pydantic import SecretStr

from services.scheduling import commands
from services.scheduling.app import HANDLERS, MIGRATIONS
from services.scheduling.calendars.slot_generation import open_calendars
from services.scheduling.jobs import Jobs
from services.scheduling.placing.choices import Span, places_of
from services.scheduling.seed import seed
from services.scheduling.settings import SchedulingSettings
from services.scheduling.views import cases as case_views
from shared.clock import FixedClock
from shared.crypto import Sealer
from shared.db import Database, UnitOfWork
from shared.events import CaseChanged, Event
from shared.kafka.batch import BatchRunner
from shared.migrations import upgrade_async
from shared.settings import Role
from shared.web.problems import Problem
from tests.builders import NOW, a_case, a_programme, a_record, days
from tests.databases import database_at
from tests.letters import LETTER_KEY
from tests.life.invariants import BROKEN

P = ParamSpec("P")
T = TypeVar("T")

DATA_KEY = base64.b64encode(bytes(32)).decode()
SEALER = Sealer(DATA_KEY)
WHOLE_SITES = ["MX-TAP-01", "MX-TAP-02", "MX-TIJ-01", "MX-SCH-01"]
"""Sites with all their desks, interpreters and windows."""
PART_SITES = ["CA-VIS-MEX", "MX-CMX-01", "US-CON-CDJ"]
"""Sites with one desk and the interpreters who work for other sites too; all that are in neither list have no hours.

There are 24 sites with 166,000 slots, a copy of which takes longer than most tests."""
ONLY_THESE_SITES = """
delete from opening_rules o using resources r
where r.id = o.resource_id and r.site <> all(:whole) and not (r.site = any(:part) and (r.is_remote or r.name = 'desk 1'))
"""
SOME_WEEKS = """
update opening_rules o set valid_until = :until from resources r where r.id = o.resource_id and r.site <> :long
"""
LONG_SITE, UNTIL = "MX-TAP-02", (NOW + days(45)).date()
"""At this site hours are for good, as at all of those that are seeded; elsewhere they end while slots are made for longer."""
ROLES: tuple[Role, ...] = ("ops", "scheduler", "officer", "assistant", "service")


async def prepared(url: str) -> str:
    """A database with scheduling's schema, all sites, and the slots of those and of the weeks that tests use, as of NOW."""
    await upgrade_async(url, MIGRATIONS)
    database = database_at(url)
    async with database.begin(NOW) as uow:
        await seed(uow)
        await uow.execute(ONLY_THESE_SITES, whole=WHOLE_SITES, part=PART_SITES)
        await uow.execute(SOME_WEEKS, long=LONG_SITE, until=UNTIL)
    await open_calendars(database, NOW)
    await database.close()
    return url


def settings(
    url: str,
    *,
    intake_url: str = "http://127.0.0.1:1",
    notifications_url: str = "http://127.0.0.1:1",
    drafts: Collection[str] = (),
) -> SchedulingSettings:
    """What the service is told; the token of a role is its name."""
    return SchedulingSettings(
        database_url=url,
        kafka="127.0.0.1:1",
        port=1,
        tokens={role: SecretStr(role) for role in ROLES},
        data_key=SecretStr(DATA_KEY),
        intake_url=intake_url,
        notifications_url=notifications_url,
        letter_keys={1: SecretStr(LETTER_KEY)},
        drafts=frozenset(drafts),
    )


class OnlyOnce(Database):
    """Does nothing again that lost a race, so that it is seen."""

    async def run(self, now: datetime, work: Callable[[UnitOfWork], Awaitable[T]], *, reads: bool = False) -> T:
        async with self.begin(now, reads=reads) as uow:
            return await work(uow)


class Scheduling:
    """What a test does with scheduling and asks of it."""

    def __init__(self, url: str) -> None:
        self.database = database_at(url)
        self.clock = FixedClock(NOW)
        self.jobs = Jobs(self.database, self.clock)
        self.runners = {
            topic: BatchRunner(topic, handler, group="test", database=self.database, sealer=SEALER, clock=self.clock)
            for topic, handler in HANDLERS.items()
        }

    async def receive(self, *events: Event) -> None:
        """Hands the events over, one batch for each run of one topic."""
        while events:
            topic = events[0].topic
            batch = [event for event in events if event.topic == topic]
            await self.runners[topic].run([a_record(event) for event in batch])
            events = tuple(event for event in events if event.topic != topic)
        assert await self.count("select count(*) from parked_event where state in ('parked', 'dead')") == 0

    async def do(
        self, work: Callable[Concatenate[UnitOfWork, P], Awaitable[T]], *arguments: P.args, **named: P.kwargs
    ) -> T:
        """The work with these arguments, as one unit of work."""
        return await self.database.run(self.clock.now(), lambda uow: work(uow, *arguments, **named))

    async def rows(self, sql: str, **parameters: Any) -> Any:
        return await self.do(lambda uow: uow.rows(sql, **parameters))

    async def execute(self, sql: str, **parameters: Any) -> None:
        await self.do(lambda uow: uow.execute(sql, **parameters))

    async def count(self, sql: str, **parameters: Any) -> int:
        return int((await self.rows(sql, **parameters))[0][0])

    async def live(self, case: CaseChanged) -> Any:
        """The one live appointment of the case."""
        found = await self.rows(
            "select * from appointments where case_ref = :ref and status in ('pending', 'booked')", ref=case.case_ref
        )
        assert len(found) == 1, f"{len(found)} live appointments; waiting: {await self.waiting(case)}"
        return found[0]

    async def accept(self, case: CaseChanged, by: str = "household", *, seen: UUID | None = None) -> None:
        await self.do(commands.accept, case.case_ref, by, seen)

    async def decline(self, case: CaseChanged, by: str = "household", *, seen: UUID | None = None) -> None:
        await self.do(commands.decline, case.case_ref, by, seen)

    async def booked(self, **changes: Any) -> tuple[CaseChanged, Any]:
        """A household of the usual programme that accepted its offer, and its appointment."""
        case = a_case(**changes)
        await self.receive(a_programme(), case)
        await self.accept(case, "scheduler")
        return case, await self.live(case)

    async def slots_of(self, case: CaseChanged, ahead: float = 14) -> list[dict[str, Any]]:
        """The places of the next days that the household can choose from."""

        async def read(uow: UnitOfWork) -> list[dict[str, Any]]:
            known = await case_views.known(uow, case.case_ref)
            return await case_views.place_view(uow, await places_of(uow, known, Span(uow.now, uow.now + days(ahead))))

        return await self.do(read)

    async def refusal(
        self, work: Callable[Concatenate[UnitOfWork, P], Awaitable[Any]], *arguments: P.args, **named: P.kwargs
    ) -> str:
        """The code of the 409 that the work gets."""
        with pytest.raises(Problem) as refused:
            await self.do(work, *arguments, **named)
        assert refused.value.status == 409
        return refused.value.code

    async def appointment(self, id: UUID) -> Any:
        return (await self.rows("select * from appointments where id = :id", id=id))[0]

    async def waiting(self, case: CaseChanged) -> str | None:
        found = await self.rows("select waiting from cases where case_ref = :ref", ref=case.case_ref)
        waiting: str | None = found[0].waiting
        return waiting

    async def published(self, case: CaseChanged) -> list[str]:
        found = await self.rows("select type from outbox where key = :ref order by sequence", ref=case.case_ref)
        return [row.type for row in found]

    async def claims_of(self, appointment: UUID) -> int:
        return await self.count("select count(*) from slot_claims where appointment_id = :id", id=appointment)

    async def held_by_freed_places(self) -> int:
        return await self.count("select count(*) from slot_claims where freed_place_id is not null")

    async def free_units_at(self, place: Any) -> int:
        """Free units of desks at the place's site on its day."""
        return await self.count(
            """select coalesce(sum(capacity - taken), 0) from slots
               where site = :site and kind = 'desk' and local_date = :day""",
            site=place.site,
            day=place.wall_time.date(),
        )

    async def set_deadline(self, appointment: UUID, deadline: datetime) -> None:
        await self.execute(
            "update appointments set deadline = :deadline where id = :id", id=appointment, deadline=deadline
        )

    async def take_all_but(self, place: Any) -> None:
        """Closes every other desk slot of the site up to the place's day, as if others had booked them."""
        await self.execute(
            """delete from slots s where site = :site and kind = 'desk' and local_date <= :day
               and not exists (select 1 from slot_claims c where c.slot_id = s.id)""",
            site=place.site,
            day=place.wall_time.date(),
        )

    async def leave_only(self, slot: int) -> None:
        """No other desk of the slot's site is free when it begins."""
        await self.execute(
            """delete from slots o using slots s where s.id = :slot and o.id <> s.id and o.kind = s.kind
               and (o.site, o.starts_at) = (s.site, s.starts_at)""",
            slot=slot,
        )

    async def free_next_step(self, place: Any) -> None:
        """Adds one free step of the place's desk right after it."""
        await self.execute(
            """insert into slots (resource_id, site, kind, starts_at, wall_time, local_date, capacity)
               select s.resource_id, s.site, s.kind, s.starts_at + interval '15 minutes',
                      s.wall_time + interval '15 minutes', s.local_date, 1
               from slot_claims c join slots s on s.id = c.slot_id where c.appointment_id = :id
               order by s.starts_at desc limit 1 on conflict do nothing""",
            id=place.id,
        )

    async def check(self) -> None:
        """The rules that hold at every moment."""
        broken = await self.rows(BROKEN)
        assert not broken, f"broken: {broken}"
