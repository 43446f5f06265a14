"""What the pages of a household's own needs show: what can be chosen, what was, and what becomes of the date. Pure."""

from dataclasses import dataclass
from typing import Any

from services.scheduling.domain.needs import Accommodation
from services.scheduling.domain.own_needs import NOTHING, Effect, OwnNeeds
from services.scheduling.placing.own_needs import Foreseen
from services.scheduling.repository.known_case import KnownCase
from services.scheduling.web.case import HOME
from services.scheduling.web.interview import Standing
from services.scheduling.web.presented import Fact, moment, rows
from services.scheduling.web.requests import named
from services.scheduling.web.visits import Visit
from shared.dates import language_name
from shared.events import AppointmentStatus

NEEDS = f"{HOME}/needs"
ADDRESSES = {part: f"{NEEDS}/{part}" for part in ("interpreter", "place")}
"""The question about each part of what can be asked for."""


@dataclass(frozen=True, slots=True)
class Asking:
    """What a household may ask for, and how things stand. `languages`: tags that can be chosen, each with its name."""

    case: KnownCase
    standing: Standing
    languages: dict[str, str]
    accommodations: tuple[Accommodation, ...]
    noted: frozenset[str]


def as_field(part: str, own: OwnNeeds) -> str:
    """What is asked for of this part, in one field of a form."""
    return " ".join(sorted(own.accommodations)) if part == "place" else own.language or ""


def fields(part: str, own: OwnNeeds) -> dict[str, str]:
    """What was chosen, as its form says it."""
    ticked = {code: "yes" for code in sorted(own.accommodations)} if part == "place" else {}
    return {"part": part, **ticked, **({"language": own.language or ""} if part == "interpreter" else {})}


def items(visit: Visit, part: str, own: OwnNeeds, found: Asking) -> list[dict[str, Any]]:
    """What can be chosen of this part, with what is."""
    if part == "interpreter":
        none = {"value": "", "text": visit.text("needs.interpreter.none"), "selected": own.language is None}
        return [
            none,
            *({"value": tag, "text": name, "selected": tag == own.language} for tag, name in found.languages.items()),
        ]
    return [
        {
            "name": each.value,
            "id": each.value,
            "value": "yes",
            "text": visit.text(f"need.{each}"),
            "checked": each in own.accommodations,
        }
        for each in found.accommodations
    ]


def fact(visit: Visit, part: str, own: OwnNeeds, found: Asking) -> Fact:
    """What is asked for of this part, as one line."""
    if part == "interpreter":
        name = language_name(own.language, visit.language) if own.language else visit.text("needs.nothing")
        return Fact(visit.text("needs.interpreter"), name[:1].upper() + name[1:])
    asked = [str(each) for each in found.accommodations if each in own.accommodations]
    names = named(asked, visit.catalogue) if asked else visit.text("needs.nothing")
    return Fact(visit.text("needs.place"), names[:1].upper() + names[1:])


def summary(visit: Visit, found: Asking) -> list[dict[str, Any]]:
    """What is asked for of each part, with the way to change it."""
    shown = rows([fact(visit, part, found.case.own, found) for part in ADDRESSES])
    for row, (part, address) in zip(shown, ADDRESSES.items(), strict=True):
        link = {
            "href": f"/{visit.language}{address}",
            "text": visit.text("contact.change"),
            "visuallyHiddenText": visit.text(f"needs.{part}"),
        }
        row["actions"] = {"items": [link]}
    return shown


def noted(visit: Visit, found: Asking) -> str | None:
    """What the authority has noted already, which needs no asking."""
    languages = [
        f"interpreter:{each.tag.split('-')[0].lower()}" for each in found.case.snapshot.languages if each.interpreter
    ]
    codes = [*languages, *(str(each) for each in Accommodation if each in found.noted)]
    return visit.text("needs.noted", needs=named(codes, visit.catalogue)) if codes else None


def consequence(
    visit: Visit, standing: Standing, foreseen: Foreseen, own: OwnNeeds, *, can_look: bool
) -> tuple[str, ...]:
    """What becomes of the date, in sentences."""
    live = standing.case.live
    if live is None:
        never = [visit.text("needs.never"), visit.text(f"why.{foreseen.never}")] if foreseen.never else []
        return (visit.text("needs.searched"), *never)
    date = moment(live.starts_at, live.zone, standing.sites[live.site].city, visit.catalogue)
    keeps = visit.text("needs.keeps", moment=date)
    changes_letter = foreseen.place and live.status is AppointmentStatus.BOOKED
    letter = [visit.text("needs.letter")] if changes_letter else []
    if foreseen.effect is Effect.STAYS:
        has = [visit.text("needs.has")] if own != NOTHING else []
        return (keeps, *has, *letter)
    lacking = visit.text("needs.lacking", needs=named(foreseen.lacking, visit.catalogue))
    others = () if can_look or foreseen.others is None else (visit.text("needs.no_others"),)
    return (keeps, lacking, visit.text("needs.asks"), *others, *letter)
