"""Nothing that names a person leaves intake and the household's own mailbox: not for Kafka, logs, spans or figures."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import httpx
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from deploy.local.state import SERVICES
from shared.web.authorities import authorities
from tests.e2e.households import IN_EVERY_NAME, a_household, what_names
from tests.e2e.running import Running, at_rest

TABLES = ("outbox", "trace_span", "stream_position", "consumer_progress", "parked_event")
"""Tables that every service has; `raw` of a parked event is encrypted."""

PLANTED = "Tlalpujahua-Planted"


async def test_nothing_that_names_a_person_is_found_outside_intake_and_the_mailbox(puente: Running) -> None:
    await _every_way_that_a_household_can_take(puente)
    needles = IN_EVERY_NAME.union(*(what_names(household) for household in puente.sent))

    async with _connections(puente) as connections:
        places = [*await _files(puente), *await _tables(connections), *await _pages(puente)]

    assert [] == _found(needles, places)
    assert sum(len(text) for _, text in places) > 100_000


async def test_control_the_search_finds_a_name_wherever_it_is_planted(puente: Running) -> None:
    async with _planted_in_kafka(puente), _planted_in_a_log(puente), _connections(puente) as connections:
        async with _planted_in_tables(connections["scheduling"]):
            places = [*await _files(puente), *await _tables(connections)]

    assert {"kafka", "planted.log", "scheduling.outbox", "scheduling.trace_span"} == {
        place for place, _ in _found({PLANTED}, places)
    }


async def test_control_the_search_finds_the_addresses_in_the_mailbox_and_the_case_in_every_place(
    puente: Running,
) -> None:
    household = a_household("US-RFA")
    case_ref = await puente.let_in(household)
    await puente.mails_to(household)
    await at_rest(puente)

    async with _connections(puente) as connections:
        places = [*await _files(puente), *await _tables(connections)]

    assert [("mailbox", household.email)] == _found(what_names(household), _mailbox(puente))
    assert {"kafka", "countries", "intake.outbox", "scheduling.outbox", "notifications.outbox"} <= {
        place for place, _ in _found({case_ref}, places)
    }


async def _every_way_that_a_household_can_take(puente: Running) -> None:
    """Offered, booked, named at check-in, quarantined, without a usable address, unreadable: each leaves other traces."""
    told = a_household("MX-REF", members=3)
    case_ref = await puente.let_in(told)
    await puente.mails_to(told)
    await puente.answer_offer(case_ref, "accept")
    await puente.post(a_household("US-RFA", identifiers_valid=False), a_household("US-ZZZ"))
    await puente.post(a_household("CA-RST", email="not an address of xoloitzcuin"), a_household("CA-BIO", phone=""))
    await puente.mails_to(told, 2)
    await puente.names_today(case_ref)
    await at_rest(puente)
    await asyncio.sleep(1)  # spans are stored half a second after they end


def _found(needles: Iterable[str], places: Iterable[tuple[str, bytes]]) -> list[tuple[str, str]]:
    """Each (place, needle) of which the place holds the needle, in whatever case of letters."""
    lowered = [(place, text.lower()) for place, text in places]
    wanted = [(needle, needle.lower().encode()) for needle in sorted(needles)]
    return list(
        dict.fromkeys((place, needle) for place, text in lowered for needle, bytes_ in wanted if bytes_ in text)
    )


def _mailbox(puente: Running) -> list[tuple[str, bytes]]:
    return [("mailbox", file.read_bytes()) for file in Path(puente.config["mailbox"]).glob("new/*")]


async def _files(puente: Running) -> list[tuple[str, bytes]]:
    """Kafka's log files, what every child has printed and what the countries were told."""
    state = puente.folder
    kafka = [("kafka", file.read_bytes()) for file in (state / "kafka").rglob("*.log")]
    countries = [("countries", file.read_bytes()) for file in (state / "countries").iterdir()]
    return kafka + countries + [(file.name, file.read_bytes()) for file in (state / "logs").iterdir()]


async def _tables(connections: dict[str, asyncpg.Connection]) -> list[tuple[str, bytes]]:
    """Every row of the shared tables, and of all tables of the two services that may know nobody."""
    found = []
    for service, connection in connections.items():
        names = TABLES if service == "intake" else await _all_tables(connection)
        for name in names:
            rows = await connection.fetch(f"select t::text as row from {name} t")  # noqa: S608 - our own tables
            found.append((f"{service}.{name}", "\n".join(row["row"] for row in rows).encode()))
    return found


async def _all_tables(connection: asyncpg.Connection) -> list[str]:
    rows = await connection.fetch("select tablename from pg_tables where schemaname = 'public' order by tablename")
    return [row["tablename"] for row in rows]


async def _pages(puente: Running) -> list[tuple[str, bytes]]:
    """What operations are shown, and problems that quote what was asked."""
    found = []
    headers = {"Authorization": f"Bearer {puente.config['tokens']['ops']}"}
    async with httpx.AsyncClient(headers=headers, verify=authorities()) as client:
        for service in SERVICES:
            for path in ("/metrics", "/ops/state", "/v1/cases/nobody", "/v1/notices?case_ref=nobody"):
                answer = await client.get(puente.config["services"][service] + path)
                found.append((f"{service}{path}", answer.content))
    return found


@asynccontextmanager
async def _connections(puente: Running) -> AsyncIterator[dict[str, asyncpg.Connection]]:
    opened = {service: await asyncpg.connect(puente.config["databases"][service]) for service in SERVICES}
    try:
        yield opened
    finally:
        for connection in opened.values():
            await connection.close()


@asynccontextmanager
async def _planted_in_kafka(puente: Running) -> AsyncIterator[None]:
    """A record with a name, in a topic of its own that nobody reads."""
    bootstrap, topic = puente.config["kafka"], "planted"
    admin, producer = AIOKafkaAdminClient(bootstrap_servers=bootstrap), AIOKafkaProducer(bootstrap_servers=bootstrap)
    await admin.start()
    await admin.create_topics([NewTopic(topic, 1, 1)])
    await producer.start()
    await producer.send_and_wait(topic, f'{{"name": "{PLANTED}"}}'.encode())
    await producer.stop()
    try:
        yield
    finally:
        await admin.delete_topics([topic])
        await admin.close()


@asynccontextmanager
async def _planted_in_a_log(puente: Running) -> AsyncIterator[None]:
    file = puente.folder / "logs" / "planted.log"
    file.write_text(f'{{"event": "interview.scheduled", "name": "{PLANTED}"}}\n', encoding="utf-8")
    try:
        yield
    finally:
        file.unlink()


@asynccontextmanager
async def _planted_in_tables(connection: asyncpg.Connection) -> AsyncIterator[None]:
    """Rows that only this connection sees, and that are never committed."""
    transaction = connection.transaction()
    await transaction.start()
    await connection.execute(
        """insert into outbox (topic, key, sequence, event_id, type, attributes, value, created_at)
           values ('planted', 'planted', 1, gen_random_uuid(), 'planted', '{}', $1, now())""",
        PLANTED,
    )
    await connection.execute(
        """insert into trace_span values ('t', 's', null, 'n', 'internal', 'scheduling', now(), 0, 'ok',
           jsonb_build_object('name', $1::text), '[]', null)""",
        PLANTED,
    )
    try:
        yield
    finally:
        await transaction.rollback()
