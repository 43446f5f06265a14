"""What a household's page says: how its case stands, what happens next and when, and what it can do. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from services.scheduling.commands.own_needs import why_not_ask
from services.scheduling.commands.places import MOVES, NOT_WITHIN
from services.scheduling.domain.coming import Coming, can_be_said, everyone, within
from services.scheduling.domain.decisions import UNMET, Waiting
from services.scheduling.domain.holds import extended_deadline
from services.scheduling.domain.letters import HOLDS_AFTER_END
from services.scheduling.domain.needs import choice_until
from services.scheduling.repository.known_case import KnownCase
from services.scheduling.web.aloud import Aloud
from services.scheduling.web.presented import Fact, Site, moment, when_and_where, who
from services.scheduling.web.requests import Asked, sentence_of
from shared.dates import listed, long_date
from shared.events import (
    Allocation,
    Appointment,
    AppointmentStatus,
    CaseState,
    ProgrammeChanged,
    ProgrammeStatus,
    Reachable,
)
from shared.languages import Catalogue

PAST = "past"
"""How the page of a case stands whose date is over, until somebody says what became of it."""

OVER = "over"
"""How it stands from an offer's deadline on, until the next look of the clock takes the date back."""

WRITTEN_TO = frozenset({"offered", OVER, "booked", "waiting"})
"""How a case stands while messages about it are to come."""

ASKS_AGAIN = frozenset({Waiting.DECLINED, Waiting.EXPIRED, Waiting.UNANSWERED})
"""Reasons that the household ends by asking for another date."""
CHOOSES = ASKS_AGAIN | {Waiting.CHOICE}
"""Reasons that the household ends by choosing a free date."""

WRITES = UNMET - {Waiting.NO_CAPACITY, Waiting.NO_INTERPRETER} | {Waiting.PROGRAMME_UNKNOWN}
"""Reasons whose own sentences do not say yet that we write when there is a date."""
IN_LINE = UNMET | {Waiting.DECLINED, Waiting.EXPIRED}
"""Reasons for which it matters how many wait before."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Everything that a household's pages say. `rank`: households before it in line; `due_on`: the last day on which a
    place can be found in time; `lacks`: what no place could give it, whatever else it waits for; `moves`: made so far;
    `requests`: what the staff of its site were asked to arrange for its date; `coming`: who it said comes to it."""

    case: KnownCase
    programme: ProgrammeChanged | None
    sites: Mapping[str, Site]
    rank: int | None
    due_on: date | None
    lacks: Waiting | None
    moves: int
    requests: tuple[Asked, ...] = ()
    coming: Coming | None = None


@dataclass(frozen=True, slots=True)
class InterviewPage:
    """What the page says, in order. `state` chooses its shape; `actions` are the names of what can be done now.

    `next_aloud`: the sentences of `next` as they are said, without dates and numbers. `may_ask`: an interpreter or an
    adjustment can still be asked for; `may_say`: who comes.
    """

    state: str
    heading: str
    facts: tuple[Fact, ...]
    next: tuple[str, ...]
    next_aloud: tuple[str, ...]
    actions: tuple[str, ...]
    appointment_id: str | None
    may_ask: bool = False
    may_say: bool = False


def present(standing: Standing, catalogue: Catalogue, now: datetime) -> InterviewPage:
    """The page of a case as it stands now."""
    live = standing.case.live
    state = _state_now(standing.case, now)
    aloud = Aloud(catalogue.language, catalogue.texts)
    return InterviewPage(
        state=state,
        heading=catalogue.text(f"mine.{state}"),
        facts=facts_of(standing, catalogue),
        next=(*_next(standing, state, catalogue, now), *_unwritten(standing, state, catalogue)),
        next_aloud=(*_next(standing, state, aloud, now), *_unwritten(standing, state, aloud)),
        actions=actions_of(standing, now),
        appointment_id=str(live.id) if live else None,
        may_ask=state != OVER and why_not_ask(standing.case, now) is None,
        may_say=state not in (PAST, OVER) and can_be_said(live, standing.case.snapshot.party),
    )


