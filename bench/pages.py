"""How long a household waits for the portal's pages on a slow phone: 400 kbit/s, and 400 ms to everything it asks for.

The browser itself keeps its network so slow. Connections are free in it, so the time that the first one takes on such a
network (TCP and TLS, two ways there and back) is added to the first page.
"""

import statistics
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable

from playwright.async_api import Browser, Page
from rich.console import Console
from rich.table import Table

from tests.e2e.command import running_puente
from tests.e2e.households import a_household
from tests.e2e.mails import code_of
from tests.e2e.running import Running
from tests.web.chromium import NARROW, PROGRAM, chromium

VISITS = 5
DELAY_MS, KBITS = 400, 400
HANDSHAKES_S = 2 * DELAY_MS / 1000
SLOW = {
    "offline": False,
    "latency": DELAY_MS,
    "downloadThroughput": KBITS * 1000 / 8,
    "uploadThroughput": KBITS * 1000 / 8,
}
Step = Callable[[], Awaitable[object]]


async def main() -> None:
    if PROGRAM is None:
        return print("pages are not measured: Chromium is missing (Debian: apt-get install chromium-headless-shell)")
    measured = defaultdict[str, list[float]](list)
    async with running_puente() as puente, chromium() as browser:
        for _ in range(VISITS):
            await _visit(puente, browser, measured)
    table = Table(f"a page at {KBITS} kbit/s and {DELAY_MS} ms", "median s", "longest s")
    for name, seconds in measured.items():
        table.add_row(name, f"{statistics.median(seconds):.2f}", f"{max(seconds):.2f}")
    Console(width=120).print(table)


async def _visit(puente: Running, browser: Browser, measured: dict[str, list[float]]) -> None:
    """From the start page to the accepted interview, with an empty cache."""
    household = a_household("MX-REF", language="es")
    case_ref = await puente.let_in(household)
    await puente.mails_to(household)
    context = await browser.new_context(viewport={"width": NARROW, "height": 640})
    page = await context.new_page()
    await (await context.new_cdp_session(page)).send("Network.emulateNetworkConditions", SLOW)

    async def timed(name: str, step: Step, added: float = 0.0) -> None:
        measured[name].append(added + await _seconds(page, step))

    portal = puente.config["services"]["scheduling"]
    await timed("the start page, nothing kept of us", lambda: page.goto(f"{portal}/es"), HANDSHAKES_S)
    await timed("find your case", lambda: page.goto(f"{portal}/es/case"))
    await page.fill("#reference", case_ref)
    await timed("the code's page, after the reference", lambda: _send(page))
    await page.fill("#code", code_of((await puente.mails_to(household, 2))[1]))
    await timed("my interview, after the code", lambda: _send(page))
    await timed("check before accepting", lambda: page.click("a[href$='/my-interview/accept']"))
    await timed("my interview, accepted", lambda: _send(page))
    await context.close()


async def _send(page: Page) -> None:
    await page.locator("main form button").first.click()


async def _seconds(page: Page, step: Step) -> float:
    """Until the next page is whole, with what it loads; forms go there over an answer that leads on."""
    started = time.perf_counter()
    async with page.expect_event("load"):
        await step()
    return time.perf_counter() - started
