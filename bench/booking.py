"""Households that choose a place all at once: claims per second, a storm of 50,000, and how long a search takes.

Beside the endpoint that a tutorial would write and a server that only answers, on the same machine in the same run.
Each contest ends with an oracle: nothing oversold, nobody booked twice, every answer true.
"""

import asyncio
import itertools
import json
import statistics
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta

import asyncpg
import httpx
from rich.console import Console
from rich.table import Table

from bench.databases import a_stack, new_database
from bench.peers import PlainSlot
from bench.storm import Answers, a_post, fire
from deploy.local.child import Child, Program
from deploy.local.ports import HOST
from deploy.local.programs import FOR_EVERY_PROGRAM, service
from deploy.local.stack import SERVICE_COMMANDS, Stack
from services.scheduling.app import HANDLERS, MIGRATIONS
from services.scheduling.calendars.slot_generation import open_calendars
from services.scheduling.jobs import Jobs
from services.scheduling.repository.reference import take_in_programmes
from services.scheduling.seed import seed
from shared.clock import SystemClock, use_packaged_zone_data
from shared.db import Database
from shared.events import Allocation, Party
from shared.kafka.batch import BatchRunner
from shared.migrations import upgrade_async
from shared.service import calm_garbage_collector
from tests.builders import a_case, a_programme, a_record
from tests.life.invariants import INVARIANTS
from tests.scheduling import SEALER

HOUSEHOLDS, OFFERED_SECONDS = 50_000, 5
PLACES = 1_450
CLAIMS, PLAIN_CLAIMS = 5_000, 1_500
"""Claims a contest; of the plain endpoint fewer, since its rate does not depend on how many there are."""
SETTLED_SECONDS = 3
"""After this the service has done what it does once, at its start: calendars, holidays, connections."""
PUBLISHED_SECONDS = 10
"""Within this all that was said in a contest is on Kafka."""
AGAIN = 10
"""Of so many requests the last is the first once more, under the same key: its sender did not wait for the answer."""
WIDE = 5_000
"""Capacity of a slot that everyone may have."""

CHOICE = a_programme(
    programme="MX-REF", allocation=Allocation.CHOICE, base_minutes=15, per_adult_minutes=0, per_child_minutes=0
)
ONE_DESK_A_SITE = """
update resources r set capacity = 1, programmes = case when id in (
  select distinct on (site) id from resources where kind = 'desk' order by site, name) then array['MX-REF'] else '{}' end
where kind = 'desk'
"""
"""A household is shown one desk at each site and time; so each slot is a place of its own."""

NEXT_PLACES = """
select s.id from slots s join resources r on r.id = s.resource_id
where 'MX-REF' = any(r.programmes) and s.starts_at > now() + interval '5 days' order by s.starts_at, s.id limit $1
"""


RULES = {rule: sql for rule, sql in INVARIANTS.items() if "outbox" not in sql}
"""What was published before the contest is forgotten, so that the relay begins with the contest."""


@dataclass(frozen=True)
class Scene:
    """A prepared database with its waiting cases, and the slots that they want."""

    stack: Stack
    cases: Sequence[str]
    places: Sequence[int]


async def main() -> None:
    use_packaged_zone_data()
    calm_garbage_collector()
    async with a_stack() as stack:
        scene = await _prepared(stack)
        await _claims(scene)
        await _storm(scene)
        await _search(scene)


