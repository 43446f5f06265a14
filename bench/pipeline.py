"""From a case's record on Kafka to its offer acknowledged by Kafka: events per second, beside the floor F3 and beside the
same work done one event per transaction. Both sides and the floor alternate; the median ratio is what counts.
"""

import asyncio
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import asyncpg
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from rich.console import Console
from rich.table import Table

from bench.cpu import cpu_seconds
from bench.databases import a_stack, new_database
from bench.floor import floor_rate
from deploy.local.stack import Stack
from services.scheduling.app import HANDLERS, MIGRATIONS
from services.scheduling.calendars.slot_generation import open_calendars
from services.scheduling.repository.reference import take_in_programmes
from services.scheduling.seed import seed
from shared import spans, tracing
from shared.clock import SystemClock, use_packaged_zone_data
from shared.db import Database
from shared.events import CaseChanged, Party
from shared.kafka import consumer as consumer_module
from shared.kafka.batch import BatchRunner
from shared.kafka.consumer import Consumer
from shared.kafka.relay import Relay
from shared.kafka.topics import ensure_topics
from shared.migrations import upgrade_async
from shared.service import calm_garbage_collector
from tests.builders import a_case, a_programme, a_record
from tests.scheduling import SEALER

ROUNDS = 3
PEOPLE, OFFICERS, SINGLE = 20_000, 2_000, 1_000
"""Events a round: with people counted, with officers' time, and one event per transaction."""
LATEST = date.today() + timedelta(days=88)  # noqa: DTZ011  a benchmark's far day


@dataclass(frozen=True)
class Run:
    """One contestant's round."""

    rate: float
    cpu_microseconds: float
    slot_rows: float = 0.0


async def main() -> None:
    use_packaged_zone_data()
    calm_garbage_collector()
    async with a_stack() as stack:
        await _compare(stack)


async def _compare(stack: Stack) -> None:
    template = await _prepared(stack)
    floors, batched, traced, single, officers = [], [], [], [], []
    for _ in range(ROUNDS):
        floors.append(await floor_rate(stack.config["databases"]["scheduling"], PEOPLE))
        batched.append(await _run(stack, template, _people(PEOPLE)))
        traced.append(await _run(stack, template, _people(PEOPLE), is_traced=True))
        single.append(await _run(stack, template, _people(SINGLE), batch=1))
        officers.append(await _run(stack, template, _officers(OFFICERS)))
    _print(floors, batched, traced, single, officers)


async def _prepared(stack: Stack) -> str:
    """A database with sites and slots; windows and desks wide enough for every household of the benchmark."""
    url = await new_database(stack, "bench_template", "template0")
    await upgrade_async(url, MIGRATIONS)
    database, now = Database(url), SystemClock().now()
    await database.run(now, seed)
    async with database.begin(now) as uow:
        await uow.execute("update resources set capacity = case kind when 'window' then 5000 else 12 end")
    await open_calendars(database, now)
    await database.run(now, lambda uow: take_in_programmes(uow, PROGRAMMES))
    await database.close()
    return "bench_template"


PROGRAMMES = (a_programme(), a_programme(programme="MX-TVR", counts="people", base_minutes=20, sites=("MX-SCH-01",)))


def _people(count: int) -> list[CaseChanged]:
    return [a_case(programme="MX-TVR", sites=("MX-SCH-01",), valid_until=LATEST) for _ in range(count)]


def _officers(count: int) -> list[CaseChanged]:
    return [a_case(valid_until=LATEST, party=Party(attendees=2, adults=1, children=1)) for _ in range(count)]


