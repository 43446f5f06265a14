"""What we need at the interview: a household asks for an interpreter or an adjustment, and is told before what it means.

What was chosen stands in no address. It is shown once more, with what becomes of the date, and then asked for.
"""

from collections.abc import Awaitable
from dataclasses import replace
from uuid import UUID

from fastapi.responses import Response

from services.scheduling import commands
from services.scheduling.domain.needs import Accommodation
from services.scheduling.domain.own_needs import Effect, OwnNeeds, noted_by_country
from services.scheduling.placing import own_needs
from services.scheduling.repository import own_needs as repository
from services.scheduling.repository import reference
from services.scheduling.views.cases import known
from services.scheduling.web.interview import actions_of
from services.scheduling.web.my_interview import Desk
from services.scheduling.web.needs_words import (
    ADDRESSES,
    NEEDS,
    Asking,
    as_field,
    consequence,
    fact,
    fields,
    items,
    noted,
    summary,
)
from services.scheduling.web.places import PLACES
from services.scheduling.web.presented import rows
from services.scheduling.web.routes import Routes
from services.scheduling.web.standing import standing_of
from services.scheduling.web.visits import Visit
from shared.clock import Clock
from shared.dates import language_name
from shared.db import UnitOfWork
from shared.service import Service
from shared.web.problems import Problem

WAYS = ("keep", "look")
"""A household whose place lacks something keeps its date, or looks at others that have it; the staff are asked in both."""


class Questions:
    """Asks a household what it needs, tells it what that means and notes it, for every page of it.

    Each raises Problem 409 when nothing can be asked for any more.
    """

    def __init__(self, desk: Desk, clock: Clock) -> None:
        self._desk, self._clock = desk, clock

    async def asking(self, visit: Visit) -> Asking:
        return await self._desk.run(lambda uow: _asking(uow, visit))

    async def summary(self, visit: Visit) -> Response:
        found = await self.asking(visit)
        done = visit.request.query_params.get("done")
        done = done if done in list(Effect) else None
        return visit.page("needs.html", rows=summary(visit, found), noted=noted(visit, found), done=done)

    async def first(self, visit: Visit, part: str) -> Response:
        """The question about a part, as it was answered so far."""
        found = await self.asking(visit)
        typed = _chosen(visit, part, found) if visit.fields else None
        return _question(visit, part, typed or found.case.own, found)

    async def answered(self, visit: Visit, part: str) -> Response:
        """What was chosen, once more, with what becomes of the date; if that is what it was, nothing is to be done."""
        found = await self.asking(visit)
        own = _chosen(visit, part, found)
        if own is None:
            return _question(visit, part, found.case.own, found, error="needs.interpreter.error")
        if visit.fields.get("change"):
            return _question(visit, part, own, found)
        return await self.check(visit, part, own, found) if own != found.case.own else visit.go(NEEDS)

    async def check(
        self, visit: Visit, part: str, own: OwnNeeds, found: Asking, *, status: int = 200, error: str | None = None
    ) -> Response:
        foreseen = await self._desk.run(lambda uow: own_needs.foresee(uow, found.case, own))
        can_look = foreseen.others is True and "places" in actions_of(found.standing, self._clock.now())
        chosen = {**fields(part, own), "was": as_field(part, found.case.own)}
        visit.path = ADDRESSES[part]
        return visit.page(
            "needs-check.html",
            status=status,
            error=error,
            part=part,
            fields=chosen,
            kept=chosen,
            rows=rows([fact(visit, part, own, found)]),
            said=consequence(visit, found.standing, foreseen, own, can_look=can_look),
            effect=foreseen.effect,
            ways=[{"value": way, "text": visit.text(f"needs.way.{way}")} for way in WAYS] if can_look else None,
            appointment_id=found.case.live.id if found.case.live else "",
        )

    async def asked(self, visit: Visit) -> Response:
        """Notes what was chosen. If it means something else by now, that is shown before anything is done."""
        found, part, told = await self.asking(visit), visit.fields.get("part", ""), visit.fields.get("effect", "")
        own = _chosen(visit, part, found)
        if own is None or told not in list(Effect):
            return visit.go(NEEDS)
        way = visit.fields.get("way", "")
        if visit.fields.get("ways") and way not in WAYS:
            return await self.check(visit, part, own, found, status=422, error="needs.way.error")
        try:
            await self._note(visit, own, was=_was(visit, part, found), told=Effect(told))
        except Problem as problem:
            if problem.code != "effect_changed":
                raise
            found = await self.asking(visit)
            own = _chosen(visit, part, found) or found.case.own
            return await self.check(visit, part, own, found, status=409, error="changed.effect_changed")
        return visit.go(PLACES if way == "look" else f"{NEEDS}?done={told}")

    async def _note(self, visit: Visit, own: OwnNeeds, *, was: OwnNeeds, told: Effect) -> None:
        seen = _id(visit.fields.get("appointment", ""))
        await self._desk.run(
            lambda uow: commands.ask(uow, visit.case, own, visit.acted_by, was=was, seen=seen, told=told)
        )


def add(routes: Routes, service: Service, desk: Desk) -> None:
    """The pages on which a household says what it needs."""
    questions = Questions(desk, service.clock)

    async def or_refused(visit: Visit, page: Awaitable[Response]) -> Response:
        try:
            return await page
        except Problem as problem:
            return await desk.refused(visit, problem)

    def add_question(address: str, part: str) -> None:
        @routes.get(address, private=True)
        async def question(visit: Visit) -> Response:
            return await or_refused(visit, questions.first(visit, part))

        @routes.post(address, private=True)
        async def chosen(visit: Visit) -> Response:
            return await or_refused(visit, questions.answered(visit, part))

    @routes.get(NEEDS, private=True)
    async def needs(visit: Visit) -> Response:
        return await or_refused(visit, questions.summary(visit))

    for part, address in ADDRESSES.items():
        add_question(address, part)

    @routes.post(f"{NEEDS}/ask", shown_at=lambda sent: ADDRESSES.get(sent.get("part", ""), NEEDS), private=True)
    async def ask(visit: Visit) -> Response:
        return await or_refused(visit, questions.asked(visit))


def _question(visit: Visit, part: str, own: OwnNeeds, found: Asking, *, error: str | None = None) -> Response:
    return visit.page(
        f"needs-{part}.html",
        status=422 if error else 200,
        error=error,
        items=items(visit, part, own, found),
        noted=noted(visit, found),
        was=as_field(part, found.case.own),
    )


async def _asking(uow: UnitOfWork, visit: Visit) -> Asking:
    case = await known(uow, visit.case)
    commands.check_may_ask(case, uow.now)
    programmes = await reference.programmes(uow, [case.snapshot.programme])
    programme = programmes.get(case.snapshot.programme)
    sites = case.snapshot.sites or (programme.sites if programme else ())
    has = {each.tag.split("-")[0].lower() for each in case.snapshot.languages if each.interpreter}
    tags = [tag for tag in await repository.languages_at(uow, case.system, sites) if tag not in has]
    names = {tag: language_name(tag, visit.language) for tag in tags}
    by_name = dict(sorted(names.items(), key=lambda each: each[1].casefold()))
    by_country = noted_by_country(case.snapshot)
    alone = case.snapshot.party.attendees < 2
    can = tuple(
        each for each in Accommodation if each not in by_country and not (alone and each is Accommodation.HEARD_APART)
    )
    return Asking(case, await standing_of(uow, visit.case), by_name, can, by_country)


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
    if part == "place":
        return replace(own, accommodations=frozenset(was.split()))
    return replace(own, language=was or None)


def _id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
