"""Each country's system is told where its cases' interviews stand: handler, job and receiver on a real database."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor
from pydantic import HttpUrl, SecretStr, ValidationError

from deploy.local.state import write_private
from deploy.simulators.receiver import Countries, handler_for
from services.intake.receivers import Receivers
from services.intake.settings import IntakeSettings, SystemCredentials
from services.intake.teller import BATCH, Teller
from shared import tracing
from shared.events import CaseScheduled, System
from tests.conftest import MakeDatabase
from tests.intake import ROLES, SECRETS, Hearing, settings
from tests.unit.intake_builders import ca_result, mx_row, ndjson, results, sheet, us_message
from tests.unit.notifications_builders import a_snapshot, an_appointment, later

OURS = {"us": SECRETS[2], "mx": "our-mx-token", "ca": "our-ca-token"}
MINUTES = timedelta(minutes=1)


class World(Countries):
    """The three countries' systems on one port. `status` is answered to everything, if set; `cannot_read`: a word that
    makes a document unreadable; `breaks_on`: one at which the system breaks; `asked`: who was told something, in order."""

    def __init__(self, folder: Path) -> None:
        write_private(folder / "dev.json", {"systems": {system: {"ours": ours} for system, ours in OURS.items()}})
        super().__init__(folder)
        self.status: int | None = None
        self.cannot_read: str | None = None
        self.breaks_on: str | None = None
        self.asked: list[str] = []
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler_for(self))
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def take(self, system: str, headers: Mapping[str, str], body: str) -> int:
        self.asked.append(system)
        if self.cannot_read and self.cannot_read in body:
            return 422
        if self.breaks_on and self.breaks_on in body:
            return 500
        return self.status or super().take(system, headers, body)

    def url(self, system: str) -> HttpUrl:
        return HttpUrl(f"http://127.0.0.1:{self.server.server_port}/{system}")

    def heard(self, system: str) -> list[tuple[str, str]]:
        """Case and state of each message, each once, in the order of arrival."""
        return [(line["case"], line["state"]) for line in self.told(system)]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.server.shutdown()
    made.server.server_close()


class Telling(Hearing):
    """Intake, its consumer of scheduling's cases and its job."""

    def __init__(self, url: str, world: World) -> None:
        super().__init__(url)
        self.world = world
        self.teller = self.another_teller(*System)

    def another_teller(self, *systems: System) -> Teller:
        """The job as it would run in another process that knows these systems."""
        credentials = {system: SystemCredentials(ours=SecretStr(ours)) for system, ours in OURS.items()}
        urls = {system: self.world.url(system) for system in systems}
        return Teller(self.database, self.clock, Receivers(urls, credentials))

    async def tell(self, *systems: System) -> None:
        for system in systems or System:
            await self.teller.tell(system)

    async def a_case(self, system: str = "mx", number: int = 1) -> str:
        """One case of each country's, by its number."""
        body = {
            "us": ndjson(us_message(number, determination__id=f"US-2026-{number:06}")),
            "mx": sheet(mx_row(folio=f"MX-2026-{number:06}")).encode(),
            "ca": results(ca_result(id=f"CA-2026-{number:06}")),
        }[system]
        [receipt] = await self.receipts(system, body)
        return str(receipt["case_ref"])

    async def counts(self, system: str) -> tuple[int, int]:
        """What operations see: told and untold."""
        counts = (await self.get("/ops/state")).json()["counts"][system]
        return counts["told"], counts["untold"]


@pytest_asyncio.fixture(loop_scope="session")
async def intake(new_database: MakeDatabase, intake_template: str, world: World) -> AsyncIterator[Telling]:
    running = Telling(await new_database(intake_template), world)
    yield running
    await running.close()


def of(system: str, case_ref: str, snapshot: CaseScheduled) -> CaseScheduled:
    return snapshot.model_copy(update={"system": System(system), "case_ref": case_ref})


async def test_each_country_is_told_of_its_own_cases_and_proves_that_it_is_us(intake: Telling, world: World) -> None:
    intake.clock.advance(datetime.now(UTC) - intake.clock.now())  # the signature is of this moment
    refs = {system: await intake.a_case(system) for system in ("us", "mx", "ca")}
    await intake.hear(*(of(system, ref, a_snapshot(an_appointment("pending"))) for system, ref in refs.items()))

    await intake.tell()

    assert [(refs["us"], "OFFERED")] == world.heard("us")
    assert [(refs["mx"], "OFRECIDA")] == world.heard("mx")
    assert [(refs["ca"], "offered")] == world.heard("ca")
    assert [(1, 0)] * 3 == [await intake.counts(system) for system in refs]


