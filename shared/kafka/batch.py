"""What becomes of a batch: one transaction for all of it, or, when that fails, the one event at fault is found and parked.

The only place that decides between the fates of a failure:
a lost race or a database that is away -> raised, the same batch comes again;
anything else -> the batch is halved until the event is alone, that one is parked, the rest go on;
unreadable bytes -> dead at once;
many alike in a minute -> BadRelease: the events are fine, we are not.
"""

import time
from collections import Counter, defaultdict, deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

import structlog
from opentelemetry.trace import SpanContext, SpanKind

from shared import tracing
from shared.clock import Clock
from shared.crypto import Sealer
from shared.db import Database, UnitOfWork, is_lost_race, is_unavailable
from shared.events import Event
from shared.kafka import parked, positions
from shared.kafka.positions import Claimed
from shared.kafka.records import Received, Record, Unreadable, event_id_of, read
from shared.logs import cause_of

log = structlog.get_logger()

Handler = Callable[[list[Event], UnitOfWork], Awaitable[None]]

BAD_RELEASE_EVENTS = 20
BAD_RELEASE_SHARE = 0.05
BAD_RELEASE_SECONDS = 60


class BadRelease(RuntimeError):
    """Too many events fail alike: the topic stops until a release that can handle them, nothing of it is lost."""


@dataclass
class Batch:
    """Records of one topic, in the order of each partition."""

    topic: str
    events: list[Received]
    unreadable: list[tuple[Record, str]]
    last_records: list[tuple[Record, str]]
    by_stream: dict[tuple[str, str], list[Received]] = field(default_factory=lambda: defaultdict(list))

    @classmethod
    def of(cls, topic: str, records: Sequence[Record]) -> "Batch":
        """Decodes everything; what cannot be read is set apart with the reason."""
        batch = cls(topic, [], [], [])
        last: dict[int, Record] = {}
        for record in records:
            try:
                received = read(record)
                batch.events.append(received)
                batch.by_stream[received.stream].append(received)
            except Unreadable as error:
                batch.unreadable.append((record, str(error)))
            last[record.partition] = record
        for events in batch.by_stream.values():
            events.sort(key=lambda received: received.event.version)
        batch.last_records = [(record, event_id_of(record)) for record in last.values()]
        return batch

    def newest(self) -> list[Received]:
        """The newest event of each stream: the only ones that matter unless one of them is parked."""
        return [events[-1] for events in self.by_stream.values()]

    def before(self, received: Received) -> Received | None:
        """The newest event of the same stream that is older than this one."""
        older = [e for e in self.by_stream[received.stream] if e.event.version < received.event.version]
        return older[-1] if older else None


