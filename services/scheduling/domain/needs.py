"""What a household needs of a calendar: how it is heard, for how many, in which language, where, from when to when."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from zoneinfo import ZoneInfo

from shared.events import CaseChanged, Choice, Counts, ProgrammeChanged

DESK_STEP = timedelta(minutes=15)
WINDOW_STEP = timedelta(minutes=30)
INTERPRETER_FACTOR = 1.5
"""Consecutive interpretation takes half as long again. Source: deploy/reference/README.md."""
TRAVEL_NOTICE = timedelta(days=3)
"""Least time between an offer and its appointment. Source: docs/domain.md, "Offers"."""
AFTER_DEADLINE = timedelta(hours=24)
"""Least time between the deadline of an offer and its appointment, to travel once it was accepted."""
LONGEST = timedelta(hours=12)
"""No interview takes longer."""
QUIET_FROM, QUIET_UNTIL = time(20), time(8)
"""Local hours in which no deadline falls. Source: docs/domain.md, "Quiet hours"."""


class Accommodation(StrEnum):
    """What a household may ask of the place and of those who hear it. Source: docs/domain.md, "Needs"."""

    WHEELCHAIR = "wheelchair"
    STEP_FREE = "step-free"
    HEARING_LOOP = "hearing-loop"
    QUIET_ROOM = "quiet-room"
    FEMALE_OFFICER = "female-officer"
    HEARD_APART = "heard-apart"
    FEMALE_INTERPRETER = "female-interpreter"


OF_INTERPRETERS = frozenset({Accommodation.FEMALE_INTERPRETER})
OF_PLACES = frozenset(Accommodation) - OF_INTERPRETERS - {Accommodation.HEARD_APART}
"""What the needs of a case can ask of a desk or window; that members are heard apart is said by its party."""
SPOKEN, SIGNED = "spoken", "signed"
"""How an interpreter works. What is written is read out, so it counts as spoken."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One way of hearing a household: at so many desks at once, each for `minutes` and with these accommodations."""

    minutes: int
    steps: int
    desks: int = 1
    accommodations: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Need:
    """One household's need. `settings` are the ways in which it can be heard, the one to be preferred first.

    `units` are heads in a window, 1 at a desk. At each desk one interpreter has all `languages` and is what
    `interpreter` names: the modes, and a woman if one was asked for.
    `earliest` is the first instant at which an interview may start, `latest` the last local day.
    `wished` is the same with more: what the household asks for itself, to be had where nothing is lost by it.
    `not_on` are local days on which it cannot come, as it said. `instead_of` is the site and start of the date that it has
    lost just now by no doing of its own: what is free there and then comes before the earliest place.
    """

    case_ref: str
    programme: str
    kind: str
    sites: tuple[str, ...]
    settings: tuple[Setting, ...]
    units: int
    party: int
    languages: tuple[str, ...]
    interpreter: frozenset[str]
    earliest: datetime
    latest: date
    deadline_hours: int
    wished: "Need | None" = None
    not_on: frozenset[date] = frozenset()
    instead_of: tuple[str, datetime] | None = None

    @property
    def is_interpreted(self) -> bool:
        """True when an interpreter is needed, or wished for."""
        return bool(self.languages or (self.wished and self.wished.languages))

    @property
    def signature(self) -> tuple[object, ...]:
        """Needs with the same signature find the same places."""
        return (
            self.sites, self.programme, self.settings, self.units, self.languages, self.interpreter, self.earliest,
            self.not_on,
        )  # fmt: skip


def minutes_of(programme: ProgrammeChanged, case: CaseChanged) -> int:
    """Length of the interview in minutes, rounded up to 5. Source: deploy/reference/README.md, "minutes"."""
    adults = max(case.party.adults, 1)
    return _minutes(
        case, programme.base_minutes + programme.per_adult_minutes * (adults - 1) + _of_children(programme, case)
    )


def _of_children(programme: ProgrammeChanged, case: CaseChanged) -> int:
    return programme.per_child_minutes * case.party.children


def _minutes(case: CaseChanged, heard: int) -> int:
    interpreted = any(language.interpreter for language in case.languages)
    return 5 * math.ceil(heard * (INTERPRETER_FACTOR if interpreted else 1) / 5)


