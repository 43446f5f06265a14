"""A running Puente as its users meet it: documents in, appointments answered, e-mails read, traces and states looked at."""

import asyncio
import json
import mailbox
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from itertools import chain
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import asyncpg
import httpx

from deploy.local.state import SERVICES
from deploy.senders import Answer, send
from deploy.simulators.households import Result
from deploy.simulators.sending import FORMATS
from services.intake import app as intake
from services.notifications import app as notifications
from services.scheduling import app as scheduling
from shared.tracing import case_hash
from shared.web.authorities import authorities
from tests.e2e.households import system_of

T = TypeVar("T")
Document = dict[str, Any]
PATIENCE_SECONDS = 90
"""Longest wait for anything; a machine that does other things too needs most of it."""

CONSUMED = {"intake": intake.HANDLERS, "scheduling": scheduling.HANDLERS, "notifications": notifications.HANDLERS}
"""The topics that each service reads."""

NEWEST = """
select topic, key, max(sequence) as sequence, bool_or(u.id is not null) as unpublished
from outbox left join outbox_unpublished u using (id) group by topic, key
"""
UNDER_WAY = {
    "notifications": """
        select case_ref, kind, state, next_try_at from notices
        where state in ('due', 'sending') and reason is distinct from 'safe hours'
    """,
    "scheduling": "select site, starts_at from freed_places where opens_at is null",
    "intake": """
        select case_ref, next_try_at from tellings where next_try_at is not null
        union all select case_ref, noted_at from referrals where done_at is null
    """,
}
A_FEW = 5
"""Rows that say enough of what is under way; all of them, asked ten times a second, cost a fifth of a core."""
IS_TODAY = """
update appointments set wall_time = (now() at time zone zone)::date + wall_time::time
where case_ref = $1 and status = 'booked' returning id
"""


async def at_rest(running: "Running", *, seconds: float = PATIENCE_SECONDS) -> None:
    """Returns when nothing is under way. Raises: AssertionError that says what still is."""

    async def quiet() -> bool:
        return not await running.work_left() and not await running.under_way()

    try:
        await eventually(quiet, seconds=seconds)
    except AssertionError as error:
        raise AssertionError(f"{error}: {await running.under_way()}") from None


async def eventually(question: Callable[[], Awaitable[T | None]], *, seconds: float = PATIENCE_SECONDS) -> T:
    """The first answer that is true. Raises: AssertionError with the last one."""
    answer = None
    for _ in range(int(seconds / 0.1)):
        if answer := await question():
            return answer
        await asyncio.sleep(0.1)
    raise AssertionError(f"not within {seconds:.0f} s; the last answer was {answer!r}")