async def _run(
    stack: Stack, template: str, cases: Sequence[CaseChanged], *, batch: int = 500, is_traced: bool = False
) -> Run:
    """`is_traced`: its spans are stored, as a service does all day."""
    url = await new_database(stack, "bench_run", template)
    await _fill_topics(stack.config["kafka"], cases)
    consumer_module.MAX_BATCH = batch
    database, clock = Database(url), SystemClock()
    runners = [
        BatchRunner(topic, handler, group="bench", database=database, sealer=SEALER, clock=clock)
        for topic, handler in HANDLERS.items()
    ]
    consumer = Consumer(stack.config["kafka"], "bench", runners, database=database, clock=clock)
    for progress in consumer.topics.values():
        progress.batch_size = batch
    relay = Relay(database, stack.config["kafka"], service="bench", clock=clock)
    tracing.configure("bench", spans.processors(url, None) if is_traced else [])
    cpu = cpu_seconds(stack)
    tasks = [asyncio.create_task(relay.run()), asyncio.create_task(consumer.run())]
    wanted = len(cases)
    seconds = await _until_published(url, wanted, tasks)
    await asyncio.to_thread(tracing.shutdown)
    used = cpu_seconds(stack) - cpu
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    rows = await _checked(url, wanted)
    await database.close()
    return Run(wanted / seconds, used / wanted * 1e6, rows / seconds)


async def _fill_topics(kafka: str, cases: Sequence[CaseChanged]) -> None:
    """Empty topics with just these cases in them."""
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    await admin.delete_topics([name for name in await admin.list_topics() if not name.startswith("__")])
    await asyncio.sleep(1)
    await admin.close()
    await ensure_topics(kafka)
    producer = AIOKafkaProducer(bootstrap_servers=kafka, linger_ms=5, max_batch_size=131_072)
    await producer.start()
    for case in cases:
        record = a_record(case)
        await producer.send(record.topic, value=record.value, key=record.key, headers=list(record.headers))
    await producer.stop()


HANDLED = "select handled from consumer_progress where topic = 'intake.cases'"
UNPUBLISHED = "select exists (select 1 from outbox_unpublished)"
"""Both look at a row or two, since what asks is measured with what it asks about."""


async def _until_published(url: str, wanted: int, tasks: Sequence["asyncio.Task[None]"]) -> float:
    """Seconds from the first event handled to the last offer acknowledged by Kafka."""
    connection = await asyncpg.connect(url)
    started = None
    while True:
        handled = await connection.fetchval(HANDLED) or 0
        if started is None and handled:
            started = time.perf_counter()
        if started is not None and handled >= wanted and not await connection.fetchval(UNPUBLISHED):
            await connection.close()
            return time.perf_counter() - started
        if any(task.done() for task in tasks):
            raise RuntimeError("the consumer or the relay ended")
        await asyncio.sleep(0.02)


async def _checked(url: str, wanted: int) -> int:
    """The oracle: every household has one offer and its slots, none is oversold. Gives the slot rows claimed."""
    connection = await asyncpg.connect(url)
    offers = await connection.fetchval("select count(distinct case_ref) from appointments where status = 'pending'")
    oversold = await connection.fetchval("select count(*) from slots where taken > capacity")
    rows = await connection.fetchval("select count(*) from slot_claims")
    await connection.close()
    if offers != wanted or oversold:
        raise RuntimeError(f"{offers} offers of {wanted}, {oversold} slots oversold")
    return int(rows)


def _print(floors: list[float], batched: list[Run], traced: list[Run], single: list[Run], officers: list[Run]) -> None:
    table = Table("", "events/s (median)", "of F3", "times one by one", "CPU us per event", "slot rows/s")
    floor, one = statistics.median(floors), statistics.median(run.rate for run in single)
    table.add_row("floor F3: one statement, 500 a batch", f"{floor:,.0f}", "1", "", "", "")
    for name, runs in (
        ("people counted, batches", batched),
        ("people counted, batches, spans stored", traced),
        ("people counted, one by one", single),
        ("officers, batches", officers),
    ):
        rate = statistics.median(run.rate for run in runs)
        cpu = statistics.median(run.cpu_microseconds for run in runs)
        slots = statistics.median(run.slot_rows for run in runs)
        of_floor = statistics.median(run.rate / f for run, f in zip(runs, floors, strict=True))
        table.add_row(name, f"{rate:,.0f}", f"{of_floor:.2f}", f"{rate / one:.1f}", f"{cpu:,.0f}", f"{slots:,.0f}")
    Console(width=120).print(table)