def settings_of(programme: ProgrammeChanged, case: CaseChanged) -> tuple[Setting, ...]:
    """How the household can be heard: at one desk or window; members who must be heard apart one after the other at a
    desk where that is possible, or at the same time at two.

    Side by side it takes as long as the longer of the two: the adults heard apart, or all the others. A programme that
    counts heads in arrival windows leaves the hearing to the officers behind them. Source: docs/domain.md, "Heard apart".
    """
    asked = frozenset(OF_PLACES.intersection(case.needs))
    step = WINDOW_STEP if programme.counts is Counts.PEOPLE else DESK_STEP
    whole = minutes_of(programme, case) or int(WINDOW_STEP.total_seconds() // 60)
    if programme.counts is Counts.PEOPLE or not case.party.apart or case.party.attendees < 2:
        return (_setting(whole, step, 1, asked),)
    adults = max(case.party.adults, 1)
    apart = min(case.party.apart, adults - 1)
    others = programme.base_minutes + programme.per_adult_minutes * (adults - 1 - apart) + _of_children(programme, case)
    side_by_side = _minutes(case, max(others, programme.per_adult_minutes * apart))
    return (
        _setting(whole, step, 1, asked | {Accommodation.HEARD_APART}),
        _setting(side_by_side, step, 2, asked),
    )


def _setting(minutes: int, step: timedelta, desks: int, accommodations: frozenset[str]) -> Setting:
    return Setting(minutes, math.ceil(timedelta(minutes=minutes) / step), desks, accommodations)


def need_of(
    case: CaseChanged,
    programme: ProgrammeChanged,
    areas: Mapping[str, str | None],
    now: datetime,
) -> Need:
    """The household's need under the programme. `areas` is the state code of each site, None where it has none.

    A household bound to a state may only be seen there; allowed sites that it does not name are all of the programme's.
    """
    people = programme.counts is Counts.PEOPLE
    sites = [site for site in (case.sites or programme.sites) if site in areas]
    if case.admin_area:
        sites = [site for site in sites if areas[site] == case.admin_area]
    interpreted = [language for language in case.languages if language.interpreter]
    return Need(
        case_ref=case.case_ref,
        programme=programme.programme,
        kind="window" if people else "desk",
        sites=tuple(sorted(sites)),
        settings=settings_of(programme, case),
        units=case.party.attendees if people else 1,
        party=case.party.attendees,
        languages=tuple(sorted({language.tag.split("-")[0].lower() for language in interpreted})),
        interpreter=_interpreter_of(case) if interpreted else frozenset(),
        earliest=now + TRAVEL_NOTICE,
        latest=case.valid_until,
        deadline_hours=programme.offer_hours,
    )


def choice_until(valid_until: date) -> Choice:
    """Until when a household can choose its date: the days after that are too near to the last one for any place."""
    return Choice(before=valid_until - TRAVEL_NOTICE, latest=valid_until)


def _interpreter_of(case: CaseChanged) -> frozenset[str]:
    modes = {SIGNED if language.mode == SIGNED else SPOKEN for language in case.languages if language.interpreter}
    return frozenset({*modes, *OF_INTERPRETERS.intersection(case.needs)})


@lru_cache(maxsize=256)
def deadline_of(now: datetime, offer_hours: int, starts_at: datetime, zone: ZoneInfo) -> datetime:
    """Until when an offer that is made now can be accepted: `offer_hours`, but no longer than that its household can still
    travel; never in the site's quiet hours. Source: docs/domain.md, "Offers", "Quiet hours"."""
    until = min(now + timedelta(hours=offer_hours), starts_at - AFTER_DEADLINE)
    return outside_quiet_hours(until, zone, later_than=now + (until - now) / 2)


def outside_quiet_hours(instant: datetime, zone: ZoneInfo, *, later_than: datetime) -> datetime:
    """The instant; for one in the quiet hours the evening before they began, or if that is not later than this, their end."""
    evening = before_quiet_hours(instant, zone)
    if evening > later_than:
        return evening
    wall = instant.astimezone(zone)
    day = wall.date() + timedelta(days=1) if wall.time() > QUIET_FROM else wall.date()
    return datetime.combine(day, QUIET_UNTIL, zone).astimezone(instant.tzinfo)


def before_quiet_hours(instant: datetime, zone: ZoneInfo) -> datetime:
    """The instant, or the evening before the quiet hours that it falls in began."""
    wall = instant.astimezone(zone)
    if wall.time() < QUIET_UNTIL:
        wall = datetime.combine(wall.date() - timedelta(days=1), QUIET_FROM, zone)
    elif wall.time() > QUIET_FROM:
        wall = datetime.combine(wall.date(), QUIET_FROM, zone)
    return wall.astimezone(instant.tzinfo)
