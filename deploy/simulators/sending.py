"""What a country's system has sent so far, and what it sends next: it goes on where it stopped, and nothing is sent twice.

A document is written down before it is sent and struck out when intake has answered; after any interruption the same
bytes go out again under the same delivery id.
"""

import json
import uuid
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from pathlib import Path
from random import Random
from secrets import token_hex

from deploy.simulators import ca, mx, us
from deploy.simulators.households import Result, invent, revised, spoiled
from deploy.simulators.reference import Programme

FIRST_WAVE = 60
"""Households sent at once by a system that has never sent any."""

REMEMBERED = 40
SPOILED_SHARE, AGAIN_SHARE = 0.04, 0.06
"""About one household in ten is defective, or comes again: half of those as they were, half in a higher revision."""

Format = Callable[[Sequence[Result], datetime], bytes]
FORMATS: dict[str, Format] = {"us": us.document, "mx": mx.document, "ca": ca.document}


@dataclass(frozen=True)
class Sent:
    """What intake has heard of a household: its number, the latest day of the decision, the highest revision."""

    number: int
    day: str
    revision: int = 1


@dataclass(frozen=True)
class Delivery:
    """A document on its way."""

    delivery_id: str
    body: str


@dataclass(frozen=True)
class Progress:
    """Where a system is. `seed` makes its invented people; `pending` is what intake has not answered yet."""

    seed: str
    households: int = 0
    deliveries: int = 0
    remembered: tuple[Sent, ...] = ()
    pending: Delivery | None = None


def read_progress(file: Path) -> Progress:
    """Where the system stopped, or the beginning."""
    if not file.exists():
        return Progress(seed=token_hex(8))
    kept = json.loads(file.read_text(encoding="utf-8"))
    pending = Delivery(**kept.pop("pending")) if kept["pending"] else kept.pop("pending")
    remembered = tuple(Sent(**each) for each in kept.pop("remembered"))
    return Progress(**kept, remembered=remembered, pending=pending)


def write_progress(file: Path, progress: Progress) -> None:
    """Whole or not at all, also when we are killed meanwhile."""
    draft = file.with_suffix(".new")
    draft.write_text(json.dumps(asdict(progress), ensure_ascii=False), encoding="utf-8")
    draft.replace(file)


def with_next_document(progress: Progress, programmes: Sequence[Programme], system: str, now: datetime) -> Progress:
    """The same with a new document pending: the first wave, later one or two households, and an old one now and then."""
    random = Random(f"{progress.seed}/delivery/{progress.deliveries}")
    count = random.randint(1, 2) if progress.households else FIRST_WAVE
    fresh = [Sent(progress.households + each, now.date().isoformat()) for each in range(1, count + 1)]
    again = _again(random, progress.remembered or fresh[:REMEMBERED], count=count)
    results = [result_of(sent, progress.seed, programmes) for sent in (*fresh, *again)]
    results[:count] = [spoiled(each, random) if random.random() < SPOILED_SHARE else each for each in results[:count]]
    latest = {sent.number: sent for sent in (*progress.remembered, *fresh, *again)}
    return replace(
        progress,
        households=progress.households + count,
        deliveries=progress.deliveries + 1,
        remembered=tuple(latest.values())[-REMEMBERED:],
        pending=Delivery(str(uuid.uuid4()), FORMATS[system](results, now).decode("utf-8")),
    )


def result_of(sent: Sent, seed: str, programmes: Sequence[Programme]) -> Result:
    """The household's result at that revision, always the same."""
    result = invent(programmes, sent.number, seed=seed, day=date.fromisoformat(sent.day))
    for revision in range(2, sent.revision + 1):
        result = revised(result, Random(f"{seed}/{sent.number}/{revision}"))
    return result


def _again(random: Random, known: Sequence[Sent], *, count: int) -> list[Sent]:
    """Households that come once more among `count` new ones: as they were, or in the next revision."""
    how_many = min(sum(random.random() < AGAIN_SHARE for _ in range(count)), len(known))
    chosen = random.sample(known, how_many)
    return [replace(sent, revision=sent.revision + random.randint(0, 1)) for sent in chosen]
