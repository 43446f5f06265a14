"""Thousands of results from three countries, sent by impatient clients who write down what they were answered."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from random import Random
from uuid import uuid4

from deploy.senders import Answer, IntakeAway, send
from deploy.simulators.households import Result, invent, revised
from deploy.simulators.reference import open_programmes
from deploy.simulators.sending import FORMATS
from tests.e2e.running import Document
from tests.faults.history import Acknowledged
from tests.faults.length import IS_LONG

AT_ONCE = 20
"""Results in a document."""

SHARES = {"us": 2, "mx": 5, "ca": 4}
"""How often each country sends, after the number of its desks."""

AGAIN_SHARE = 0.7 if IS_LONG else 0.2
"""How many of the results are a higher revision of one that was sent before; in the long run more, since there are
places for some 6,000 households."""

FIRST_NUMBER = 100_000
"""Households of other tests have lower numbers."""


@dataclass(frozen=True)
class Delivery:
    """A document, the same bytes and delivery id however often it is sent."""

    system: str
    delivery_id: str
    body: bytes
    results: tuple[Result, ...]


def deliveries(results: int, random: Random) -> list[Delivery]:
    """Documents with so many results, all of programmes that offer the earliest place."""
    now = datetime.now(UTC)
    systems = random.choices(list(SHARES), list(SHARES.values()), k=results // AT_ONCE)
    sources = {system: _parts_of(system, random) for system in SHARES}
    parts = [(system, next(sources[system])) for system in systems]
    return [Delivery(system, str(uuid4()), FORMATS[system](part, now), part) for system, part in parts]


def _parts_of(system: str, random: Random) -> Iterator[tuple[Result, ...]]:
    """New households, and now and then another revision of one that an earlier document spoke of."""
    programmes = [programme for programme in open_programmes(system) if programme.is_immediate]
    today, seed = datetime.now(UTC).date(), f"faults/{random.random()}"
    newest: list[Result] = []
    for first in count(FIRST_NUMBER, AT_ONCE):
        again = random.sample(range(len(newest)), sum(random.random() < AGAIN_SHARE for _ in newest[:AT_ONCE]))
        for place in again:
            newest[place] = revised(newest[place], random)
        fresh = [invent(programmes, first + n, seed=seed, day=today) for n in range(AT_ONCE - len(again))]
        yield (*fresh, *(newest[place] for place in again))
        newest += fresh


@dataclass
class Ledger:
    """What the clients know: every result that was answered 202, and how often they had to send again."""

    acknowledged: list[Acknowledged] = field(default_factory=list)
    documents: int = 0
    sent_again: int = 0

    def note(self, delivery: Delivery, answer: Answer) -> None:
        """Raises: AssertionError when intake refused the document."""
        assert answer.was_taken, answer
        self.documents += 1
        for result, receipt in zip(delivery.results, answer.receipts, strict=True):
            self.acknowledged.append(
                Acknowledged(
                    delivery.system,
                    receipt["id"],
                    result.revision,
                    result.outcome,
                    receipt["receipt"],
                    receipt["case_ref"],
                )
            )


class Clients:
    """Send documents side by side, as many as they were allowed to, each until it is answered."""

    def __init__(self, config: Document, todo: Sequence[Delivery], *, side_by_side: int = 4) -> None:
        self.ledger = Ledger()
        self._config = config
        self._todo = list(reversed(todo))
        self._allowed = asyncio.Semaphore(0)
        self._side_by_side = side_by_side

    def allow(self, documents: int) -> None:
        """So many more may be sent."""
        for _ in range(documents):
            self._allowed.release()

    async def run(self) -> None:
        """Returns when every document was answered."""
        async with asyncio.TaskGroup() as group:
            for _ in range(self._side_by_side):
                group.create_task(self._one_client())

    async def _one_client(self) -> None:
        while self._todo:
            await self._allowed.acquire()
            if self._todo:
                await self._until_answered(self._todo.pop())

    async def _until_answered(self, delivery: Delivery) -> None:
        while True:
            try:
                answer = await asyncio.to_thread(
                    send, self._config, delivery.system, delivery.body, delivery_id=delivery.delivery_id
                )
            except IntakeAway:
                self.ledger.sent_again += 1
                await asyncio.sleep(0.3)
            else:
                return self.ledger.note(delivery, answer)