def _state_now(case: KnownCase, now: datetime) -> str:
    live = case.live
    if live and is_past(live, now):
        return PAST
    state = state_of(case)
    return OVER if live and state == "offered" and not is_open(live, now) else state


def is_past(date: Appointment, now: datetime) -> bool:
    """True a day after its end, when its letter does not hold any more and nobody has recorded yet what became of it."""
    is_over = now >= date.starts_at + timedelta(minutes=date.minutes) + HOLDS_AFTER_END
    return is_over and date.status is AppointmentStatus.BOOKED


def state_of(case: KnownCase) -> str:
    """`offered`, `booked`, `arrived`, `waiting`, `done`, or `closed`."""
    if case.live:
        known = {AppointmentStatus.PENDING: "offered", AppointmentStatus.BOOKED: "booked"}
        return known.get(case.live.status, "arrived")
    if case.waiting:
        return "waiting"
    is_done = case.ended is not None and case.ended.status is AppointmentStatus.FULFILLED
    return "done" if is_done else "closed"


def facts_of(standing: Standing, catalogue: Catalogue) -> tuple[Fact, ...]:
    """Programme and, if there is one, the appointment."""
    live = standing.case.live
    title = standing.programme.title if standing.programme else None
    facts = (Fact(catalogue.text("fact.programme"), title, language="en"),) if title else ()
    if live is None:
        return facts
    site = standing.sites[live.site]
    wall_time = datetime.fromisoformat(live.wall_time)
    return (*when_and_where(wall_time, live.starts_at, site, catalogue), *who(live, catalogue), *facts)


def actions_of(standing: Standing, now: datetime) -> tuple[str, ...]:
    """What the household can do now, the most likely first; each is tried again when it is done."""
    live = standing.case.live
    if live is None:
        return _actions_while_waiting(standing)
    if live.starts_at <= now:
        return ()
    others = ("places",) if _can_choose(standing, now) else ()
    if live.status is AppointmentStatus.PENDING:
        longer = ("extend",) if longer_until(standing) else ()
        return ("accept", *others, *longer, "decline") if is_open(live, now) else ()
    return (*others, "decline") if live.status is AppointmentStatus.BOOKED else ()


def is_open(offer: Appointment, now: datetime) -> bool:
    """True while the offer can be accepted."""
    return offer.deadline is None or now < offer.deadline


def longer_until(standing: Standing) -> datetime | None:
    """Until when the offered place can be held instead; None when it cannot be, or was before."""
    live, made_at = standing.case.live, standing.case.live_made_at
    if live is None or made_at is None or live.first_deadline:
        return None
    return extended_deadline(live, made_at)


def longer_in_words(standing: Standing, catalogue: Catalogue) -> dict[str, str]:
    """The deadline as it is and as it can be, for a text that names both."""
    live, until = standing.case.live, longer_until(standing)
    if live is None or until is None:
        return {}
    city = standing.sites[live.site].city
    return {**_deadline(standing, live, catalogue), "longer": moment(until, live.zone, city, catalogue)}


def _actions_while_waiting(standing: Standing) -> tuple[str, ...]:
    programme, waiting = standing.programme, standing.case.waiting
    if programme is None or programme.status is not ProgrammeStatus.OPEN:
        return ()
    places = ("places",) if waiting in CHOOSES and programme.allocation is not Allocation.DRAW else ()
    again = ("again",) if waiting in ASKS_AGAIN and programme.allocation is Allocation.IMMEDIATE else ()
    return (*again, *places)


def _can_choose(standing: Standing, now: datetime) -> bool:
    programme, live = standing.programme, standing.case.live
    if programme is None or live is None or standing.case.snapshot.state is not CaseState.ELIGIBLE:
        return False
    if programme.status is not ProgrammeStatus.OPEN or programme.allocation is Allocation.DRAW:
        return False
    may_move = standing.moves < MOVES and now <= live.starts_at - NOT_WITHIN
    return may_move or live.status is AppointmentStatus.PENDING