class BatchRunner:
    """Runs the handler of one topic over batches and parked events."""

    def __init__(
        self, topic: str, handler: Handler, *, group: str, database: Database, sealer: Sealer, clock: Clock
    ) -> None:
        self.topic = topic
        self._handler = handler
        self._group = group
        self._database = database
        self.sealer = sealer
        self._clock = clock
        self.last_try = time.monotonic()
        """When it last began a transaction, whatever became of it."""
        self._arrived: deque[tuple[float, int]] = deque()
        self._failures: deque[tuple[float, str]] = deque()

    async def run(self, records: Sequence[Record], *, stubborn: bool = False) -> int:
        """Handles the batch; how many events took effect.

        `stubborn`: it was retried often enough on a database that answers, so whatever fails counts as the event's own
        failure.
        Raises: BadRelease, and whatever says that the same batch must come again.
        """
        batch = Batch.of(self.topic, records)
        self._arrived.append((time.monotonic(), len(records)))
        await self._bury(batch)
        if stubborn:
            return await self._isolate(batch, stubborn=True)
        try:
            return await self._commit(batch, batch.newest(), final=True)
        except Exception as error:
            if is_lost_race(error) or is_unavailable(error):
                raise
            return await self._isolate(batch, stubborn=False)

    async def _commit(self, batch: Batch, chunk: list[Received], *, final: bool) -> int:
        """One transaction: claim, handle, close what is superseded, and at the end of the batch the offsets."""
        self.last_try, started_ns = time.monotonic(), time.time_ns()
        async with self._database.begin(self._clock.now()) as uow:
            claimed = await self._handle(uow, chunk)
            superseded = {one.received.stream: _superseded(batch, one) for one in claimed}
            if final:
                await positions.store_offsets(uow, batch.last_records)
            if claimed or final:
                jumps = sum(_jumped(one, superseded[one.received.stream]) for one in claimed)
                older = sum(len(events) for events in superseded.values())
                await positions.count_progress(uow, self.topic, handled=len(claimed), superseded=older, jumps=jumps)
        for one in claimed:
            self._span(one.received, started_ns, superseded=superseded[one.received.stream])
        return len(claimed)

    async def _handle(self, uow: UnitOfWork, chunk: list[Received]) -> list[Claimed]:
        claimed = await positions.claim(uow, chunk)
        if claimed:
            for one in claimed:
                uow.caused_by(one.received.event, one.received.as_cause())
            await self._handler([one.received.event for one in claimed], uow)
            await parked.close_older(uow, claimed)
        return claimed

    async def _isolate(self, batch: Batch, *, stubborn: bool) -> int:
        """Halves until each event at fault is alone, parks it and goes on with the one before it in its stream."""
        handled, todo = 0, _halves(batch.newest())
        while todo:
            chunk = todo.pop(0)
            try:
                handled += await self._commit(batch, chunk, final=False)
            except Exception as error:
                if not stubborn and (is_unavailable(error) or is_lost_race(error)):
                    raise
                if stubborn and not await self._database.answers():
                    raise
                if len(chunk) > 1:
                    todo[:0] = _halves(chunk)
                    continue
                await self._park(chunk[0], error)
                older = batch.before(chunk[0])
                todo[:0] = [[older]] if older else []
        await self._commit(batch, [], final=True)
        return handled

    async def _park(self, received: Received, error: Exception) -> None:
        cause = cause_of(error)
        self._span(received, time.time_ns(), error=type(error).__qualname__)
        async with self._database.begin(self._clock.now()) as uow:
            await parked.park(uow, received, cause, self.sealer, tracing.to_traceparent(received.context))
        log.error("event.parked", topic=self.topic, event_id=received.event_id, cause=cause)
        self._note_failure(cause)

    async def _bury(self, batch: Batch) -> None:
        """Bytes nobody can read are no sign of a bad release: no release will read them."""
        for record, reason in batch.unreadable:
            async with self._database.begin(self._clock.now()) as uow:
                is_new = await parked.bury(uow, record, reason, self.sealer)
            if is_new:
                log.error("event.unreadable", topic=record.topic, partition=record.partition, offset=record.offset)

    def _note_failure(self, cause: str) -> None:
        """Raises: BadRelease when 20 or more, and over 5 % of what came in a minute, failed alike."""
        now = time.monotonic()
        self._failures.append((now, cause))
        for window in (self._failures, self._arrived):
            while window and window[0][0] < now - BAD_RELEASE_SECONDS:
                window.popleft()
        alike = Counter(cause for _, cause in self._failures)[cause]
        if alike >= BAD_RELEASE_EVENTS and alike > BAD_RELEASE_SHARE * sum(count for _, count in self._arrived):
            raise BadRelease(f"{self.topic}: {alike} events failed alike in a minute ({cause})")

    async def retry_parked(self, event: parked.ParkedEvent) -> None:
        """Tries a parked event again, through the same claim; a new span, linked to the try before.

        Raises: what says that the database is away; everything else is the event's own failure.
        """
        before, started_ns = tracing.from_traceparent(event.traceparent), time.time_ns()
        received: Received | None = None
        try:
            received = read(parked.unseal(event, self.sealer))
            async with self._database.begin(self._clock.now()) as uow:
                if not await self._handle(uow, [received]):
                    await parked.supersede(uow, event)
            self._span(received, started_ns, before=before)
        except Exception as error:
            if is_unavailable(error) and not await self._database.answers():
                raise
            context = received.context if received else tracing.new_root()
            if received:
                self._span(received, started_ns, before=before, error=type(error).__qualname__)
            async with self._database.begin(self._clock.now()) as uow:
                await parked.failed_again(uow, event, cause_of(error), tracing.to_traceparent(context))

    def _span(
        self,
        received: Received,
        started_ns: int,
        *,
        superseded: Sequence[Received] = (),
        before: SpanContext | None = None,
        error: str | None = None,
    ) -> None:
        """One `process` span. It also links to the events that it made history, and to the try before."""
        attributes = {
            tracing.MESSAGING_SYSTEM: "kafka",
            tracing.OPERATION_NAME: "process",
            tracing.OPERATION_TYPE: "process",
            tracing.DESTINATION: self.topic,
            tracing.PARTITION: str(received.record.partition),
            tracing.OFFSET: received.record.offset,
            tracing.GROUP: self._group,
            tracing.MESSAGE_ID: received.event_id,
            tracing.EVENT_TYPE: received.event.type,
            **tracing.about_case(received.event),
            **({tracing.SUPERSEDED: len(superseded)} if superseded else {}),
        }
        linked = (received.made_in, before, *(older.made_in for older in superseded))
        links = tuple(context for context in linked if context)
        name, kind = f"process {self.topic}", SpanKind.CONSUMER
        tracing.Span(name, kind, received.context, received.made_in, attributes, links, started_ns, error).end()


def _halves(events: list[Received]) -> list[list[Received]]:
    middle = (len(events) + 1) // 2
    return [half for half in (events[:middle], events[middle:]) if half]


def _superseded(batch: Batch, one: Claimed) -> list[Received]:
    """The older events of the batch that a handled one made history, those handled before left out."""
    stream = batch.by_stream[one.received.stream]
    if len(stream) == 1:
        return []
    older = {e.event.version: e for e in stream}
    return [e for version, e in older.items() if one.before < version < one.received.event.version]


def _jumped(one: Claimed, superseded: Sequence[Received]) -> int:
    """How many numbers of the stream never came, neither before nor in this batch; of a stream never seen, none."""
    return one.received.event.version - one.before - 1 - len(superseded) if one.before else 0
