"""Dates and places in the words of a language, so that templates only place them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from markupsafe import Markup

from shared.dates import language_names, long_date, time_of_day, unbroken, utc_offset
from shared.events import Appointment
from shared.languages import Catalogue


@dataclass(frozen=True, slots=True)
class Site:
    """A place of interviews as a household that must go there knows it."""

    name: str
    city: str
    address: str
    illustrative: bool


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that must be known by heart; `matters_most` ones stand out. `language`: of a value in another than the page's."""

    label: str
    value: str
    matters_most: bool = False
    language: str | None = None


def minutes_until(until: datetime, now: datetime) -> int:
    """Whole minutes, never too few and never none."""
    return max(1, math.ceil((until - now) / timedelta(minutes=1)))


def moment(instant: datetime, zone: str, city: str, catalogue: Catalogue) -> str:
    """Date and time at the place with its city, since readers may be elsewhere."""
    wall_time = instant.astimezone(ZoneInfo(zone))
    said = catalogue.text(
        "value.moment",
        date=long_date(wall_time.date(), catalogue.language),
        time=time_of_day(wall_time.time(), catalogue.language),
        city=city,
        offset=utc_offset(wall_time, instant.astimezone(UTC)),
    )
    return unbroken(said)


def when_and_where(wall_time: datetime, instant: datetime, site: Site, catalogue: Catalogue) -> tuple[Fact, ...]:
    """Date, time at the place, place and its address."""
    place, address = place_and_address(site)
    time = catalogue.text(
        "value.time",
        time=time_of_day(wall_time.time(), catalogue.language),
        city=site.city,
        offset=utc_offset(wall_time, instant.astimezone(UTC)),
    )
    return (
        Fact(catalogue.text("fact.date"), long_date(wall_time.date(), catalogue.language), matters_most=True),
        Fact(catalogue.text("fact.time"), time, matters_most=True),
        Fact(catalogue.text("fact.place"), place),
        *([Fact(catalogue.text("mine.address"), address)] if address else []),
    )


def place_and_address(site: Site) -> tuple[str, str]:
    """The place, and its address unless that says no more than the place."""
    place, address = _listed(site.name, site.city), _listed(site.address)
    return place, "" if address == place else address


def who(appointment: Appointment, catalogue: Catalogue) -> tuple[Fact, ...]:
    """How many must come, and in which languages they are interpreted."""
    count = str(appointment.party)
    people = catalogue.text("value.people", count=count) if appointment.party > 1 else count
    facts = [Fact(catalogue.text("fact.people"), people)]
    if appointment.interpreter:
        names = language_names(appointment.interpreter, catalogue.language)
        facts.append(Fact(catalogue.text("fact.interpreter"), names))
    return tuple(facts)


def rows(facts: Sequence[Fact]) -> list[dict[str, Any]]:
    """The facts as the summary list takes them."""
    return [
        {
            "key": {"text": fact.label},
            "value": {"html": _html(fact), "classes": "puente-strong" if fact.matters_most else ""},
        }
        for fact in facts
    ]


def _html(fact: Fact) -> Markup:
    """The value, which keeps its own direction: a place or a reference in a page that runs from right to left."""
    if fact.language is None:
        return Markup("<bdi>{}</bdi>").format(unbroken(fact.value))
    return Markup('<bdi lang="{}">{}</bdi>').format(fact.language, fact.value)


def _listed(*parts: str) -> str:
    return ", ".join(" ".join(part.split()) for part in parts if part.strip())
