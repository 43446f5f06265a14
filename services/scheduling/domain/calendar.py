"""Free time, and the earliest place in it that a whole household can have. Pure: the caller loads and claims."""

from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from heapq import merge
from operator import attrgetter, itemgetter
from uuid import UUID

from services.scheduling.domain.needs import DESK_STEP, WINDOW_STEP, Need

STEP = {"desk": DESK_STEP, "interpreter": DESK_STEP, "window": WINDOW_STEP}
NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(slots=True)
class Step:
    """One free slot: `left` units of it can still be taken."""

    slot_id: int
    starts_at: datetime
    local_date: date
    left: int


@dataclass(frozen=True, slots=True)
class Resource:
    """Whose time it is."""

    id: UUID
    site: str
    kind: str
    name: str
    programmes: tuple[str, ...]
    languages: frozenset[str]
    female: bool


@dataclass(frozen=True, slots=True)
class Place:
    """Where and when a household can be interviewed, and what the claim must hold: (slot, units), all or nothing.

    `kept` is the part of it that the household's present appointment holds already.
    """

    need: Need
    site: str
    starts_at: datetime
    local_date: date
    claims: tuple[tuple[int, int], ...]
    interpreter: str | None
    kept: tuple[tuple[int, int], ...] = ()

    @property
    def net(self) -> list[tuple[int, int]]:
        """What the claim takes of the slots beyond what the household has of them already."""
        kept = dict(self.kept)
        return [(slot, units - kept.get(slot, 0)) for slot, units in self.claims]


@dataclass(frozen=True, slots=True)
class Own:
    """The time that a household's present appointment holds: free to that household alone."""

    site: str
    starts_at: datetime
    steps: tuple[tuple[UUID, Step], ...]


