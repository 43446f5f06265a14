"""What must be true of a run in which processes were killed, as rules over what its clients and its stores have seen.

Pure: nothing here asks anybody. Each rule gives the smallest pieces of history that break it, as sentences; none means
that it holds. A client's unknown outcome was sent again until it was answered, so there are none left here.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise

TOLD = frozenset({"sent", "failed", "not_reachable"})
"""States of a notice in which the household was told, or somebody can see that it could not be."""

Stream = tuple[str, str]
"""Topic and key."""


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """A result for which intake answered 202, with its receipt. `state` is what its outcome makes of a case."""

    system: str
    result_id: str
    revision: int
    state: str
    receipt: str
    case_ref: str | None


@dataclass(frozen=True, slots=True)
class Case:
    """A case as intake keeps it."""

    system: str
    result_id: str
    case_ref: str
    version: int
    revision: int
    state: str


@dataclass(frozen=True, slots=True)
class Scheduled:
    """The same case as scheduling has it: the newest version of intake that it knows, what it holds or waits for."""

    case_ref: str
    intake_version: int
    live: str | None
    waiting: str | None


@dataclass(frozen=True, slots=True)
class Said:
    """An event in its topic."""

    stream: Stream
    sequence: int
    event_id: str
    partition: int
    offset: int


@dataclass(frozen=True, slots=True)
class Handled:
    """An event that a service handled, and when it began to."""

    service: str
    event_id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Notice:
    """A notice as it is recorded; `subject` is the appointment's id or the reason for waiting. `may_have_arrived`: it was
    handed to the mail server, whatever became of it."""

    id: str
    case_ref: str
    matter: str
    subject: str
    state: str
    may_have_arrived: bool


@dataclass(frozen=True)
class History:
    """Everything that the rules are about. `positions`: (service, stream) -> newest sequence handled. `mails`: the
    notice of each message in the mailbox, once for each message."""

    acknowledged: Sequence[Acknowledged] = ()
    cases: Sequence[Case] = ()
    scheduled: Sequence[Scheduled] = ()
    said: Sequence[Said] = ()
    handled: Sequence[Handled] = ()
    positions: dict[tuple[str, Stream], int] = field(default_factory=dict)
    notices: Sequence[Notice] = ()
    mails: Sequence[str] = ()


def lost_results(history: History) -> list[str]:
    """Every acknowledged result is in its case, and the case says what the highest accepted revision says."""
    cases = {(case.system, case.result_id): case for case in history.cases}
    highest: dict[tuple[str, str], Acknowledged] = {}
    wrong = []
    for result in history.acknowledged:
        result_key = (result.system, result.result_id)
        if result.receipt == "quarantined":
            wrong.append(f"{result.result_id} revision {result.revision} was quarantined")
        if result_key not in highest or highest[result_key].revision < result.revision:
            highest[result_key] = result
        case = cases.get(result_key)
        if case is None or case.case_ref != result.case_ref:
            wrong.append(f"{result.result_id}: acknowledged as {result.case_ref}, kept as {case and case.case_ref}")
    for result_key, result in highest.items():
        case = cases.get(result_key)
        if case and (case.revision, case.state) != (result.revision, result.state):
            wrong.append(f"{case.case_ref} is {case.state} by revision {case.revision}; acknowledged was {result}")
    return wrong


def cases_made_twice(history: History) -> list[str]:
    """A result id has one case."""
    counted = Counter((case.system, case.result_id) for case in history.cases)
    return [f"{result_id} of {system} has {n} cases" for (system, result_id), n in counted.items() if n > 1]


def unfinished_cases(history: History) -> list[str]:
    """Scheduling knows the newest of every case; an open one has a date or a reason to wait, an ended one neither."""
    scheduled = {case.case_ref: case for case in history.scheduled}
    wrong = []
    for case in history.cases:
        seen = scheduled.get(case.case_ref)
        if seen is None or seen.intake_version != case.version:
            wrong.append(f"{case.case_ref} version {case.version}: scheduling has {seen}")
            continue
        holds = [each for each in (seen.live, seen.waiting) if each]
        if len(holds) != (1 if case.state in ("eligible", "review") else 0):
            wrong.append(f"{case.case_ref} is {case.state} and has {holds}")
    return wrong


def said_out_of_order(history: History) -> list[str]:
    """In the log a number of a stream never comes for the first time after a higher one; no number is missing."""
    by_stream: dict[Stream, list[Said]] = defaultdict(list)
    for event in sorted(history.said, key=lambda event: (event.partition, event.offset)):
        by_stream[event.stream].append(event)
    wrong = []
    for stream, events in by_stream.items():
        first_seen = list(dict.fromkeys(event.sequence for event in events))
        if first_seen != list(range(1, len(first_seen) + 1)):
            wrong.append(f"{stream} came as {first_seen}")
        if len({(event.sequence, event.event_id) for event in events}) != len(first_seen):
            wrong.append(f"{stream} says two things under one number")
    return wrong


def handled_out_of_order(history: History) -> list[str]:
    """At each consumer the numbers of a stream only rise, and none is handled twice."""
    events = {event.event_id: event for event in history.said}
    seen: dict[tuple[str, Stream], list[int]] = defaultdict(list)
    wrong = []
    for one in sorted(history.handled, key=lambda one: one.at):
        event = events.get(one.event_id)
        if event is None:
            wrong.append(f"{one.service} handled {one.event_id}, which is in no topic")
        else:
            seen[one.service, event.stream].append(event.sequence)
    return wrong + [
        f"{service} handled {stream} as {numbers}"
        for (service, stream), numbers in seen.items()
        if any(later <= earlier for earlier, later in pairwise(numbers))
    ]


def left_behind(history: History, consumed: Mapping[str, Iterable[str]]) -> list[str]:
    """Each consumer stands at the newest number of every stream of its topics, and nowhere else."""
    newest: dict[Stream, int] = {}
    for event in history.said:
        newest[event.stream] = max(event.sequence, newest.get(event.stream, 0))
    wanted = {
        (service, stream): sequence
        for service, topics in consumed.items()
        for stream, sequence in newest.items()
        if stream[0] in set(topics)
    }
    places = wanted.keys() | history.positions.keys()
    return [
        f"{service} stands at {history.positions.get((service, stream))} of {stream}, not {wanted.get((service, stream))}"
        for service, stream in sorted(places)
        if history.positions.get((service, stream)) != wanted.get((service, stream))
    ]


def told_wrongly(history: History) -> list[str]:
    """Whoever has a date was told, each matter once; what is recorded as sent lies in the mailbox, and beside it only
    what was handed over when a process died, and says so."""
    arrived = Counter(history.mails)
    known = {notice.id: notice for notice in history.notices}
    wrong = [f"a message bears {each}, which is no notice" for each in arrived.keys() - known.keys()]
    wrong += [
        f"{n.id} ({n.matter} of {n.case_ref}) is {n.state} and arrived {arrived[n.id]} times"
        for n in history.notices
        if (n.state == "sent" and not arrived[n.id])
        or (arrived[n.id] and not (n.state == "sent" or n.may_have_arrived))
    ]
    matters = Counter((n.case_ref, n.matter, n.subject) for n in history.notices if arrived[n.id])
    wrong += [f"{matter} went out in {n} notices" for matter, n in matters.items() if n > 1]
    told = {notice.subject for notice in history.notices if notice.state in TOLD}
    wrong += [
        f"{case.case_ref} was not told of {case.live}" for case in history.scheduled if case.live not in {None, *told}
    ]
    return wrong


def second_messages(history: History) -> int:
    """How many messages arrived again, under the same Message-ID: the price of a crash between yes and record."""
    return sum(times - 1 for times in Counter(history.mails).values())


def broken_rules(history: History, consumed: Mapping[str, Iterable[str]]) -> dict[str, list[str]]:
    """Each broken rule with the first pieces of history that break it."""
    found = {
        "lost results": lost_results(history),
        "cases made twice": cases_made_twice(history),
        "unfinished cases": unfinished_cases(history),
        "said out of order": said_out_of_order(history),
        "handled out of order": handled_out_of_order(history),
        "left behind": left_behind(history, consumed),
        "told wrongly": told_wrongly(history),
    }
    return {rule: pieces[:5] for rule, pieces in found.items() if pieces}
