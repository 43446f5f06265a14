"""What we need at the interview: a household asks for an interpreter or an adjustment, and is told before what it means.

What was chosen stands in no address. It is shown once more, with what becomes of the date, and then asked for.
"""

from collections.abc import Awaitable
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from fastapi.responses import Response

from services.scheduling import commands, own_needs, views
from services.scheduling.domain.needs import Accommodation
from services.scheduling.domain.own_needs import NOTHING, Effect, OwnNeeds, noted_by_country
from services.scheduling.own_needs import Foreseen
from services.scheduling.repository import own_needs as repository
from services.scheduling.repository import reference
from services.scheduling.repository.cases import KnownCase
from services.scheduling.web.case import HOME
from services.scheduling.web.interview import Standing, actions_of
from services.scheduling.web.my_interview import Desk
from services.scheduling.web.places import PLACES
from services.scheduling.web.presented import Fact, moment, rows
from services.scheduling.web.requests import named
from services.scheduling.web.routes import Routes
from services.scheduling.web.standing import standing_of
from services.scheduling.web.visits import Visit
from shared.dates import language_name
from shared.db import UnitOfWork
from shared.events import AppointmentStatus
from shared.service import Service
from shared.web.problems import Problem

NEEDS = f"{HOME}/needs"
ADDRESSES = {part: f"{NEEDS}/{part}" for part in ("interpreter", "place")}
"""The question about each part of what can be asked for."""
WAYS = ("keep", "look")
"""A household whose place lacks something keeps its date, or looks at others that have it; the staff are asked in both."""


@dataclass(frozen=True, slots=True)
class Asking:
    """What a household may ask for, and how things stand. `languages`: tags that can be chosen, each with its name."""

    case: KnownCase
    standing: Standing
    languages: dict[str, str]
    accommodations: tuple[Accommodation, ...]
    noted: frozenset[str]


def add(routes: Routes, service: Service, desk: Desk) -> None:
    """The pages on which a household says what it needs."""

    async def asking(visit: Visit) -> Asking:
        """Raises: Problem 409 when nothing can be asked for any more."""
        return await desk.run(lambda uow: _asking(uow, visit))

    async def own_page(visit: Visit) -> Response:
        found = await asking(visit)
        done = visit.request.query_params.get("done")
        done = done if done in list(Effect) else None
        return visit.page("needs.html", rows=_summary(visit, found), noted=_noted(visit, found), done=done)

    async def question(visit: Visit, part: str, own: OwnNeeds, found: Asking, *, error: str | None = None) -> Response:
        items, noted = _items(visit, part, own, found), _noted(visit, found)
        was = _as_field(part, found.case.own)
        status = 422 if error else 200
        return visit.page(f"needs-{part}.html", status=status, error=error, items=items, noted=noted, was=was)

    async def answered(visit: Visit, part: str) -> Response:
        """What was chosen, once more, with what becomes of the date; if that is what it was, nothing is to be done."""
        found = await asking(visit)
        own = _chosen(visit, part, found)
        if own is None:
            return await question(visit, part, found.case.own, found, error="needs.interpreter.error")
        if visit.fields.get("change"):
            return await question(visit, part, own, found)
        return await check(visit, part, own, found) if own != found.case.own else visit.go(NEEDS)

    async def check(
        visit: Visit, part: str, own: OwnNeeds, found: Asking, *, status: int = 200, error: str | None = None
    ) -> Response:
        foreseen = await desk.run(lambda uow: own_needs.foresee(uow, found.case, own))
        can_look = foreseen.others and "places" in actions_of(found.standing, service.clock.now())
        fields = {**_fields(part, own), "was": _as_field(part, found.case.own)}
        visit.path = ADDRESSES[part]
        return visit.page(
            "needs-check.html",
            status=status,
            error=error,
            part=part,
            fields=fields,
            kept=fields,
            rows=rows([_fact(visit, part, own, found)]),
            said=_consequence(visit, found.standing, foreseen, own, can_look=can_look),
            effect=foreseen.effect,
            ways=[{"value": way, "text": visit.text(f"needs.way.{way}")} for way in WAYS] if can_look else None,
            appointment_id=found.case.live.id if found.case.live else "",
        )

    @routes.get(NEEDS, private=True)
    async def needs(visit: Visit) -> Response:
        return await or_refused(visit, own_page(visit))

    async def or_refused(visit: Visit, page: Awaitable[Response]) -> Response:
        try:
            return await page
        except Problem as problem:
            return await desk.refused(visit, problem)

    def add_question(address: str, part: str) -> None:
        async def first(visit: Visit) -> Response:
            found = await asking(visit)
            return await question(visit, part, found.case.own, found)

        @routes.get(address, private=True)
        async def asked(visit: Visit) -> Response:
            return await or_refused(visit, first(visit))

        @routes.post(address, private=True)
        async def chosen(visit: Visit) -> Response:
            return await or_refused(visit, answered(visit, part))

    for part, address in ADDRESSES.items():
        add_question(address, part)

    @routes.post(f"{NEEDS}/ask", shown_at=NEEDS, private=True)
    async def ask(visit: Visit) -> Response:
        return await or_refused(visit, sent(visit))

    async def sent(visit: Visit) -> Response:
        found, part, told = await asking(visit), visit.fields.get("part", ""), visit.fields.get("effect", "")
        own = _chosen(visit, part, found)
        if own is None or told not in list(Effect):
            return visit.go(NEEDS)
        way = visit.fields.get("way", "")
        if visit.fields.get("ways") and way not in WAYS:
            return await check(visit, part, own, found, status=422, error="needs.way.error")
        seen, was = _id(visit.fields.get("appointment", "")), _was(visit, part, found)
        try:
            await desk.run(
                lambda uow: commands.ask(uow, visit.case, own, visit.acted_by, was=was, seen=seen, told=Effect(told))
            )
        except Problem as problem:
            if problem.code != "effect_changed":
                raise
            now = await asking(visit)
            wanted = _chosen(visit, part, now) or now.case.own
            return await check(visit, part, wanted, now, status=409, error="changed.effect_changed")
        return visit.go(PLACES if way == "look" else f"{NEEDS}?done={told}")