@dataclass
class Calendar:
    """The free steps of some sites. Choosing takes: what was chosen is not free for the next."""

    resources: dict[UUID, Resource]
    steps: dict[UUID, list[Step]]
    _at: dict[UUID, dict[datetime, Step]] = field(default_factory=dict)
    _none_before: dict[tuple[object, ...], datetime] = field(default_factory=dict)

    @classmethod
    def of(cls, resources: Iterable[Resource], steps: Iterable[tuple[UUID, Step]]) -> "Calendar":
        """`steps` come sorted by start within each resource."""
        by_resource: dict[UUID, list[Step]] = defaultdict(list)
        for resource_id, step in steps:
            by_resource[resource_id].append(step)
        return cls({resource.id: resource for resource in resources}, dict(by_resource))

    def hold(self, units: Mapping[int, int]) -> None:
        """Leaves out what is held elsewhere: units by slot."""
        for steps in self.steps.values() if units else ():
            for step in steps:
                step.left -= units.get(step.slot_id, 0)

    def add(self, resource_id: UUID, step: Step) -> None:
        """Makes a step free that is held for whoever chooses here; added to what is free of it already."""
        at = self._index(resource_id)
        if step.starts_at in at:
            at[step.starts_at].left += step.left
        else:
            at[step.starts_at] = step
            insort(self.steps.setdefault(resource_id, []), step, key=attrgetter("starts_at"))

    def choose(self, need: Need) -> Place | None:
        """The earliest place for the whole household, taken from this calendar; ties go to the first resource by name.

        Free time only shrinks here, so what is earlier than the last answer to the same need is not looked at again.
        """
        begin = max(need.earliest, self._none_before.get(need.signature, need.earliest))
        place, passed = self._search(need, begin)
        self._none_before[need.signature] = passed
        return place

    def choose_instead(self, need: Need, own: Own) -> Place | None:
        """A place instead of the household's present one: the same time and site if it can be made to fit, else the
        earliest other one. What the household holds counts as free for it, and only for it."""
        for resource_id, step in own.steps:
            self.add(resource_id, replace(step))
        place = self._staying(need, own) or self._search(need, need.earliest)[0]
        wanted = dict(place.claims) if place else {}
        kept = [(step.slot_id, min(step.left, wanted.get(step.slot_id, 0))) for _, step in own.steps]
        for (resource_id, step), (_, units) in zip(own.steps, kept, strict=True):
            self._index(resource_id)[step.starts_at].left -= step.left - units
        return replace(place, kept=tuple((slot, units) for slot, units in kept if units)) if place else None

    def try_at(self, need: Need, starts_at: datetime) -> Place | None:
        """A place that begins then, or None; nothing is taken from this calendar."""
        for resource in self.resources.values():
            run = self._run(resource.id, starts_at, need) if _fits(resource, need) else None
            interpreter = self._interpreter(need, resource.site, run) if run else None
            if run and interpreter is not None and run[0].local_date <= need.latest:
                return _placed(need, resource, run, interpreter)
        return None

    def places(self, need: Need, *own: Own) -> list[Place]:
        """Every place for this need, earliest first, the first resource at each time; nothing is taken.

        What the household holds counts as free for it.
        """
        for time in own:
            for resource_id, step in time.steps:
                self.add(resource_id, replace(step))
        found: dict[tuple[str, datetime], Place] = {}
        for starts_at, resource in self._starts(need, need.earliest):
            run = self._run(resource.id, starts_at, need)
            if run is None or run[0].local_date > need.latest or (resource.site, starts_at) in found:
                continue
            interpreter = self._interpreter(need, resource.site, run)
            if interpreter is not None:
                place = _placed(need, resource, run, interpreter)
                found[(resource.site, starts_at)] = _keeping(place, own)
        return list(found.values())

    def _search(self, need: Need, begin: datetime) -> tuple[Place | None, datetime]:
        """The earliest place from `begin` on, and up to when there is nothing for such a need."""
        for starts_at, resource in self._starts(need, begin):
            run = self._run(resource.id, starts_at, need)
            if run is None:
                continue
            if run[0].local_date > need.latest:
                return None, starts_at
            interpreter = self._interpreter(need, resource.site, run)
            if interpreter is not None:
                return self._take(need, resource, run, interpreter), starts_at
        return None, NEVER

    def _staying(self, need: Need, own: Own) -> Place | None:
        for resource in sorted(self.resources.values(), key=lambda resource: resource.name):
            run = (
                self._run(resource.id, own.starts_at, need)
                if _fits(resource, need) and resource.site == own.site
                else None
            )
            if run and run[0].local_date <= need.latest:
                interpreter = self._interpreter(need, resource.site, run)
                if interpreter is not None:
                    return self._take(need, resource, run, interpreter)
        return None

    def _starts(self, need: Need, begin: datetime) -> Iterator[tuple[datetime, Resource]]:
        fitting = [r for r in self.resources.values() if _fits(r, need) and r.id in self.steps]
        fitting.sort(key=lambda resource: resource.name)
        return merge(*(self._starts_of(r, need, begin) for r in fitting), key=itemgetter(0))

    def _starts_of(self, resource: Resource, need: Need, begin: datetime) -> Iterator[tuple[datetime, Resource]]:
        steps = self.steps[resource.id]
        for n in range(bisect_left(steps, begin, key=attrgetter("starts_at")), len(steps)):
            if steps[n].left >= need.units:
                yield steps[n].starts_at, resource

    def _run(self, resource_id: UUID, starts_at: datetime, need: Need) -> list[Step] | None:
        """The consecutive steps from this start, when all of them have room."""
        at = self._index(resource_id)
        width = STEP[need.kind]
        run = []
        for n in range(need.steps):
            step = at.get(starts_at + n * width)
            if step is None or step.left < need.units:
                return None
            run.append(step)
        return run

    def _interpreter(self, need: Need, site: str, run: list[Step]) -> tuple[str | None, list[Step]] | None:
        """The name and the steps of an interpreter of the site who has all the languages and is free throughout.

        (None, []) when the household needs none, None when there is none for it.
        """
        if not need.languages:
            return None, []
        ends_at = run[-1].starts_at + STEP[need.kind]
        for resource in self._interpreters(site, need.languages):
            steps = self._free_until(resource.id, run[0].starts_at, ends_at)
            if steps:
                return resource.name, steps
        return None

    def _interpreters(self, site: str, languages: tuple[str, ...]) -> list[Resource]:
        """Those with the fewest languages first, so that the others stay free for who needs them."""
        able = [r for r in self.resources.values() if r.kind == "interpreter" and r.site == site]
        able = [r for r in able if r.languages.issuperset(languages)]
        return sorted(able, key=lambda resource: (len(resource.languages), resource.name))

    def _free_until(self, resource_id: UUID, moment: datetime, ends_at: datetime) -> list[Step] | None:
        at, steps = self._index(resource_id), []
        while moment < ends_at:
            step = at.get(moment)
            if step is None or step.left < 1:
                return None
            steps.append(step)
            moment += DESK_STEP
        return steps

    def _index(self, resource_id: UUID) -> dict[datetime, Step]:
        if resource_id not in self._at:
            self._at[resource_id] = {step.starts_at: step for step in self.steps.get(resource_id, [])}
        return self._at[resource_id]

    def _take(
        self, need: Need, resource: Resource, run: list[Step], interpreter: tuple[str | None, list[Step]]
    ) -> Place:
        for step in run:
            step.left -= need.units
        for step in interpreter[1]:
            step.left -= 1
        return _placed(need, resource, run, interpreter)


def _placed(need: Need, resource: Resource, run: list[Step], interpreter: tuple[str | None, list[Step]]) -> Place:
    name, interpreted = interpreter
    claims = [(step.slot_id, need.units) for step in run] + [(step.slot_id, 1) for step in interpreted]
    return Place(need, resource.site, run[0].starts_at, run[0].local_date, tuple(claims), name)


def _keeping(place: Place, own: Sequence[Own]) -> Place:
    """The place with the part of it that the household holds already."""
    wanted = dict(place.claims)
    kept = [(step.slot_id, min(step.left, wanted.get(step.slot_id, 0))) for time in own for _, step in time.steps]
    return replace(place, kept=tuple((slot, units) for slot, units in kept if units))


def _fits(resource: Resource, need: Need) -> bool:
    return (
        resource.kind == need.kind
        and resource.site in need.sites
        and need.programme in resource.programmes
        and (resource.female or not need.female)
    )