class Running:
    """What a test does with the three services and asks of them. `config` is its dev.json, `folder` where it keeps its
    state, `sent` are all households that the test let in."""

    def __init__(self, config: Document, folder: Path) -> None:
        self.config = config
        self.folder = folder
        self.sent: list[Result] = []
        self._mails: dict[str, EmailMessage] = {}
        self._idle: dict[str, list[asyncpg.Connection]] = defaultdict(list)

    async def post(self, *households: Result, delivery_id: str | None = None) -> Answer:
        """Intake's answer to one document of the households' system. Raises: IntakeAway."""
        system = system_of(households[0])
        self.sent += households
        body = FORMATS[system](households, datetime.now(UTC))
        return await asyncio.to_thread(send, self.config, system, body, delivery_id=delivery_id or str(uuid4()))

    async def accepted(self, *households: Result) -> list[str]:
        """The case references of households whose document was taken and whose results were all accepted."""
        answer = await self.post(*households)
        assert [(202, "accepted")] * len(households) == [(answer.status, each["receipt"]) for each in answer.receipts]
        return [receipt["case_ref"] for receipt in answer.receipts]

    async def let_in(self, household: Result) -> str:
        """The case reference of one household in a document of its own."""
        return (await self.accepted(household))[0]

    async def get(self, service: str, path: str, **parameters: str) -> Any:
        """What operations are answered."""
        async with self._client(service) as client:
            return (await client.get(path, params=parameters)).raise_for_status().json()

    async def answer_offer(self, case_ref: str, answer: str) -> httpx.Response:
        """`accept` or `decline`, as staff do for a household."""
        async with self._client("scheduling") as client:
            return await client.post(f"/v1/cases/{case_ref}/appointment/{answer}")

    async def refer(self, case_ref: str, what: str, **proposal: Any) -> Document:
        """The case after a scheduler proposed its referral, or answered it: `/accept` and so on."""
        async with self._client("scheduling", "scheduler") as client:
            answer = await client.post(f"/v1/cases/{case_ref}/referral{what}", json=proposal or None)
        found: Document = answer.raise_for_status().json()
        return found

    async def names_today(self, case_ref: str) -> list[tuple[str, str]]:
        """Given and family name of each who must come, as an officer is shown them; the case's date is today from now on."""
        [row] = await self.rows("scheduling", IS_TODAY, case_ref)
        async with self._client("scheduling", "officer") as client:
            answer = (await client.get(f"/v1/appointments/{row['id']}/people")).raise_for_status().json()
        return [(person["given_name"], person["family_name"]) for person in answer["persons"]]

    async def case(self, case_ref: str) -> Document:
        """The case as scheduling shows it."""
        found: Document = await self.get("scheduling", f"/v1/cases/{case_ref}")
        return found

    async def reaches(self, case_ref: str, state: str) -> Document:
        """The case once it is in that state: offered, booked, waiting, or how it ended."""

        async def there() -> Document | None:
            async with self._client("scheduling") as client:
                answer = await client.get(f"/v1/cases/{case_ref}")
            found: Document = answer.json()
            return found if answer.status_code == 200 and found["state"] == state else None

        return await eventually(there)

    async def notices(self, case_ref: str) -> list[tuple[str, str]]:
        """Kind and state of each notice of the case, oldest first, once none is on its way: a message lies in the
        mailbox a moment before that is recorded."""

        async def there() -> list[tuple[str, str]] | None:
            notices = await self.get("notifications", "/v1/notices", case_ref=case_ref)
            found = [(notice["kind"], notice["state"]) for notice in notices]
            return found if found and all(state != "sending" for _, state in found) else None

        return await eventually(there)

    async def state(self, service: str) -> Document:
        found: Document = await self.get(service, "/ops/state")
        return found

    async def under_way(self) -> list[str]:
        """What was published and not handled, places to give, notices to send, countries to tell, households to refer.

        A notice that waits for the hours that its household calls safe is at rest.

        Asked of the databases, since what a service says of its lag may be two seconds old.
        """
        newest: dict[tuple[str, str], int] = {}
        found = []
        for service in SERVICES:
            rows = await self.rows(service, NEWEST)
            found += [f"{service} publishes {row['topic']} {row['key']}" for row in rows if row["unpublished"]]
            newest |= {(row["topic"], row["key"]): row["sequence"] for row in rows}
        for service, topics in CONSUMED.items():
            rows = await self.rows(service, "select topic, key, sequence from stream_position")
            position = {((row["topic"], row["key"]), row["sequence"]) for row in rows}
            wanted = {(stream, sequence) for stream, sequence in newest.items() if stream[0] in topics}
            found += [f"{service} is not at {each}" for each in position ^ wanted]
        return found + await self.work_left()  # last: what was handled until now shows there

    async def work_left(self) -> list[str]:
        """Of what is under way the part that takes longest, and that a glance shows: looking at all of it takes long enough
        to hold the services up. Of each service at most A_FEW."""
        return [
            f"{service}: {dict(row)}"
            for service, sql in UNDER_WAY.items()
            for row in await self.rows(service, f"{sql} limit {A_FEW}")
        ]

    def _client(self, service: str, role: str = "ops") -> httpx.AsyncClient:
        headers = {"Authorization": f"Bearer {self.config['tokens'][role]}"}
        return httpx.AsyncClient(
            base_url=self.config["services"][service], headers=headers, timeout=30, verify=authorities()
        )

    async def rows(self, service: str, sql: str, *arguments: Any) -> list[asyncpg.Record]:
        """What the service's own database holds."""
        async with self._connected(service) as connection:
            return list(await connection.fetch(sql, *arguments))

    @asynccontextmanager
    async def _connected(self, service: str) -> AsyncIterator[asyncpg.Connection]:
        """A connection that stays, unless the database was killed: making one takes longer than most questions."""
        idle = self._idle[service]
        idle[:] = [each for each in idle if not each.is_closed()]
        connection = idle.pop() if idle else await asyncpg.connect(self.config["databases"][service])
        try:
            yield connection
        except BaseException:
            connection.terminate()
            raise
        idle.append(connection)

    def close(self) -> None:
        """Lets go of the databases."""
        for connection in chain.from_iterable(self._idle.values()):
            connection.terminate()

    def mails(self) -> dict[str, list[EmailMessage]]:
        """Every e-mail by its recipient, in the order of arrival."""
        folder = mailbox.Maildir(self.config["mailbox"], create=False)
        for key in sorted(set(folder.keys()) - set(self._mails)):
            message = message_from_bytes(folder.get_bytes(key), policy=default)
            assert isinstance(message, EmailMessage)
            self._mails[key] = message
        by_recipient: dict[str, list[EmailMessage]] = defaultdict(list)
        for mail in self._mails.values():
            by_recipient[str(mail["To"])].append(mail)
        return by_recipient

    async def mails_to(self, household: Result, count: int = 1) -> list[EmailMessage]:
        """The household's e-mails once there are so many; never more."""

        async def there() -> list[EmailMessage] | None:
            found = self.mails()[household.email]
            return found if len(found) >= count else None

        found = await eventually(there)
        assert count == len(found)
        return found

    def told(self, case_ref: str) -> list[str]:
        """What the case's country was told of it so far, in its own words."""
        files = Path(self.config["countries"]).glob("*.ndjson")
        lines = [json.loads(line) for file in files for line in file.read_text("utf-8").splitlines()]
        return [line["state"] for line in lines if line["case"] == case_ref]

    async def spans(self, case_ref: str) -> list[Document]:
        """Every span of every trace in which a service has seen the case."""
        by_id: dict[str, Document] = {}
        for service in SERVICES:
            found = await self.get(service, "/ops/spans", case_ref=case_ref)
            for trace_id in {span["trace_id"] for span in found} - {span["trace_id"] for span in by_id.values()}:
                by_id |= {span["span_id"]: span for span in await self._spans_of_trace(trace_id)}
        return list(by_id.values())

    async def _spans_of_trace(self, trace_id: str) -> list[Document]:
        return [span for service in SERVICES for span in await self.get(service, "/ops/spans", trace_id=trace_id)]

    async def trace_with(self, case_ref: str, *names: str) -> "Trace":
        """The case's one trace that has spans of all these names, once every span between them is stored too."""

        async def there() -> Trace | None:
            by_trace: dict[str, list[Document]] = defaultdict(list)
            for span in await self.spans(case_ref):
                by_trace[span["trace_id"]].append(span)
            found = [spans for spans in by_trace.values() if set(names) <= {span["name"] for span in spans}]
            trace = Trace(found[0], case_hash(case_ref)) if len(found) == 1 else None
            return trace if trace and len(trace.roots) == 1 else None

        return await eventually(there)