async def test_only_the_newest_is_told_and_nothing_is_told_twice(intake: Telling, world: World) -> None:
    ref, offer = await intake.a_case(), an_appointment("pending")
    snapshots = [
        a_snapshot(offer, version=2, case_ref=ref),
        a_snapshot(later(offer, "booked"), version=3, case_ref=ref),
    ]

    await intake.hear(*reversed(snapshots))
    await intake.tell()
    await intake.hear(*snapshots, a_snapshot(later(offer, "arrived"), version=4, case_ref=ref))
    await intake.tell()

    assert [(ref, "CONFIRMADA")] == world.heard("mx")
    assert 1 == len(world.asked)


async def test_what_changes_is_told_anew_and_a_date_that_was_told_otherwise_has_moved(
    intake: Telling, world: World
) -> None:
    ref, first, second = await intake.a_case(), an_appointment("booked"), an_appointment("booked", site="MX-TIJ-01")
    ended = later(second, "cancelled", reason="applicant-request")

    for version, snapshot in enumerate(
        [a_snapshot(first), a_snapshot(second), a_snapshot(ended=ended, waiting="declined")], start=1
    ):
        await intake.hear(snapshot.model_copy(update={"version": version, "case_ref": ref}))
        await intake.tell()

    assert ["CONFIRMADA", "REPROGRAMADA", "CANCELADA"] == [state for _, state in world.heard("mx")]


@pytest.mark.parametrize("status", [500, 503, 401, 404, 302, 429])
async def test_a_system_that_is_away_is_told_later_once_and_holds_no_other_up(
    intake: Telling, world: World, status: int
) -> None:
    refs = {system: await intake.a_case(system) for system in ("mx", "ca")}
    await intake.hear(*(of(system, ref, a_snapshot(an_appointment("pending"))) for system, ref in refs.items()))
    world.status = status
    await intake.tell(System.MX)
    await intake.tell(System.MX)
    world.status = None

    await intake.tell(System.CA)
    meanwhile = world.heard("mx"), await intake.counts("mx")
    intake.clock.advance(MINUTES)
    await intake.tell()

    assert ([], (0, 1)) == meanwhile
    assert ["mx", "ca", "mx"] == world.asked
    assert ([(refs["mx"], "OFRECIDA")], [(refs["ca"], "offered")]) == (world.heard("mx"), world.heard("ca"))


async def test_a_message_that_cannot_be_read_keeps_no_other_from_arriving(intake: Telling, world: World) -> None:
    refs = [await intake.a_case(number=number) for number in range(1, 6)]
    await intake.hear(*(a_snapshot(an_appointment("booked"), case_ref=ref) for ref in refs))
    world.cannot_read = refs[3]

    await intake.tell()

    [row] = await intake.rows("select case_ref, tries, last_error from tellings where next_try_at is not null")
    assert {*refs} - {refs[3]} == {ref for ref, _ in world.heard("mx")}
    assert (refs[3], 1, "HTTP 422") == tuple(row)


async def test_a_message_at_which_a_system_breaks_keeps_no_other_from_arriving(intake: Telling, world: World) -> None:
    refs = [await intake.a_case(number=number) for number in range(1, 6)]
    await intake.hear(*(a_snapshot(an_appointment("booked"), case_ref=ref) for ref in refs))
    world.breaks_on = refs[3]

    others, within = {*refs} - {refs[3]}, intake.clock.now() + timedelta(hours=1)
    while others != {ref for ref, _ in world.heard("mx")} and intake.clock.now() < within:
        await intake.tell(System.MX)
        intake.clock.advance(timedelta(seconds=0.5))

    assert others == {ref for ref, _ in world.heard("mx")}


async def test_what_arrived_without_our_knowing_comes_again_under_the_same_id(intake: Telling, world: World) -> None:
    ref = await intake.a_case()
    await intake.hear(a_snapshot(an_appointment("booked"), case_ref=ref))
    before = await intake.rows("select * from tellings")
    await intake.tell()
    async with intake.database.begin(intake.clock.now()) as uow:  # as if we had died before the record
        await uow.execute("update tellings set told = null, told_at = null, next_try_at = :now", now=uow.now)

    await intake.tell()

    assert 1 == len(before)
    assert 2 == len(world.asked)
    assert [(ref, "CONFIRMADA")] == world.heard("mx")


