"""What a household needs of a calendar: how long, for how many, in which language, where, from when to when."""

import math
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from shared.events import CaseChanged, Counts, ProgrammeChanged

DESK_STEP = timedelta(minutes=15)
WINDOW_STEP = timedelta(minutes=30)
INTERPRETER_FACTOR = 1.5
"""Consecutive interpretation takes half as long again. Source: deploy/reference/README.md."""
TRAVEL_NOTICE = timedelta(days=3)
"""Least time between an offer and its appointment. Source: docs/domain.md, "Offers"."""
AFTER_DEADLINE = timedelta(hours=24)
"""Least time between the deadline of an offer and its appointment, to travel once it was accepted."""
QUIET_FROM, QUIET_UNTIL = time(20), time(8)
"""Local hours in which no deadline falls. Source: docs/domain.md, "Quiet hours"."""
FEMALE_OFFICER = "female-officer"


@dataclass(frozen=True, slots=True)
class Need:
    """One household's need. `units` are heads in a window, 1 at a desk; `languages` need one interpreter for all.

    `earliest` is the first instant at which an interview may start, `latest` the last local day.
    """

    case_ref: str
    programme: str
    kind: str
    sites: tuple[str, ...]
    minutes: int
    steps: int
    units: int
    party: int
    languages: tuple[str, ...]
    female: bool
    earliest: datetime
    latest: date
    deadline_hours: int

    @property
    def claimed_minutes(self) -> int:
        """The time that a claim takes: whole steps."""
        return int((DESK_STEP if self.kind == "desk" else WINDOW_STEP).total_seconds() // 60) * self.steps

    @property
    def signature(self) -> tuple[object, ...]:
        """Needs with the same signature find the same places."""
        return (self.sites, self.programme, self.steps, self.units, self.languages, self.female, self.earliest)


def minutes_of(programme: ProgrammeChanged, case: CaseChanged) -> int:
    """Length of the interview in minutes, rounded up to 5. Source: deploy/reference/README.md, "minutes"."""
    adults, children = max(case.party.adults, 1), case.party.children
    minutes: float = programme.base_minutes
    minutes += programme.per_adult_minutes * (adults - 1) + programme.per_child_minutes * children
    if any(language.interpreter for language in case.languages):
        minutes *= INTERPRETER_FACTOR
    return 5 * math.ceil(minutes / 5)


def need_of(case: CaseChanged, programme: ProgrammeChanged, areas: dict[str, str | None], now: datetime) -> Need:
    """The household's need under the programme. `areas` is the state code of each site, None where it has none.

    A household bound to a state may only be seen there; allowed sites that it does not name are all of the programme's.
    """
    people = programme.counts is Counts.PEOPLE
    step = WINDOW_STEP if people else DESK_STEP
    minutes = minutes_of(programme, case) or int(WINDOW_STEP.total_seconds() // 60)
    sites = [site for site in (case.sites or programme.sites) if site in areas]
    if case.admin_area:
        sites = [site for site in sites if areas[site] == case.admin_area]
    offer = timedelta(hours=programme.offer_hours)
    return Need(
        case_ref=case.case_ref,
        programme=programme.programme,
        kind="window" if people else "desk",
        sites=tuple(sorted(sites)),
        minutes=minutes,
        steps=math.ceil(timedelta(minutes=minutes) / step),
        units=case.party.attendees if people else 1,
        party=case.party.attendees,
        languages=tuple(sorted({lang.tag.split("-")[0].lower() for lang in case.languages if lang.interpreter})),
        female=FEMALE_OFFICER in case.needs,
        earliest=now + max(TRAVEL_NOTICE, offer + AFTER_DEADLINE),
        latest=case.valid_until,
        deadline_hours=programme.offer_hours,
    )


def deadline_of(now: datetime, offer_hours: int, zone: ZoneInfo) -> datetime:
    """Until when an offer can be accepted: never in the site's quiet hours, then the evening before they began."""
    wall = (now + timedelta(hours=offer_hours)).astimezone(zone)
    if wall.time() < QUIET_UNTIL:
        wall = datetime.combine(wall.date() - timedelta(days=1), QUIET_FROM, zone)
    elif wall.time() > QUIET_FROM:
        wall = datetime.combine(wall.date(), QUIET_FROM, zone)
    return wall.astimezone(now.tzinfo)