async def _claims(scene: Scene) -> None:
    """Everybody gets a place: at one slot, and spread over all of them."""
    table = Table("claims/s", "ours", "plain endpoint", "times", "bare ASGI answers/s", "of it")
    async with _peer(scene.stack, "bare") as port:
        floor = await fire(port, [a_post("/", b'{"slot_id":123456}')] * 20_000)
    for name, places in (("one hot slot", scene.places[:1]), (f"over {PLACES:,} slots", scene.places)):
        async with _ours(scene, capacity=WIDE) as contest:
            mine = await fire(contest.port, _choices(scene, places, CLAIMS))
            await _check(contest.url, mine, booked=CLAIMS - CLAIMS // AGAIN)
        async with _plain(scene.stack, places, WIDE) as port:
            theirs = await fire(port, _plain_choices(scene, places, PLAIN_CLAIMS))
        table.add_row(
            name, f"{mine.rate:,.0f}", f"{theirs.rate:,.0f}", f"{mine.rate / theirs.rate:.1f}",
            f"{floor.rate:,.0f}", f"{mine.rate / floor.rate:.2f}",
        )  # fmt: skip
    Console(width=120).print(table)


async def _storm(scene: Scene) -> None:
    """50,000 households, 1,450 places for one each, within 5 seconds."""
    table = Table(
        f"{HOUSEHOLDS:,} in {OFFERED_SECONDS} s for {PLACES:,} places", "answered in s", "times offered",
        "p50 ms", "p99 ms", "booked", "refused", "answers/s",
    )  # fmt: skip
    async with _ours(scene, capacity=1) as contest:
        mine = await fire(contest.port, _choices(scene, scene.places, HOUSEHOLDS), offered_seconds=OFFERED_SECONDS)
        await _check(contest.url, mine, booked=PLACES)
    async with _plain(scene.stack, scene.places, 1) as port:
        share = HOUSEHOLDS // 10
        theirs = await fire(port, _plain_choices(scene, scene.places, share), offered_seconds=OFFERED_SECONDS / 10)
    for name, answers in (("ours", mine), ("plain endpoint, a tenth of it in a tenth of the time", theirs)):
        offered = answers.seconds / (OFFERED_SECONDS * len(answers.statuses) / HOUSEHOLDS)
        table.add_row(
            name, f"{answers.seconds:.1f}", f"{offered:.2f}", f"{answers.percentile(0.5) * 1e3:,.0f}",
            f"{answers.percentile(0.99) * 1e3:,.0f}", f"{answers.counts[200]:,}", f"{answers.counts[409]:,}",
            f"{answers.rate:,.0f}",
        )  # fmt: skip
    Console(width=140).print(table)


async def _search(scene: Scene) -> None:
    """The places of a household, with few slots in the database and with very many at other sites."""
    table = Table("slot search", "slots", "median ms", "times")
    first = 0.0
    for count in (10_000, 1_000_000):
        async with _ours(scene, capacity=1, slots=count) as contest:
            seconds = [await _searched(scene.stack, contest.port, ref) for ref in scene.cases[:60]]
            median = statistics.median(seconds[10:])
            first = first or median
            table.add_row("", f"{count:,}", f"{median * 1e3:.1f}", f"{median / first:.2f}")
    Console(width=100).print(table)


async def _searched(stack: Stack, port: int, case_ref: str) -> float:
    headers = {"authorization": f"Bearer {stack.config['tokens']['assistant']}"}
    async with httpx.AsyncClient() as client:
        started = time.perf_counter()
        answer = await client.get(f"http://{HOST}:{port}/v1/cases/{case_ref}/slots", headers=headers)
        seconds = time.perf_counter() - started
    if not answer.json():
        raise RuntimeError("the search found no place")
    return seconds


async def _prepared(stack: Stack) -> Scene:
    """The template database: every household waits for its choice, every desk may hear it.

    Tables that are empty are not vacuumed, as nothing does where nothing was changed: whoever plans a statement then takes
    them for empty and reads the whole of them for each foreign key, until they are analysed again a minute later.
    """
    url = await new_database(stack, "bench_template", "template0")
    await upgrade_async(url, MIGRATIONS)
    database, clock = Database(url), SystemClock()
    await database.run(clock.now(), seed)
    sites = [row.site for row in await database.run(clock.now(), lambda uow: uow.rows("select site from sites"))]
    async with database.begin(clock.now()) as uow:
        await uow.execute(
            "delete from opening_rules r using resources x where x.id = r.resource_id and x.kind <> 'desk'"
        )
        await uow.execute(ONE_DESK_A_SITE)
        await uow.execute("update sites set admin_area = null")
    await open_calendars(database, clock.now())
    await database.run(
        clock.now(), lambda uow: take_in_programmes(uow, [CHOICE.model_copy(update={"sites": tuple(sites)})])
    )
    runner = BatchRunner(
        "intake.cases", HANDLERS["intake.cases"], group="bench", database=database, sealer=SEALER, clock=clock
    )
    latest = (clock.now() + timedelta(days=60)).date()
    cases = [
        a_case(sites=(), party=Party(attendees=1, adults=1, children=0), valid_until=latest) for _ in range(HOUSEHOLDS)
    ]
    for n in range(0, HOUSEHOLDS, 500):
        await runner.run([a_record(case) for case in cases[n : n + 500]])
    await Jobs(database, clock).look_again()
    async with database.begin(clock.now()) as uow:
        await uow.execute("truncate outbox, outbox_unpublished")
    await database.close()
    connection = await asyncpg.connect(url)
    places = [row[0] for row in await connection.fetch(NEXT_PLACES, PLACES)]
    await connection.execute("vacuum analyze cases, slots, resources, sites, programmes")
    await connection.close()
    if len(places) < PLACES:
        raise RuntimeError(f"there are only {len(places)} places")
    return Scene(stack, [case.case_ref for case in cases], places)


@dataclass(frozen=True)
class Contest:
    """A running service with a database of its own."""

    port: int
    url: str


@asynccontextmanager
async def _ours(scene: Scene, *, capacity: int, slots: int = 0) -> AsyncIterator[Contest]:
    """Scheduling as it runs for people, on a copy of the template; `slots`: how many there are in all, none of them new
    at the household's site."""
    url = await new_database(scene.stack, "bench_booking", "bench_template")
    connection = await asyncpg.connect(url)
    await connection.execute("update resources set capacity = $1 where kind = 'desk'", capacity)
    await connection.execute("update slots set capacity = $1 where kind = 'desk'", capacity)
    if slots:
        await _only_so_many(connection, slots)
    await connection.execute("vacuum analyze slots")
    await connection.close()
    port = scene.stack.ports.scheduling
    program = service("scheduling", scene.stack.state, scene.stack.ports, SERVICE_COMMANDS["scheduling"])
    program = replace(program, environment={**program.environment, "PUENTE_DATABASE_URL": url})
    async with _running(scene.stack, program):
        await asyncio.sleep(SETTLED_SECONDS)
        yield Contest(port, url)


async def _only_so_many(connection: "asyncpg.Connection[asyncpg.Record]", count: int) -> None:
    """One site as it is, and at others the rest, in the years after."""
    await connection.execute(
        "update cases set snapshot = jsonb_set(cast(snapshot as jsonb), '{sites}', '[\"MX-TAP-01\"]')"
    )
    await connection.execute("delete from slots where site <> 'MX-TAP-01'")
    await connection.execute(
        """insert into slots (resource_id, site, kind, starts_at, wall_time, local_date, capacity)
           select r.id, r.site, r.kind, at, at at time zone 'UTC', (at at time zone 'UTC')::date, 1
           from (select row_number() over () as n, * from resources where kind = 'desk' and site <> 'MX-TAP-01') r
           cross join lateral (
             select date_trunc('day', now()) + interval '4 days' + g * interval '15 minutes' as at
             from generate_series(1, 30_000) g) t
           order by at limit greatest(0, $1 - (select count(*) from slots))""",
        count,
    )


@asynccontextmanager
async def _peer(stack: Stack, *words: str) -> AsyncIterator[int]:
    port = stack.ports.scheduling
    command = [sys.executable, "-m", "bench.peers", words[0], str(port), *words[1:]]

    async def ready() -> bool:
        try:
            (await asyncio.open_connection(HOST, port))[1].close()
        except OSError:
            return False
        return True

    async with _running(stack, Program(words[0], command, FOR_EVERY_PROGRAM, ready=ready, ports=(port,))):
        yield port


@asynccontextmanager
async def _plain(stack: Stack, places: Sequence[int], capacity: int) -> AsyncIterator[int]:
    """The plain endpoint with the same places in tables of its own."""
    url = await new_database(stack, "bench_plain", "template0")
    database = Database(url)
    async with database.engine.begin() as connection:
        tables = [PlainSlot.metadata.tables[name] for name in ("plain_slots", "plain_bookings")]
        await connection.run_sync(lambda sync: PlainSlot.metadata.create_all(sync, tables))
        rows = [{"id": place, "capacity": capacity, "taken": 0} for place in places]
        await connection.execute(tables[0].insert(), rows)
    await database.close()
    async with _peer(stack, "plain", url) as port:
        yield port


@asynccontextmanager
async def _running(stack: Stack, program: Program) -> AsyncIterator[None]:
    child = Child(program, stack.state.log(program.name))
    await child.start()
    try:
        yield
    finally:
        await child.stop(seconds=5)


def _choices(scene: Scene, places: Sequence[int], count: int) -> list[bytes]:
    """One for each household under a key of its own; the last of ten is the first of them once more."""
    token = scene.stack.config["tokens"]["assistant"]
    wanted = (places[n % len(places)] for n in itertools.count())
    made: list[bytes] = []
    for n, ref in enumerate(scene.cases[:count]):
        if n % AGAIN == AGAIN - 1:
            made.append(made[1 - AGAIN])
        else:
            body = json.dumps({"slot_id": next(wanted)}).encode()
            made.append(a_post(f"/v1/cases/{ref}/appointment", body, token, key=ref))
    return made


def _plain_choices(scene: Scene, places: Sequence[int], count: int) -> list[bytes]:
    return [
        a_post(f"/book/{ref}", json.dumps({"slot_id": places[n % len(places)]}).encode())
        for n, ref in enumerate(scene.cases[:count])
    ]


async def _check(url: str, answers: Answers, *, booked: int) -> None:
    """The oracle: as many were told that they are booked as are, everyone else was refused, who asked again was told the
    same, the rules hold, and all that is to be said of it is on Kafka soon."""
    connection = await asyncpg.connect(url)
    async with asyncio.timeout(PUBLISHED_SECONDS):
        while await connection.fetchval("select exists (select from outbox_unpublished)"):
            await asyncio.sleep(0.1)
    broken = {rule: found for rule, sql in RULES.items() if (found := await connection.fetchval(sql))}
    there = await connection.fetchval("select count(*) from appointments where status = 'booked'")
    await connection.close()
    pairs = [
        answers.statuses[n - AGAIN + 1 : n + 1 : AGAIN - 1] for n in range(AGAIN - 1, len(answers.statuses), AGAIN)
    ]
    again = sum(second == 200 for _, second in pairs)
    told, refused = answers.counts[200] - again, answers.counts[409]
    if broken or not booked == there == told or told + again + refused != len(answers.statuses):
        raise RuntimeError(f"{broken}; {there} booked of {booked}, answers: {dict(answers.counts)}")
    if any(first != second for first, second in pairs):
        raise RuntimeError("who asked again was told something else")


if __name__ == "__main__":
    asyncio.run(main())