async def test_two_tellers_at_once_tell_each_case_once(intake: Telling, world: World) -> None:
    refs = [await intake.a_case(number=number) for number in range(1, 4)]
    await intake.hear(*(a_snapshot(an_appointment("booked"), case_ref=ref) for ref in refs))

    await asyncio.gather(intake.tell(System.MX), intake.another_teller(System.MX).tell(System.MX))

    assert 1 == len(world.asked) <= BATCH
    assert sorted(refs) == sorted(ref for ref, _ in world.heard("mx"))


async def test_a_fact_that_comes_while_another_is_on_its_way_is_told_next(
    intake: Telling, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    ref, offer = await intake.a_case(), an_appointment("pending")
    await intake.hear(a_snapshot(offer, case_ref=ref))
    receivers = intake.teller.receivers
    tell = receivers.tell

    async def meanwhile(*arguments: Any) -> None:
        monkeypatch.setattr(receivers, "tell", tell)  # once
        await intake.hear(a_snapshot(later(offer, "booked"), version=2, case_ref=ref))
        await tell(*arguments)

    monkeypatch.setattr(receivers, "tell", meanwhile)  # something happens on the way
    await intake.tell()

    assert [(ref, "OFRECIDA"), (ref, "CONFIRMADA")] == world.heard("mx")


async def test_without_an_address_everything_stays_to_be_told(intake: Telling, world: World) -> None:
    ref = await intake.a_case()
    await intake.hear(a_snapshot(an_appointment("booked"), case_ref=ref))

    await intake.another_teller(System.US).tell(System.MX)

    assert ([], (0, 1)) == (world.asked, await intake.counts("mx"))


async def test_a_case_of_which_intake_knows_nothing_yet_waits_and_holds_no_other_up(
    intake: Telling, world: World
) -> None:
    ref = await intake.a_case()
    await intake.hear(*(a_snapshot(an_appointment("booked"), case_ref=each) for each in ("NA7K-3QF2-M9X0", ref)))

    await intake.tell()

    assert [(ref, "CONFIRMADA")] == world.heard("mx")
    assert (1, 1) == await intake.counts("mx")


async def test_the_telling_is_a_span_in_the_trace_of_its_result_and_a_retry_is_linked(
    intake: Telling, world: World
) -> None:
    ref = await intake.a_case()
    await intake.hear(a_snapshot(an_appointment("booked"), case_ref=ref))
    [row] = await intake.rows("select traceparent from tellings")
    made_in = tracing.from_traceparent(row.traceparent)
    collected = Collected()
    tracing.configure("intake", [collected])

    world.status = 503
    await intake.tell()
    world.status = None
    intake.clock.advance(MINUTES)
    await intake.tell()

    tracing.configure("intake", [])
    first, second = collected.named("tell mx booked")
    assert made_in is not None
    assert first.context is not None
    assert [(made_in.trace_id, made_in.span_id)] * 2 == [
        (each.parent.trace_id, each.parent.span_id) for each in (first, second) if each.parent
    ]
    assert ["ReceiverAway", None] == [(each.attributes or {}).get(tracing.ERROR_TYPE) for each in (first, second)]
    assert [first.context.span_id] == [link.context.span_id for link in second.links]


@pytest.mark.parametrize(
    "url", ["https://user:secret@mx.example/in", "https://mx.example/in?token=x", "ftp://mx.example"]
)
def test_an_address_that_would_show_a_secret_is_refused_at_the_start(url: str) -> None:
    usual = settings("postgresql://nobody@127.0.0.1:1/none")

    with pytest.raises(ValidationError):
        IntakeSettings.model_validate({**usual.model_dump(), "tokens": ROLES, "receiver_urls": {"mx": url}})


def test_an_address_without_anything_to_prove_us_by_is_refused_at_the_start() -> None:
    with pytest.raises(ValueError, match="mx has an address"):
        Receivers({System.MX: HttpUrl("https://mx.example/in")}, {"mx": SystemCredentials()})


class Collected(SpanProcessor):
    """Finished spans, in the order in which they ended."""

    def __init__(self) -> None:
        self.spans: list[ReadableSpan] = []

    def on_end(self, span: ReadableSpan) -> None:
        self.spans.append(span)

    def named(self, name: str) -> list[ReadableSpan]:
        return [span for span in self.spans if span.name == name]