class Trace:
    """The spans of one trace."""

    def __init__(self, spans: list[Document], case: str) -> None:
        self.spans = sorted(spans, key=lambda span: str(span["starts_at"]))
        self.id = spans[0]["trace_id"]
        self.case = case

    def named(self, name: str) -> list[Document]:
        return [span for span in self.spans if span["name"] == name]

    def one(self, name: str) -> Document:
        (span,) = self.named(name)
        return span

    @property
    def roots(self) -> list[str]:
        """The names of spans whose parent is not in the trace: one, when the trace is connected."""
        known = {span["span_id"] for span in self.spans}
        return [span["name"] for span in self.spans if span["parent_id"] not in known]

    @property
    def services(self) -> set[str]:
        return {span["service"] for span in self.spans}

    def path_to(self, span: Document) -> list[str]:
        """The names from the root to the span."""
        by_id = {each["span_id"]: each for each in self.spans}
        names = [span["name"]]
        while (parent := by_id.get(span["parent_id"])) is not None:
            span = parent
            names.insert(0, span["name"])
        return names

    def links_of(self, span: Document) -> set[tuple[str, str]]:
        """The (trace, span) ids that the span is linked to."""
        return {(link["trace_id"], link["span_id"]) for link in span["links"]}


def place(span: Document) -> tuple[str, str]:
    """What a link to this span says."""
    return span["trace_id"], span["span_id"]
