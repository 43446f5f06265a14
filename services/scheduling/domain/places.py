"""Whose time it is, when it is free, and a place in it that a household can have."""

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID

from services.scheduling.domain.needs import (
    DESK_STEP,
    OF_INTERPRETERS,
    OF_PLACES,
    WINDOW_STEP,
    Accommodation,
    Need,
    Setting,
)

STEP = {"desk": DESK_STEP, "interpreter": DESK_STEP, "window": WINDOW_STEP}
MAY_GIVE = {"desk": OF_PLACES | {Accommodation.HEARD_APART}, "interpreter": OF_INTERPRETERS, "window": OF_PLACES}
"""The accommodations that a resource of each kind can have."""


@dataclass(slots=True)
class Step:
    """One free slot: `left` units of it can still be taken."""

    slot_id: int
    starts_at: datetime
    local_date: date
    left: int


@dataclass(frozen=True, slots=True)
class Resource:
    """Whose time it is. An interpreter's modes are among its `accommodations`; a remote one serves every site of the
    system, others only their own."""

    id: UUID
    site: str
    system: str
    kind: str
    name: str
    programmes: tuple[str, ...] = ()
    languages: frozenset[str] = frozenset()
    accommodations: frozenset[str] = frozenset()
    is_remote: bool = False

    def hears(self, need: Need) -> bool:
        """True when it is a desk or window of the need's programme and sites, whatever else the need asks for."""
        return self.kind == need.kind and self.site in need.sites and need.programme in self.programmes

    def interprets(self, need: Need) -> bool:
        """True when it is an interpreter who has the need's languages and is all that is asked of one."""
        return (
            self.kind == "interpreter"
            and self.languages.issuperset(need.languages)
            and self.accommodations.issuperset(need.interpreter)
        )

    def serves(self, desk: "Resource") -> bool:
        """True when this interpreter can work at the desk's site."""
        return self.site == desk.site or (self.is_remote and self.system == desk.system)


def fault_of(kind: str, accommodations: Collection[str], modes: Collection[str], *, is_remote: bool) -> str | None:
    """What is wrong with a resource that staff describe, or None."""
    foreign = sorted(set(accommodations) - MAY_GIVE[kind])
    if foreign:
        return f"accommodations: {', '.join(foreign)} is nothing that the kind {kind} can give"
    if kind == "interpreter":
        return None if modes else "modes: an interpreter works in at least one, spoken or signed"
    return "modes, is_remote: only interpreters have them" if modes or is_remote else None


@dataclass(frozen=True, slots=True)
class Place:
    """Where, when and in which setting a household can be heard, and what the claim must hold: (slot, units), all or
    nothing. The first claim is the slot in which it begins.

    `kept` is the part of it that the household's present appointment holds already.
    """

    need: Need
    setting: Setting
    site: str
    starts_at: datetime
    local_date: date
    claims: tuple[tuple[int, int], ...]
    kept: tuple[tuple[int, int], ...] = ()

    @property
    def net(self) -> tuple[tuple[int, int], ...]:
        """What the claim takes of the slots beyond what the household has of them already."""
        if not self.kept:
            return self.claims
        kept = dict(self.kept)
        return tuple((slot, units - kept.get(slot, 0)) for slot, units in self.claims)

    @property
    def claimed_minutes(self) -> int:
        """The time that the claim takes of each desk or window: whole steps."""
        return int(STEP[self.need.kind].total_seconds() // 60) * self.setting.steps

    @property
    def accommodations(self) -> frozenset[str]:
        """All that was asked of the place and its interpreters, and that it gives."""
        return self.setting.accommodations | self.need.interpreter

    def keeping(self, *own: "Own") -> "Place":
        """The same place with the part of it that these hold already."""
        wanted = dict(self.claims)
        kept = [(step.slot_id, min(step.left, wanted.get(step.slot_id, 0))) for time in own for _, step in time.steps]
        return replace(self, kept=tuple((slot, units) for slot, units in kept if units))

    def still_has(self, *own: "Own") -> bool:
        """True when all that it keeps is among what these hold now."""
        held = Counter[int]()
        for time in own:
            count(held, ((step.slot_id, step.left) for _, step in time.steps))
        return all(held[slot] >= units for slot, units in self.kept)


def count(units: Counter[int], claims: Iterable[tuple[int, int]]) -> None:
    """Adds what is claimed of each slot."""
    for slot, claimed in claims:
        units[slot] += claimed


@dataclass(frozen=True, slots=True)
class Own:
    """The time that a household's present appointment holds: free to that household alone."""

    site: str
    starts_at: datetime
    steps: tuple[tuple[UUID, Step], ...]
