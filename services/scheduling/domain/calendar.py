"""Free time, and the earliest place in it that a whole household can have. Pure: the caller loads and claims."""

from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from heapq import merge
from operator import attrgetter, itemgetter
from uuid import UUID

from services.scheduling.domain.needs import DESK_STEP, Need, Setting
from services.scheduling.domain.places import STEP, Own, Place, Resource, Step

NEVER = datetime.max.replace(tzinfo=UTC)
Taking = list[tuple[Step, int]]
"""What a place takes: of each step so many units. Steps of desks or windows come first, then those of interpreters."""


@dataclass
class Calendar:
    """The free steps of some sites. Choosing takes: what was chosen is not free for the next."""

    resources: dict[UUID, Resource]
    steps: dict[UUID, list[Step]]
    _at: dict[UUID, dict[datetime, Step]] = field(default_factory=dict)
    _answered: dict[tuple[object, ...], tuple[datetime, Resource | None]] = field(default_factory=dict)
    _first_days: dict[tuple[object, ...], date] = field(default_factory=dict)
    _able: dict[tuple[object, ...], list[Resource]] = field(default_factory=dict)
    _fit: dict[tuple[object, ...], list[Resource]] = field(default_factory=dict)

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
        """The earliest place for the whole household, taken from this calendar; ties go to the one that gives
        the fewest accommodations, so that the others stay free for those who need them, then to the first by name.

        Free time only shrinks here, so the last answer to the same need is looked at first, and nothing before it.
        """
        if need.wished:
            return self._earliest(need)
        signature = need.signature
        begin, resource = self._answered.get(signature, (need.earliest, None))
        again, taking = self._place_at(need, resource, begin) if resource else (None, [])
        if again and again.local_date <= need.latest:
            return _taken(again, taking)
        place, taking, passed, resource = self._search(need, begin)
        self._answered[signature] = passed, resource
        return _taken(place, taking) if place else None

    def choose_instead(self, need: Need, own: Own) -> Place | None:
        """A place instead of the household's present one: the same time and site if it can be made to fit, with what is
        wished for or else without, and only then the earliest other one. What the household holds counts as free for
        it, and only for it; who holds nothing any more is asked the same way as who chooses."""
        for resource_id, step in own.steps:
            self.add(resource_id, replace(step))
        wished = self.take_at(need.wished, own.site, own.starts_at) if need.wished else None
        found = wished or self.take_at(need, own.site, own.starts_at)
        found = found or (self._earliest(need) if own.steps else self.choose(need))
        place = found.keeping(own) if found else None
        kept = dict(place.kept) if place else {}
        for resource_id, step in own.steps:
            self._index(resource_id)[step.starts_at].left -= step.left - kept.get(step.slot_id, 0)
        return place

    def has(self, need: Need) -> bool:
        """Whether there is any place for the need now; nothing is taken. Needs that differ in their last day alone cost one look."""
        signature = need.signature
        if signature not in self._first_days:
            place, *_ = self._search(replace(need, latest=date.max), need.earliest)
            self._first_days[signature] = place.local_date if place else date.max
        return self._first_days[signature] <= need.latest

    def try_at(self, need: Need, site: str, starts_at: datetime) -> Place | None:
        """A place at this one of the need's sites that begins then, or None; nothing is taken from this calendar."""
        return self._at_start(need, site, starts_at)[0]

    def take_at(self, need: Need, site: str, starts_at: datetime) -> Place | None:
        """The same, taken from this calendar."""
        place, taking = self._at_start(need, site, starts_at)
        return _taken(place, taking) if place else None

    def _at_start(self, need: Need, site: str, starts_at: datetime) -> tuple[Place | None, Taking]:
        for resource in self._fitting(need):
            if resource.site == site:
                place, taking = self._place_at(need, resource, starts_at)
                if place and place.local_date <= need.latest and place.local_date not in need.not_on:
                    return place, taking
        return None, []

    def places(self, need: Need, *own: Own) -> list[Place]:
        """Every place for this need, earliest first, the first resource at each time; nothing is taken.

        What the household holds counts as free for it.
        """
        for time in own:
            for resource_id, step in time.steps:
                self.add(resource_id, replace(step))
        found: dict[tuple[str, datetime], Place] = {}
        for starts_at, step, resource in self._starts(need, need.earliest):
            if step.local_date <= need.latest and (resource.site, starts_at) not in found:
                place, _ = self._place_at(need, resource, starts_at)
                if place:
                    found[(resource.site, starts_at)] = place.keeping(*own)
        return list(found.values())

    def _earliest(self, need: Need) -> Place | None:
        """The earliest place, taken; or the earliest one of that day and site that has what is wished for, too."""
        place, taking, _, _ = self._search(need, need.earliest)
        if place and need.wished:
            there = replace(need.wished, sites=(place.site,), latest=place.local_date)
            wished, takes, _, _ = self._search(there, place.starts_at)
            place, taking = (wished, takes) if wished else (place, taking)
        return _taken(place, taking) if place else None

    def _search(self, need: Need, begin: datetime) -> tuple[Place | None, Taking, datetime, Resource | None]:
        """The earliest place from `begin` on and what it takes, up to when there is nothing for such a need, and where it
        was found."""
        for starts_at, step, resource in self._starts(need, begin):
            if step.local_date > need.latest:
                return None, [], starts_at, None
            if step.local_date in need.not_on:
                continue
            place, taking = self._place_at(need, resource, starts_at)
            if place:
                return place, taking, starts_at, resource
        return None, [], NEVER, None

    def _fitting(self, need: Need) -> list[Resource]:
        """The desks or windows that can hear the household in one of its settings: those for the setting to be preferred
        first, of these the ones with the fewest accommodations."""
        key = need.kind, need.programme, need.sites, need.settings
        if key not in self._fit:
            self._fit[key] = self._ranked(need)
        return self._fit[key]

    def _ranked(self, need: Need) -> list[Resource]:
        ranked = []
        for resource in self.resources.values():
            if resource.hears(need):
                given = next((n for n, setting in enumerate(need.settings) if _gives(resource, setting)), None)
                if given is not None:
                    ranked.append((given, len(resource.accommodations), resource.name, resource))
        return [each[-1] for each in sorted(ranked, key=itemgetter(0, 1, 2))]

    def _starts(self, need: Need, begin: datetime) -> Iterator[tuple[datetime, Step, Resource]]:
        fitting = [resource for resource in self._fitting(need) if resource.id in self.steps]
        return merge(*(self._starts_of(resource, need, begin) for resource in fitting), key=itemgetter(0))

    def _starts_of(self, resource: Resource, need: Need, begin: datetime) -> Iterator[tuple[datetime, Step, Resource]]:
        steps = self.steps[resource.id]
        for n in range(bisect_left(steps, begin, key=attrgetter("starts_at")), len(steps)):
            if steps[n].left >= need.units:
                yield steps[n].starts_at, steps[n], resource

    def _place_at(self, need: Need, resource: Resource, starts_at: datetime) -> tuple[Place | None, Taking]:
        """The place that begins then at this desk or window, in the first setting that can be had, and what it takes."""
        for setting in need.settings:
            hearing = self._hearing(need, setting, resource, starts_at) if _gives(resource, setting) else None
            interpreting = self._interpreting(need, setting, resource, starts_at) if hearing else None
            if hearing and interpreting is not None:
                taking = hearing + interpreting
                claims = tuple((step.slot_id, units) for step, units in taking)
                place = Place(need, setting, resource.site, starts_at, hearing[0][0].local_date, claims)
                return place, taking
        return None, []

    def _hearing(self, need: Need, setting: Setting, resource: Resource, starts_at: datetime) -> Taking | None:
        """The steps of as many desks of the resource's site, itself first, as the setting asks for."""
        run = self._run(resource.id, starts_at, need, setting.steps)
        if run is None or setting.desks == 1:
            return run
        runs = [run]
        for other in self._fitting(need):
            if other.site == resource.site and other.id != resource.id and _gives(other, setting):
                run = self._run(other.id, starts_at, need, setting.steps)
                runs += [run] if run else []
                if len(runs) == setting.desks:
                    return [each for run in runs for each in run]
        return None

    def _run(self, resource_id: UUID, starts_at: datetime, need: Need, count: int) -> Taking | None:
        """So many consecutive steps from this start, when all of them have room."""
        at = self._index(resource_id)
        width = STEP[need.kind]
        run: Taking = []
        for n in range(count):
            step = at.get(starts_at + n * width)
            if step is None or step.left < need.units:
                return None
            run.append((step, need.units))
        return run

    def _interpreting(self, need: Need, setting: Setting, resource: Resource, starts_at: datetime) -> Taking | None:
        """The steps of interpreters free throughout, one for each desk; [] when none is needed, None when there is none."""
        if not need.languages:
            return []
        ends_at = starts_at + setting.steps * STEP[need.kind]
        taking: Taking = []
        missing = setting.desks
        for interpreter in self._interpreters(need, resource):
            steps = self._free_until(interpreter.id, starts_at, ends_at)
            units = min([missing, *(step.left for step in steps)])
            if units and steps:
                taking += [(step, units) for step in steps]
                missing -= units
            if not missing:
                return taking
        return None

    def _interpreters(self, need: Need, desk: Resource) -> list[Resource]:
        """Those at the site before remote ones; of each those with the fewest languages first, so that the others stay
        free for those who need them."""
        key = need.languages, need.interpreter, desk.site
        if key not in self._able:
            able = [r for r in self.resources.values() if r.interprets(need) and r.serves(desk)]
            self._able[key] = sorted(
                able, key=lambda r: (r.is_remote, r.site != desk.site, len(r.languages), r.site, r.name)
            )
        return self._able[key]

    def _free_until(self, resource_id: UUID, moment: datetime, ends_at: datetime) -> list[Step]:
        """The consecutive free steps from then until `ends_at`, none when one of them is not free."""
        at, steps = self._index(resource_id), []
        while moment < ends_at:
            step = at.get(moment)
            if step is None or step.left < 1:
                return []
            steps.append(step)
            moment += DESK_STEP
        return steps

    def _index(self, resource_id: UUID) -> dict[datetime, Step]:
        if resource_id not in self._at:
            self._at[resource_id] = {step.starts_at: step for step in self.steps.get(resource_id, [])}
        return self._at[resource_id]


def _gives(resource: Resource, setting: Setting) -> bool:
    return resource.accommodations.issuperset(setting.accommodations)


def _taken(place: Place, taking: Taking) -> Place:
    for step, units in taking:
        step.left -= units
    return place
