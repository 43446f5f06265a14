"""From the POST of one household to its e-mail in the mailbox, on the running system, once it is warm: seconds."""

import asyncio
import statistics
import time

from rich.console import Console
from rich.table import Table

from tests.e2e.command import running_puente
from tests.e2e.households import a_household
from tests.e2e.running import Running

PROGRAMMES = {"us": "US-RFA", "mx": "MX-REF", "ca": "CA-RST"}
WARM_UP, MEASURED = 3, 10


async def main() -> None:
    async with running_puente() as puente:
        for _ in range(WARM_UP):
            for programme in PROGRAMMES.values():
                await _seconds(puente, programme)
        measured = {
            system: [await _seconds(puente, programme) for _ in range(MEASURED)]
            for system, programme in PROGRAMMES.items()
        }
    table = Table("POST to e-mail, one household, warm", "median s", "longest s")
    for system, seconds in measured.items():
        table.add_row(system, f"{statistics.median(seconds):.2f}", f"{max(seconds):.2f}")
    Console(width=120).print(table)


async def _seconds(puente: Running, programme: str) -> float:
    household = a_household(programme)
    started = time.perf_counter()
    await puente.let_in(household)
    while not puente.mails()[household.email]:
        await asyncio.sleep(0.01)
    return time.perf_counter() - started
