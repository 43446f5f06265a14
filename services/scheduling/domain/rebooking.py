"""Where a household goes whose appointment cannot take place where and when it is. Pure."""

from dataclasses import replace
from datetime import UTC, date, datetime, time
from enum import StrEnum
from typing import NamedTuple
from zoneinfo import ZoneInfo

from services.scheduling.domain.needs import Need


class Unable(StrEnum):
    """Who cannot hear a household any more whose time it holds, as was promised."""

    DESK = "desk-unable"
    INTERPRETER = "interpreter-unable"


class Wish(NamedTuple):
    """At one of these sites, not before that instant."""

    sites: tuple[str, ...]
    earliest: datetime

    def of(self, need: Need) -> Need:
        """What the household needs, met as it wishes."""
        return replace(need, sites=self.sites, earliest=self.earliest)


def nearest_first(need: Need, site: str, day: date, zone: ZoneInfo) -> list[Wish]:
    """In which order a need is to be met: at the site that the household knows, else at another of its sites; there on
    the day it had or after it, else before. Source: docs/domain.md, "Rebooking"."""
    not_before = max(need.earliest, datetime.combine(day, time(0), zone).astimezone(UTC))
    known, others = ((site,) if site in need.sites else ()), tuple(each for each in need.sites if each != site)
    wishes = [
        Wish(sites, earliest)
        for sites in (known, others)
        if sites
        for earliest in dict.fromkeys((not_before, need.earliest))
    ]
    return wishes or [Wish(need.sites, need.earliest)]