async def _asking(uow: UnitOfWork, visit: Visit) -> Asking:
    case = await views.known(uow, visit.case)
    commands.check_may_ask(case, uow)
    programmes = await reference.programmes(uow, [case.snapshot.programme])
    programme = programmes.get(case.snapshot.programme)
    sites = case.snapshot.sites or (programme.sites if programme else ())
    has = {each.tag.split("-")[0].lower() for each in case.snapshot.languages if each.interpreter}
    tags = [tag for tag in await repository.languages_at(uow, case.system, sites) if tag not in has]
    names = {tag: language_name(tag, visit.language) for tag in tags}
    by_name = dict(sorted(names.items(), key=lambda each: each[1].casefold()))
    noted = noted_by_country(case.snapshot)
    alone = case.snapshot.party.attendees < 2
    can = tuple(
        each for each in Accommodation if each not in noted and not (alone and each is Accommodation.HEARD_APART)
    )
    return Asking(case, await standing_of(uow, visit.case), by_name, can, noted)


def _chosen(visit: Visit, part: str, found: Asking) -> OwnNeeds | None:
    """What the household asks for from now on, of which this part was chosen; None for what cannot be chosen.

    What somebody else asked for since the question was read stays in it.
    """
    own = found.case.own
    was = _was(visit, part, found)
    if part == "place":
        ticked = frozenset(str(each) for each in found.accommodations if visit.fields.get(each))
        return own.changed(was, replace(own, accommodations=ticked))
    language = visit.fields.get("language", "")
    if part != "interpreter" or language not in ("", own.language or "", *found.languages):
        return None
    return own.changed(was, replace(own, language=language or None))


def _was(visit: Visit, part: str, found: Asking) -> OwnNeeds:
    """What was asked for when the question was read; what holds now, where its form does not say it."""
    own, was = found.case.own, visit.fields.get("was")
    if was is None:
        return own
    return (
        replace(own, accommodations=frozenset(was.split())) if part == "place" else replace(own, language=was or None)
    )


def _as_field(part: str, own: OwnNeeds) -> str:
    """What is asked for of this part, in one field of a form."""
    return " ".join(sorted(own.accommodations)) if part == "place" else own.language or ""


def _fields(part: str, own: OwnNeeds) -> dict[str, str]:
    """What was chosen, as its form says it."""
    ticked = {code: "yes" for code in sorted(own.accommodations)} if part == "place" else {}
    return {"part": part, **ticked, **({"language": own.language or ""} if part == "interpreter" else {})}


def _items(visit: Visit, part: str, own: OwnNeeds, found: Asking) -> list[dict[str, Any]]:
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


def _fact(visit: Visit, part: str, own: OwnNeeds, found: Asking) -> Fact:
    if part == "interpreter":
        name = language_name(own.language, visit.language) if own.language else visit.text("needs.nothing")
        return Fact(visit.text("needs.interpreter"), name[:1].upper() + name[1:])
    asked = [str(each) for each in found.accommodations if each in own.accommodations]
    names = named(asked, visit.catalogue) if asked else visit.text("needs.nothing")
    return Fact(visit.text("needs.place"), names[:1].upper() + names[1:])


def _summary(visit: Visit, found: Asking) -> list[dict[str, Any]]:
    shown = rows([_fact(visit, part, found.case.own, found) for part in ADDRESSES])
    for row, (part, address) in zip(shown, ADDRESSES.items(), strict=True):
        link = {
            "href": f"/{visit.language}{address}",
            "text": visit.text("contact.change"),
            "visuallyHiddenText": visit.text(f"needs.{part}"),
        }
        row["actions"] = {"items": [link]}
    return shown


def _noted(visit: Visit, found: Asking) -> str | None:
    """What the authority has noted already, which needs no asking."""
    languages = [
        f"interpreter:{each.tag.split('-')[0].lower()}" for each in found.case.snapshot.languages if each.interpreter
    ]
    noted = [*languages, *(str(each) for each in Accommodation if each in found.noted)]
    return visit.text("needs.noted", needs=named(noted, visit.catalogue)) if noted else None


def _consequence(
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
    others = () if can_look else (visit.text("needs.no_others"),)
    return (keeps, lacking, visit.text("needs.asks"), *others, *letter)


def _id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