def _next(standing: Standing, state: str, catalogue: Catalogue, now: datetime) -> tuple[str, ...]:
    live = standing.case.live
    if live is None:
        return _next_without(standing, state, catalogue, now)
    if state in (PAST, OVER):
        return (catalogue.text(f"next.{state}"),)
    said = [catalogue.text(_key_with(live, state, now), **_deadline(standing, live, catalogue))]
    if live.first_deadline and state == "offered":
        said.append(catalogue.text("next.extended"))
    said += _requests(standing, live, catalogue, now)
    if can_be_said(live, standing.case.snapshot.party) and (who_comes := coming_in_words(standing, catalogue)):
        said.append(who_comes)
    if standing.sites[live.site].illustrative:
        said.append(catalogue.text("mine.illustrative"))
    return tuple(said)


def _unwritten(standing: Standing, state: str, catalogue: Catalogue) -> tuple[str, ...]:
    """That no message comes, unless the household gave an address itself, which only intake knows."""
    is_written_to = standing.case.snapshot.reachable is Reachable.YES or state not in WRITTEN_TO
    return () if is_written_to else (catalogue.text("next.no_email"),)


def _requests(standing: Standing, live: Appointment, catalogue: Catalogue, now: datetime) -> list[str]:
    city = standing.sites[live.site].city
    return [sentence_of(each, live.zone, city, catalogue, now) for each in standing.requests]


def coming_in_words(standing: Standing, catalogue: Catalogue) -> str | None:
    """Who the household said comes; None when it said nothing."""
    party = standing.case.snapshot.party
    if standing.coming is None:
        return None
    said = within(standing.coming, party)
    if said == everyone(party):
        return catalogue.text("coming.said.all")
    of = {"adults": (said.adults, party.adults), "children": (said.children, party.children)}
    parts = [
        catalogue.text(f"coming.part.{name}", count=str(count), all=str(all_))
        for name, (count, all_) in of.items()
        if all_
    ]
    return catalogue.text("coming.said", who=listed(parts, catalogue.language))


def _key_with(live: Appointment, state: str, now: datetime) -> str:
    if state == "arrived":
        return "next.arrived"
    if live.starts_at <= now:
        return "next.began"
    return f"next.{state}"


def _deadline(standing: Standing, live: Appointment, catalogue: Catalogue) -> dict[str, str]:
    until = live.deadline or live.starts_at
    return {"deadline": moment(until, live.zone, standing.sites[live.site].city, catalogue)}


def _next_without(standing: Standing, state: str, catalogue: Catalogue, now: datetime) -> tuple[str, ...]:
    if state != "waiting":
        return (catalogue.text(f"next.{state}"),)
    case = standing.case
    reasons = [Waiting(case.waiting or ""), *([standing.lacks] if standing.lacks else [])]
    said = [catalogue.text(f"why.{reason}") for reason in dict.fromkeys(reasons)]
    if case.waiting == Waiting.CHOICE and standing.due_on:
        said.append(catalogue.text("next.none_to_choose"))
    if case.waiting == Waiting.CHOICE and not case.overdue_since:
        choice = choice_until(case.snapshot.valid_until)
        latest, before = (long_date(day, catalogue.language) for day in (choice.latest, choice.before))
        said.append(catalogue.text("next.choose_by", date=latest, before=before))
    if case.waiting in WRITES:
        said.append(catalogue.text("next.write"))
    if standing.rank is not None and case.waiting in IN_LINE:
        said.append(_rank(standing.rank, catalogue))
    if standing.due_on:
        key = "next.overdue" if case.overdue_since else "next.due"
        said.append(catalogue.text(key, date=long_date(standing.due_on, catalogue.language)))
    return (*said, *_earlier(standing, catalogue, now))


def _rank(rank: int, catalogue: Catalogue) -> str:
    return catalogue.text("next.rank", count=str(rank)) if rank else catalogue.text("next.first")


def _earlier(standing: Standing, catalogue: Catalogue, now: datetime) -> tuple[str, ...]:
    """The last date, if it is still to come and holds no more, with its reason where there is a sentence for it."""
    ended = standing.case.ended
    if ended is None or ended.starts_at <= now:
        return ()
    at = moment(ended.starts_at, ended.zone, standing.sites[ended.site].city, catalogue)
    reason = f"ended.{ended.reason}"
    why = (catalogue.text(reason),) if catalogue.has(reason) else ()
    return (catalogue.text("next.earlier", moment=at), *why)
