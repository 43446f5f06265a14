"""How long an answer takes says nothing of whether a case exists: 2 x 2,000 answers with PUENTE_FAULTS=long, else 2 x 150.

Not how long, but whether the two can be told apart: Cliff's delta, -1 to 1, 0 when each is the slower one as often.
"""

import random
import time
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from datetime import timedelta

import pytest

from services.scheduling import commands
from services.scheduling.web import asked as yes_or_no
from shared.reference import new_case_ref
from tests.builders import a_case, a_programme
from tests.faults.length import IS_LONG
from tests.portal import Portal, forms

SAMPLES = 2_000 if IS_LONG else 150
NEGLIGIBLE = 0.147 if IS_LONG else 0.25
"""Below it nobody could tell. The bound in use for Cliff's delta, and a wider one for the few samples of a short run."""
FORMS = {"/en/case": 303, "/en/verify/case": 200}
"""Where a stranger can type a reference, and what comes of it, whether there is such a case or not."""
YES_OR_NO = "/en/verify/case"
BORN, NOT_THEN = 1987, 1950


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What makes every answer take as long is left out: it would hide what it is to make up for."""
    monkeypatch.setattr(yes_or_no, "TAKES_SECONDS", 0)


def delta(some: Sequence[float], others: Sequence[float]) -> float:
    """How much more often one of the first is the longer than one of the second."""
    ordered = sorted(others)
    more = sum(bisect_left(ordered, one) for one in some)
    less = sum(len(ordered) - bisect_right(ordered, one) for one in some)
    return (more - less) / (len(some) * len(others))


class Stopwatch:
    """Sends a form with a reference and takes the time until the answer is out: what is done later does not count."""

    def __init__(self, portal: Portal, path: str) -> None:
        self.portal, self.path = portal, path

    async def ask(self, reference: str) -> float:
        """Seconds. Each comes from another address, so that nobody has to wait."""
        self.portal.clock.instant += timedelta(seconds=1)
        browser = self.portal.browser(f"2001:db8:{random.getrandbits(16):x}:{random.getrandbits(16):x}::1")
        await browser.open(self.path)
        sent = {**forms(browser.page)[self.path], "reference": reference, "year": str(NOT_THEN)}
        started = time.perf_counter()
        answer = await browser.client.post(self.path, data=sent)
        seconds = time.perf_counter() - started
        assert answer.status_code == (FORMS[self.path] if reference else 422)
        return seconds


async def households(portal: Portal, count: int) -> set[str]:
    """So many references; the interviews of those for whom there was a place are booked."""
    made = [a_case() for _ in range(count)]
    portal.intake.births |= {case.case_ref: BORN for case in made}
    await portal.scheduling.receive(a_programme())
    for n in range(0, count, 500):
        await portal.scheduling.receive(*made[n : n + 500])
    for row in await portal.scheduling.rows("select case_ref from appointments where status = 'pending'"):
        await portal.scheduling.do(commands.accept, row.case_ref, "household")
    return {case.case_ref for case in made}


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("path", FORMS)
async def test_known_and_unknown_references_cannot_be_told_apart_by_time(
    portal: Portal, record_property: Callable[[str, object], None], path: str
) -> None:
    known = await households(portal, SAMPLES)
    asked = [*known, *(new_case_ref() for _ in range(SAMPLES))]
    random.shuffle(asked)
    watch = Stopwatch(portal, path)
    seconds = {reference: await watch.ask(reference) for reference in asked}

    of_known = [took for reference, took in seconds.items() if reference in known]
    of_unknown = [took for reference, took in seconds.items() if reference not in known]

    effect = delta(of_known, of_unknown)
    record_property(f"known against unknown references at {path}, Cliff's delta of the time", f"{effect:.3f}")
    assert abs(effect) < NEGLIGIBLE


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("path", FORMS)
async def test_what_takes_another_way_is_told_apart_by_time(portal: Portal, path: str) -> None:
    """The control: what cannot be a reference asks no database."""
    asked = [reference for _ in range(SAMPLES // 3) for reference in ("", new_case_ref())]
    watch = Stopwatch(portal, path)
    seconds = [(reference, await watch.ask(reference)) for reference in asked]

    impossible = [took for reference, took in seconds if not reference]
    possible = [took for reference, took in seconds if reference]

    assert delta(possible, impossible) > NEGLIGIBLE


async def test_no_answer_whether_there_is_an_interview_comes_before_half_a_second(portal: Portal) -> None:
    [known] = await households(portal, 1)
    watch = Stopwatch(portal, YES_OR_NO)

    seconds = [await watch.ask(reference) for reference in (known, new_case_ref())]

    assert min(seconds) >= 0.5
