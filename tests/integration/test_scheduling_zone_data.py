"""Newer zone data on a real database: wall times stay, instants move, slots go along, each holder is told by one event."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
import pytest_asyncio

from services.scheduling import commands
from services.scheduling.calendars.zone_data import follow_zone_data, packaged
from services.scheduling.commands.sites import change_site
from shared.clock import tzdata_version
from shared.db import Database, UnitOfWork
from shared.events import CaseChanged, CaseLanguage
from shared.web.problems import Problem
from tests.builders import a_case, a_programme, days
from tests.calendars import TAP, Calendars
from tests.conftest import MakeDatabase
from tests.databases import remember
from tests.scheduling import Scheduling

HOUR = timedelta(hours=1)
OLD = "2025.2"
MOVED, OFFERED = "puente.scheduling.appointment.moved.v1", "puente.scheduling.appointment.offered.v1"

AS_IT_WAS = (
    """update slots set starts_at = starts_at + make_interval(hours => 8766001) where site = :site""",
    """update slots set starts_at = starts_at - make_interval(hours => 8766000) where site = :site""",
    """update appointments set starts_at = starts_at + make_interval(hours => 1), tzdata_version = :version
       where site = :site""",
    """update freed_places set starts_at = starts_at + make_interval(hours => 1) where site = :site""",
    """create temporary table elsewhere on commit drop as
       select later.id as slot_id, c.appointment_id, c.units from slot_claims c join slots s on s.id = c.slot_id
       join slots later on later.resource_id = s.resource_id and later.starts_at = s.starts_at + make_interval(hours => 1)
       where s.site <> 'MX-TAP-01'""",
    """delete from slot_claims c using slots s where s.id = c.slot_id and s.site <> :site""",
    """insert into slot_claims (slot_id, appointment_id, units) select slot_id, appointment_id, units from elsewhere""",
    """update slots s set taken = (select coalesce(sum(units), 0) from slot_claims c where c.slot_id = s.id)
       where taken <> 0 or exists (select from slot_claims c where c.slot_id = s.id)""",
    """update sites set tzdata_version = :version where site = :site""",
)
"""Zone data from before British Columbia kept its clocks: the same wall times are an hour later. Who comes from elsewhere
was claimed for that hour."""


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def vancouver_template(new_database: MakeDatabase, scheduling_template: str) -> str:
    """The site of Tapachula moved to Vancouver."""
    url = await new_database(scheduling_template)
    running = Scheduling(url)
    await Calendars(running).change(change_site({"zone": "America/Vancouver"}))
    await running.database.close()
    return await remember(url)


@pytest_asyncio.fixture(loop_scope="session")
async def calendars(new_database: MakeDatabase, vancouver_template: str) -> AsyncIterator[Calendars]:
    running = Scheduling(await new_database(vancouver_template))
    yield Calendars(running)
    await running.check()
    await running.database.close()


@pytest.fixture
def scheduling(calendars: Calendars) -> Scheduling:
    return calendars.scheduling


async def with_older_zone_data(scheduling: Scheduling) -> None:
    async def work(uow: UnitOfWork) -> None:
        for statement in AS_IT_WAS:
            wanted = {"site": TAP, "version": OLD}
            await uow.execute(statement, **{name: value for name, value in wanted.items() if f":{name}" in statement})

    await scheduling.do(work)


async def follow(scheduling: Scheduling, database: Any = None) -> int:
    return await follow_zone_data(database or scheduling.database, scheduling.clock.now(), packaged())


async def booked(scheduling: Scheduling, *cases: CaseChanged) -> list[Any]:
    await scheduling.receive(a_programme(), *cases)
    for case in cases:
        await scheduling.accept(case, "scheduler")
    return [await scheduling.live(case) for case in cases]


async def held_times(scheduling: Scheduling, appointment: Any) -> set[datetime]:
    rows = await scheduling.rows(
        "select s.starts_at from slot_claims c join slots s on s.id = c.slot_id where c.appointment_id = :id",
        id=appointment.id,
    )
    return {row.starts_at for row in rows}


async def stranded_refs(calendars: Calendars) -> list[tuple[str, list[str]]]:
    return [(each["case_ref"], each["why"]) for each in await calendars.stranded()]


async def test_the_hour_on_the_door_stays_the_instant_and_the_slots_move_and_one_event_says_so(
    scheduling: Scheduling,
) -> None:
    case = a_case()
    (before,) = await booked(scheduling, case)
    held = await held_times(scheduling, before)
    await with_older_zone_data(scheduling)
    assert (await scheduling.live(case)).starts_at == before.starts_at + HOUR

    assert await follow(scheduling) == 1

    after = await scheduling.live(case)
    assert (after.id, after.wall_time, after.status) == (before.id, before.wall_time, "booked")
    assert (after.starts_at, after.tzdata_version) == (before.starts_at, tzdata_version())
    assert (after.version, after.acted_by) == (before.version + 1, "scheduling")
    assert await held_times(scheduling, after) == held
    assert (await scheduling.published(case))[2:] == [MOVED]


async def test_done_once_it_is_not_done_again(calendars: Calendars) -> None:
    await booked(calendars.scheduling, a_case(), a_case())
    await with_older_zone_data(calendars.scheduling)
    await follow(calendars.scheduling)
    before = await calendars.everything()

    assert await follow(calendars.scheduling) == 0

    assert before == await calendars.everything()


async def test_an_offer_stays_an_offer_with_its_deadline_and_its_misses(scheduling: Scheduling) -> None:
    case = a_case()
    await scheduling.receive(a_programme(), case)
    before = await scheduling.live(case)
    await scheduling.do(lambda uow: uow.execute("update cases set offers_missed = 1"))
    await with_older_zone_data(scheduling)

    await follow(scheduling)

    after = await scheduling.live(case)
    assert (after.status, after.deadline, after.starts_at) == ("pending", before.deadline, before.starts_at)
    assert (await scheduling.published(case))[1:] == [OFFERED]
    assert await scheduling.count("select offers_missed from cases") == 1


async def test_where_no_instant_changes_only_the_version_is_noted_and_nothing_is_said(scheduling: Scheduling) -> None:
    case = a_case(sites=("MX-TIJ-01",))
    (before,) = await booked(scheduling, case)
    published = await scheduling.published(case)
    await scheduling.do(lambda uow: uow.execute("update appointments set tzdata_version = :v", v=OLD))

    assert await follow(scheduling) == 0

    after = await scheduling.live(case)
    assert (after.version, after.tzdata_version) == (before.version, tzdata_version())
    assert await scheduling.published(case) == published


class Dying:
    """A database whose process dies after so many transactions."""

    def __init__(self, database: Database, transactions: int) -> None:
        self._database, self._left = database, transactions

    async def run(self, now: datetime, work: Callable[[UnitOfWork], Awaitable[Any]]) -> Any:
        if not self._left:
            raise KeyboardInterrupt
        self._left -= 1
        return await self._database.run(now, work)


@pytest.mark.parametrize("transactions", [2, 3, 20, 33, 34, 35])
async def test_what_was_cut_off_goes_on_where_it_was_and_each_is_told_once(
    scheduling: Scheduling, transactions: int
) -> None:
    cases = [a_case() for _ in range(40)]
    before = await booked(scheduling, *cases)
    assert len({each.wall_time.date() for each in before}) > 1
    await with_older_zone_data(scheduling)

    with pytest.raises(KeyboardInterrupt):
        await follow(scheduling, cast(Database, Dying(scheduling.database, transactions)))
    await follow(scheduling)

    for case, was in zip(cases, before, strict=True):
        assert (await scheduling.live(case)).starts_at == was.starts_at
        assert (await scheduling.published(case))[2:] == [MOVED]


async def test_a_slot_that_was_seen_at_its_old_instant_cannot_be_chosen(scheduling: Scheduling) -> None:
    case = a_case()
    await scheduling.receive(a_programme(allocation="choice"), case)
    await with_older_zone_data(scheduling)
    seen = await scheduling.count(
        """select id from slots where site = :site and kind = 'desk' and local_date > :day order by starts_at limit 1""",
        site=TAP,
        day=scheduling.clock.now().date() + days(10),
    )
    await follow(scheduling)

    with pytest.raises(Problem) as refused:
        await scheduling.do(lambda uow: commands.choose(uow, case.case_ref, seen, "scheduler"))

    assert refused.value.code == "place_taken"


async def test_a_freed_place_keeps_its_wall_time_and_what_it_holds(scheduling: Scheduling) -> None:
    case = a_case()
    (before,) = await booked(scheduling, case)
    held = await held_times(scheduling, before)
    await scheduling.decline(case, "scheduler")
    await with_older_zone_data(scheduling)

    await follow(scheduling)

    (freed,) = await scheduling.rows("select starts_at from freed_places")
    assert freed.starts_at == before.starts_at
    kept = await scheduling.rows("select starts_at from slots where taken > 0")
    assert {row.starts_at for row in kept} == held


async def test_slots_are_the_calendar_s_own_afterwards(scheduling: Scheduling) -> None:
    question = "select count(*) from slots where site = :site and starts_at > :now"
    before = await scheduling.count(question, site=TAP, now=scheduling.clock.now())
    await with_older_zone_data(scheduling)

    await follow(scheduling)

    assert await scheduling.count(question, site=TAP, now=scheduling.clock.now()) == before
    hours = await scheduling.rows(
        "select distinct wall_time::time as hour from slots where site = :s order by 1", s=TAP
    )
    assert [f"{hours[0].hour:%H:%M}", f"{hours[-1].hour:%H:%M}"] == ["07:00", "14:45"]
    instants = await scheduling.rows(
        "select distinct (starts_at at time zone 'UTC' - wall_time) as apart from slots where site = :s", s=TAP
    )
    assert [row.apart for row in instants] == [7 * HOUR]


async def with_an_interpreter_from_elsewhere(scheduling: Scheduling) -> tuple[CaseChanged, Any]:
    """A household whose interpreter works from a site in another zone, which keeps its instants."""
    await scheduling.do(
        lambda uow: uow.execute(
            "update resources set languages = '{}' where kind = 'interpreter' and site <> 'MX-CMX-01'"
        )
    )
    case = a_case(languages=(CaseLanguage(tag="ar", mode="spoken", interpreter=True),))
    (appointment,) = await booked(scheduling, case)
    return case, appointment


def span(appointment: Any) -> set[datetime]:
    steps = appointment.claimed_minutes // 15
    return {appointment.starts_at + n * timedelta(minutes=15) for n in range(steps)}


async def test_an_interpreter_who_works_from_elsewhere_is_claimed_for_the_new_instant(calendars: Calendars) -> None:
    scheduling = calendars.scheduling
    case, before = await with_an_interpreter_from_elsewhere(scheduling)
    await with_older_zone_data(scheduling)
    assert await held_times(scheduling, before) == span(await scheduling.live(case))

    await follow(scheduling)

    after = await scheduling.live(case)
    assert await held_times(scheduling, after) == span(after) == span(before)
    assert await stranded_refs(calendars) == []
    assert (await scheduling.published(case))[2:] == [MOVED]


async def test_whom_no_interpreter_can_serve_at_the_new_instant_is_listed_for_staff_and_keeps_the_date(
    calendars: Calendars,
) -> None:
    scheduling = calendars.scheduling
    case, before = await with_an_interpreter_from_elsewhere(scheduling)
    await with_older_zone_data(scheduling)
    await scheduling.do(
        lambda uow: uow.execute(
            "delete from slots where kind = 'interpreter' and taken = 0 and site <> :site", site=TAP
        )
    )

    await follow(scheduling)

    assert await stranded_refs(calendars) == [(case.case_ref, ["clock-changed"])]
    assert (await scheduling.live(case)).id == before.id
    assert (await scheduling.published(case))[2:] == [MOVED]
    await scheduling.do(lambda uow: commands.cancel(uow, case.case_ref, "interpreter-unavailable", "scheduler"))
    assert await stranded_refs(calendars) == []


async def test_a_site_in_another_zone_has_slots_that_say_its_own_wall_time(calendars: Calendars) -> None:
    await booked(calendars.scheduling, a_case())

    await calendars.change(change_site({"zone": "America/Los_Angeles"}))

    wrong = await calendars.scheduling.count(
        """select count(*) from slots where site = :site and starts_at > :now
           and (wall_time <> starts_at at time zone 'America/Los_Angeles' or local_date <> wall_time::date)""",
        site=TAP,
        now=datetime(2026, 11, 25, tzinfo=UTC),
    )
    assert wrong == 0
