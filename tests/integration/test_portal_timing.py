"""How long an answer takes says nothing of whether a case exists: 2 x 2,000 answers with PUENTE_FAULTS=long, else 2 x 150.

Not how long, but whether the two can be told apart: Cliff's delta, -1 to 1, 0 when each is the slower one as often.
"""

import random
import time
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from datetime import timedelta

from shared.events import CaseChanged
from shared.reference import new_case_ref
from tests.builders import a_case
from tests.faults.length import IS_LONG
from tests.portal import Portal, forms

SAMPLES = 2_000 if IS_LONG else 150
NEGLIGIBLE = 0.147 if IS_LONG else 0.25
"""Below it nobody could tell. The bound in use for Cliff's delta, and a wider one for the few samples of a short run."""


def delta(some: Sequence[float], others: Sequence[float]) -> float:
    """How much more often one of the first is the longer than one of the second."""
    ordered = sorted(others)
    more = sum(bisect_left(ordered, one) for one in some)
    less = sum(len(ordered) - bisect_right(ordered, one) for one in some)
    return (more - less) / (len(some) * len(others))


class Stopwatch:
    """Sends the form of the reference page and takes the time until the answer is out: what is done later does not count."""

    def __init__(self, portal: Portal) -> None:
        self.portal = portal

    async def ask(self, reference: str) -> float:
        """Seconds. Each comes from another address, so that nobody has to wait."""
        self.portal.clock.instant += timedelta(seconds=1)
        browser = self.portal.browser(f"2001:db8:{random.getrandbits(16):x}:{random.getrandbits(16):x}::1")
        await browser.open("/en/case")
        sent = {**forms(browser.page)["/en/case"], "reference": reference}
        started = time.perf_counter()
        answer = await browser.client.post("/en/case", data=sent)
        seconds = time.perf_counter() - started
        assert answer.status_code == (422 if reference == "" else 303)
        return seconds


async def households(portal: Portal, count: int) -> list[CaseChanged]:
    made = [a_case() for _ in range(count)]
    for n in range(0, count, 500):
        await portal.scheduling.receive(*made[n : n + 500])
    return made


async def test_known_and_unknown_references_cannot_be_told_apart_by_time(
    portal: Portal, record_property: Callable[[str, object], None]
) -> None:
    known = {case.case_ref for case in await households(portal, SAMPLES)}
    asked = [*known, *(new_case_ref() for _ in range(SAMPLES))]
    random.shuffle(asked)
    watch = Stopwatch(portal)
    seconds = {reference: await watch.ask(reference) for reference in asked}

    of_known = [took for reference, took in seconds.items() if reference in known]
    of_unknown = [took for reference, took in seconds.items() if reference not in known]

    effect = delta(of_known, of_unknown)
    record_property("known against unknown references, Cliff's delta of the time", f"{effect:.3f}")
    assert abs(effect) < NEGLIGIBLE


async def test_what_takes_another_way_is_told_apart_by_time(portal: Portal) -> None:
    """The control: what cannot be a reference asks no database."""
    asked = [reference for _ in range(SAMPLES // 3) for reference in ("", new_case_ref())]
    watch = Stopwatch(portal)
    seconds = [(reference, await watch.ask(reference)) for reference in asked]

    impossible = [took for reference, took in seconds if not reference]
    possible = [took for reference, took in seconds if reference]

    assert delta(possible, impossible) > NEGLIGIBLE
