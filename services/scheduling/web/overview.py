"""Which programmes there are, how they stand and where, for people who have no case yet. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from shared.events import ProgrammeChanged, System


@dataclass(frozen=True, slots=True)
class KnownSite:
    """A place of interviews as anyone may know it. `illustrative`: it could not be confirmed, and pages say so."""

    name: str
    city: str
    is_open: bool
    illustrative: bool


@dataclass(frozen=True, slots=True)
class ProgrammeShown:
    """One programme: what it is for (`pathway`), how it stands (`status`), how dates are given (`allocation`), where."""

    title: str
    pathway: str
    status: str
    allocation: str
    sites: tuple[KnownSite, ...]


def by_country(
    programmes: Iterable[ProgrammeChanged], sites: Mapping[str, KnownSite]
) -> dict[System, list[ProgrammeShown]]:
    """The programmes of each country that has any, open ones first; sites that are not known are left out."""
    shown: dict[System, list[ProgrammeShown]] = {}
    for each in sorted(programmes, key=lambda programme: (programme.status.value != "open", programme.title)):
        places = tuple(sites[site] for site in each.sites if site in sites)
        programme = ProgrammeShown(each.title, each.pathway, each.status.value, each.allocation.value, places)
        shown.setdefault(each.system, []).append(programme)
    return {system: shown[system] for system in System if system in shown}
