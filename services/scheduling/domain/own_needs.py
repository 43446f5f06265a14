"""What a household asks for itself: it adds to what its country says, and takes no date away. Pure.

Source: docs/domain.md, "Own needs".
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from services.scheduling.domain.decisions import Held, is_feasible
from services.scheduling.domain.needs import SIGNED, SPOKEN, Accommodation, Need, need_of
from services.scheduling.domain.places import Resource
from shared.events import CaseChanged, CaseLanguage, ProgrammeChanged

SIGN_LANGUAGES = frozenset({"ase", "mfs"})
"""Languages that are signed. Source: docs/domain.md, "Own needs"."""
ANSWER_WITHIN = timedelta(days=3)
"""How long the staff of a site have to say whether they can arrange something. Source: docs/domain.md, "Own needs"."""
ANSWER_BEFORE = timedelta(days=1)
"""How long before the interview they say it at the latest. Source: docs/domain.md, "Own needs"."""
INTERPRETER = "interpreter:"
"""Begins the code of a language, among what a request asks a site for."""


@dataclass(frozen=True, slots=True)
class OwnNeeds:
    """What a household has asked for itself: an interpreter of one more language, and accommodations."""

    language: str | None = None
    accommodations: frozenset[str] = frozenset()

    @property
    def codes(self) -> frozenset[str]:
        """Each thing that is asked for, in one word."""
        return self.accommodations | ({f"{INTERPRETER}{self.language}"} if self.language else frozenset())

    def changed(self, was: "OwnNeeds", to: "OwnNeeds") -> "OwnNeeds":
        """This with what was changed by somebody who saw `was`: what others asked for since then stays asked for."""
        added, taken_back = to.accommodations - was.accommodations, was.accommodations - to.accommodations
        language = self.language if to.language == was.language else to.language
        return OwnNeeds(language, self.accommodations - taken_back | added)

    def met_by(self, held: Held) -> "OwnNeeds":
        """What of it the appointment was made with."""
        has = given(held.accommodations, held.languages, held.desks)
        language = self.language if f"{INTERPRETER}{self.language}" in has else None
        return OwnNeeds(language, self.accommodations & has)


NOTHING = OwnNeeds()


class Effect(StrEnum):
    """What becomes of the date of a household that asks for something."""

    SEARCHED = "searched"
    """It has none: places are looked for that have it, too."""
    STAYS = "stays"
    """It keeps its date, and the place has it."""
    ASKED = "asked"
    """It keeps its date, and the staff of the site are asked whether they can arrange it."""


def added_to(case: CaseChanged, own: OwnNeeds) -> CaseChanged:
    """The case as its country says it, with what the household asks for itself."""
    if own == NOTHING:
        return case
    changes: dict[str, object] = {}
    if own.language:
        mode = SIGNED if own.language in SIGN_LANGUAGES else SPOKEN
        added = CaseLanguage(tag=own.language, mode=mode, interpreter=True)
        changes["languages"] = tuple(dict.fromkeys((*case.languages, added)))
    if Accommodation.HEARD_APART in own.accommodations:
        changes["party"] = case.party.model_copy(update={"apart": max(case.party.apart, 1)})
    new = own.accommodations - {Accommodation.HEARD_APART} - frozenset(case.needs)
    return case.model_copy(update={**changes, "needs": (*case.needs, *sorted(new))})


def need_instead(
    case: CaseChanged, own: OwnNeeds, programme: ProgrammeChanged, areas: Mapping[str, str | None], now: datetime
) -> Need:
    """What a place must be that takes the place of a date: what the country says, and where nothing is lost by it also
    what the household asks for itself."""
    need = need_of(case, programme, areas, now)
    return need if own == NOTHING else replace(need, wished=need_of(added_to(case, own), programme, areas, now))


def given(accommodations: Collection[str], languages: Collection[str], desks: int) -> frozenset[str]:
    """What a place gives, in the words in which it is asked for: at two desks members are heard apart."""
    apart = {Accommodation.HEARD_APART} if desks > 1 else frozenset[str]()
    return frozenset({*accommodations, *apart, *(f"{INTERPRETER}{tag}" for tag in languages)})


def given_by(held: Sequence[Resource]) -> frozenset[str]:
    """What the desks or windows and the interpreters of an appointment give: what each of them has."""
    heard_by = [each.accommodations for each in held if each.kind != "interpreter"]
    interpreters = [each for each in held if each.kind == "interpreter"]
    accommodations = _common(heard_by) | _common([each.accommodations for each in interpreters])
    return given(accommodations, _common([_works_in(each) for each in interpreters]), len(heard_by))


def _common(sets: Sequence[frozenset[str]]) -> frozenset[str]:
    return frozenset.intersection(*sets) if sets else frozenset()


def _works_in(interpreter: Resource) -> frozenset[str]:
    modes = interpreter.accommodations
    return frozenset(tag for tag in interpreter.languages if (SIGNED if tag in SIGN_LANGUAGES else SPOKEN) in modes)


def noted_by_country(case: CaseChanged) -> frozenset[str]:
    """The accommodations that the country's result asks for already."""
    apart = {Accommodation.HEARD_APART} if case.party.apart else set()
    return frozenset(set(Accommodation) & {*case.needs, *apart})


def effect_of(held: Held | None, need: Need, lacking: Collection[str], *, can_stay: bool) -> Effect:
    """What becomes of the date. `need` is the household's with all that it asks for, `can_stay` whether a place at its
    very site and time has all of that, `lacking` what neither the place has nor its staff have arranged.

    A date is never taken away because more is asked for: the household gives it up itself, if it wants to.
    """
    if held is None:
        return Effect.SEARCHED
    if is_feasible(held, need) or can_stay or not lacking:
        return Effect.STAYS
    return Effect.ASKED


def lacking_at(given: Collection[str], own: OwnNeeds, arranged: Collection[str]) -> tuple[str, ...]:
    """What of all that is asked for staff are to arrange. `given` are the codes of what the place has, `arranged` of what
    staff have arranged already. If each thing is there and only their time together is not, all of it."""
    left = own.codes - frozenset(arranged)
    return tuple(sorted(left - frozenset(given) or left))


def for_people(own: OwnNeeds, need: Need) -> frozenset[str]:
    """What of it no place is looked for with, so that only people can see to it: a woman to interpret where nothing is
    interpreted, and that members are heard apart behind an arrival window. A person who comes alone needs nobody for that."""
    looked_for = {code for setting in need.settings for code in setting.accommodations} | need.interpreter
    looked_for |= {f"{INTERPRETER}{tag}" for tag in need.languages}
    return own.codes - looked_for - needless(need.party)


def needless(party: int) -> frozenset[str]:
    """What a party of so many has without anybody's doing: a person who comes alone is heard apart."""
    return frozenset({Accommodation.HEARD_APART}) if party < 2 else frozenset()


def answer_by(asked_at: datetime, starts_at: datetime) -> datetime:
    """Until when the staff of the site answer; not before they were asked."""
    return max(asked_at, min(asked_at + ANSWER_WITHIN, starts_at - ANSWER_BEFORE))
