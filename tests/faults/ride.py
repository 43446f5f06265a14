"""One run: results flow while processes are killed, then everything comes to rest and is looked at."""

import asyncio
import time
from collections import Counter
from dataclasses import dataclass
from random import Random

from tests.e2e.running import at_rest
from tests.faults.flow import Clients, Ledger, deliveries
from tests.faults.history import History, second_messages
from tests.faults.kills import kill_all, kill_order
from tests.faults.observed import history_of
from tests.faults.rough import Rough


@dataclass(frozen=True)
class Ride:
    """What was done and what came of it."""

    ledger: Ledger
    killed: Counter[str]
    history: History
    seconds_of_kills: float
    seconds_to_rest: float

    def __str__(self) -> str:
        """The figures, for people."""
        kills = ", ".join(f"{name} {n}" for name, n in sorted(self.killed.items()))
        said = len(self.history.said)
        twice_said = said - len({(event.stream, event.sequence) for event in self.history.said})
        return (
            f"{self.killed.total()} kills in {self.seconds_of_kills:.0f} s ({kills}), at rest {self.seconds_to_rest:.0f} s later; "
            f"{len(self.ledger.acknowledged)} results acknowledged in {self.ledger.documents} documents, "
            f"{self.ledger.sent_again} sent again; {len(self.history.cases)} cases; {said} records, {twice_said} of them twice; "
            f"{len(self.history.mails)} messages, {second_messages(self.history)} of them a second one"
        )


async def ride(running: Rough, *, results: int, kills: int, settle_seconds: float) -> Ride:
    """Lets results flow in step with the kills, until the last is answered and nothing is under way any more."""
    random = Random()
    clients = Clients(running.config, deliveries(results, random))
    order = kill_order(kills, random)
    portion = -(-results // len(order) // 20)
    sending = asyncio.create_task(clients.run())
    began = time.monotonic()
    clients.allow(portion)
    killed = await kill_all(running.stack, order, random, after_each=lambda: clients.allow(portion))
    clients.allow(results)
    ended = time.monotonic()
    async with asyncio.timeout(settle_seconds):
        await sending
        for name in running.stack.children:
            await running.stack.wait_ready(name, seconds=settle_seconds)
    await at_rest(running, seconds=settle_seconds)
    came_to_rest = time.monotonic()
    await asyncio.sleep(1.5)  # spans are stored half a second after they end
    return Ride(clients.ledger, killed, await history_of(running, clients.ledger), ended - began, came_to_rest - ended)
