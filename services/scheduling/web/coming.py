"""Who is coming: a household says in numbers who of it comes, and reads before what that means. No name stands here."""

from dataclasses import dataclass
from typing import Any

from fastapi.responses import Response

from services.scheduling import commands
from services.scheduling.domain.coming import Coming, can_be_said, everyone, is_possible, within
from services.scheduling.web.case import HOME
from services.scheduling.web.interview import Standing, coming_in_words
from services.scheduling.web.my_interview import Desk, seen_in
from services.scheduling.web.presented import Fact, rows
from services.scheduling.web.routes import Routes
from services.scheduling.web.visits import Visit
from shared.reference import is_number
from shared.web.problems import Problem

COMING = f"{HOME}/coming"


@dataclass(frozen=True)
class ComingPages:
    """The pages on which a household says who comes."""

    desk: Desk

    async def who_comes(self, visit: Visit) -> Response:
        standing = await self.desk.look(visit)
        if not can_be_said(standing.case.live, standing.case.snapshot.party):
            return visit.go(HOME)
        return _question(visit, standing, _typed(visit) or _now(standing))

    async def chosen(self, visit: Visit) -> Response:
        standing = await self.desk.look(visit)
        party = standing.case.snapshot.party
        if not can_be_said(standing.case.live, party):
            return visit.go(HOME)
        said = _typed(visit)
        if said is None or not is_possible(said, party):
            if said and said.count == 0:
                return _question(visit, standing, said, error="coming.error.nobody")
            return _question(visit, standing, _now(standing), error="coming.error")
        return (_question if visit.fields.get("change") else _check)(visit, standing, said)

    async def say(self, visit: Visit) -> Response:
        said = _typed(visit)
        if said is None:
            return visit.go(COMING)
        try:
            await self.desk.run(
                lambda uow: commands.say_who_comes(uow, visit.case, said, visit.acted_by, seen=seen_in(visit))
            )
        except Problem as problem:
            return await self.desk.refused(visit, problem)
        return visit.go(f"{COMING}?done=yes")


def add(routes: Routes, desk: Desk) -> None:
    """The addresses of these pages."""
    pages = ComingPages(desk)
    routes.get(COMING, private=True)(pages.who_comes)
    routes.post(COMING, private=True)(pages.chosen)
    routes.post(f"{COMING}/say", shown_at=COMING, private=True)(pages.say)


def _question(visit: Visit, standing: Standing, said: Coming, *, error: str | None = None) -> Response:
    is_done = visit.request.query_params.get("done") and standing.coming
    return visit.page(
        "coming.html",
        status=422 if error else 200,
        error=error,
        selects=_selects(visit, standing, said),
        done=coming_in_words(standing, visit.catalogue) if is_done else None,
    )


def _check(visit: Visit, standing: Standing, said: Coming) -> Response:
    party, live = standing.case.snapshot.party, standing.case.live
    fields = {"adults": str(said.adults), "children": str(said.children)}
    return visit.page(
        "coming-check.html",
        rows=rows(_facts(visit, standing, said)),
        fields=fields,
        kept=fields,
        is_everyone=said == everyone(party),
        appointment_id=live.id if live else "",
    )


def _now(standing: Standing) -> Coming:
    """What was said last, or that everyone comes."""
    party = standing.case.snapshot.party
    return within(standing.coming, party) if standing.coming else everyone(party)


def _typed(visit: Visit) -> Coming | None:
    numbers = [visit.fields.get(name, "") for name in ("adults", "children")]
    if not all(is_number(each) and len(each) <= 3 for each in numbers):
        return None
    return Coming(*(int(each) for each in numbers))


def _selects(visit: Visit, standing: Standing, said: Coming) -> list[dict[str, Any]]:
    """For adults and children each how many of them can come; who has none of them is not asked."""
    party = standing.case.snapshot.party
    most = {"adults": (party.adults, said.adults), "children": (party.children, said.children)}
    return [
        {
            "name": name,
            "label": visit.text(f"coming.{name}"),
            "items": [
                {"value": str(n), "text": visit.text("coming.of", count=str(n), all=str(all_)), "selected": n == now}
                for n in range(all_, -1, -1)
            ],
        }
        for name, (all_, now) in most.items()
        if all_
    ]


def _facts(visit: Visit, standing: Standing, said: Coming) -> list[Fact]:
    party = standing.case.snapshot.party
    of = {"adults": (said.adults, party.adults), "children": (said.children, party.children)}
    return [
        Fact(visit.text(f"coming.{name}"), visit.text("coming.of", count=str(n), all=str(all_)))
        for name, (n, all_) in of.items()
        if all_
    ]
