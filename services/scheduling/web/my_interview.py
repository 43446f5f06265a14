"""My interview: how the case stands, and what the household does about it. Nothing is done before it was shown whole."""

from collections.abc import Awaitable, Callable
from typing import TypeVar
from uuid import UUID

from fastapi.responses import Response

from services.scheduling import commands
from services.scheduling.repository import pins
from services.scheduling.web.case import HOME
from services.scheduling.web.interview import InterviewPage, Standing, longer_in_words, present
from services.scheduling.web.presented import rows
from services.scheduling.web.routes import Routes
from services.scheduling.web.standing import standing_of
from services.scheduling.web.visits import Visit
from shared.db import UnitOfWork
from shared.languages import choose_catalogue
from shared.service import Service
from shared.web.problems import Problem

CAUSES = ("applicant-unable", "household-changed", "applicant-request")
"""Why a household lets a date go, the most frequent first; the last one says no more. Words: docs/domain.md."""
NO_APPOINTMENT = UUID(int=0)
"""Stands for an id that is none: it names no appointment, so nothing is done."""

T = TypeVar("T")
Command = Callable[[UnitOfWork], Awaitable[None]]


class Desk:
    """Shows a case and does what its household says, for every page of it."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def look(self, visit: Visit) -> Standing:
        return await self.run(lambda uow: standing_of(uow, visit.case))

    async def do(self, visit: Visit, command: Command) -> Response:
        """To the page of the case afterwards; if it cannot be done, the same page says so, and what holds instead."""
        try:
            await self.run(command)
        except Problem as problem:
            return await self.refused(visit, problem)
        return visit.go(HOME)

    async def refused(self, visit: Visit, problem: Problem) -> Response:
        """The case as it stands, and why this cannot be done. Raises: the problem again, if it is of another kind."""
        if problem.status != 409:
            raise problem
        return await self.show(visit, status=409, refused=problem.code)

    async def show(self, visit: Visit, *, status: int = 200, refused: str | None = None) -> Response:
        """The case as it stands now; `refused` is the code of what could not be done."""
        page = self.presented(visit, await self.look(visit))
        changed = None
        if refused:
            key = f"changed.{refused}"
            changed = visit.text(key if visit.catalogue.has(key) else "changed.other")
        return visit.page(
            "my-interview.html",
            status=status,
            page=page,
            rows=rows(page.facts),
            case_ref=visit.case,
            changed=changed,
            spoken=_spoken(visit),
            pins_made=await self.run(lambda uow: pins.made(uow, visit.case)) if visit.assisting else None,
        )

    def presented(self, visit: Visit, standing: Standing) -> InterviewPage:
        return present(standing, visit.catalogue, self._service.clock.now())

    async def run(self, work: Callable[[UnitOfWork], Awaitable[T]]) -> T:
        """What comes of it, in one unit of work."""
        return await self._service.run(work)


def add(routes: Routes, desk: Desk) -> None:
    """The page of a case, and those by which an offer is accepted and a date given up."""

    @routes.get(HOME, private=True)
    async def my_interview(visit: Visit) -> Response:
        return await desk.show(visit)

    @routes.get(f"{HOME}/accept", private=True)
    async def check_before_accepting(visit: Visit) -> Response:
        page = desk.presented(visit, await desk.look(visit))
        if "accept" not in page.actions:
            return visit.go(HOME)
        return visit.page("accept.html", page=page, rows=rows(page.facts))

    @routes.post(f"{HOME}/accept", private=True)
    async def accept(visit: Visit) -> Response:
        return await desk.do(visit, lambda uow: commands.accept(uow, visit.case, visit.acted_by, seen_in(visit)))

    @routes.get(f"{HOME}/extend", private=True)
    async def check_before_extending(visit: Visit) -> Response:
        standing = await desk.look(visit)
        page = desk.presented(visit, standing)
        if "extend" not in page.actions:
            return visit.go(HOME)
        words = longer_in_words(standing, visit.catalogue)
        return visit.page("extend.html", page=page, rows=rows(page.facts), words=words)

    @routes.post(f"{HOME}/extend", private=True)
    async def extend(visit: Visit) -> Response:
        return await desk.do(visit, lambda uow: commands.extend(uow, visit.case, visit.acted_by, seen_in(visit)))

    @routes.get(f"{HOME}/decline", private=True)
    async def ask_why(visit: Visit) -> Response:
        page = desk.presented(visit, await desk.look(visit))
        return _why_page(visit, page) if "decline" in page.actions else visit.go(HOME)

    @routes.post(f"{HOME}/decline", private=True)
    async def decline(visit: Visit) -> Response:
        cause = visit.fields.get("cause", "")
        if cause in CAUSES:
            return await desk.do(
                visit, lambda uow: commands.decline(uow, visit.case, visit.acted_by, seen_in(visit), reason=cause)
            )
        page = desk.presented(visit, await desk.look(visit))
        return _why_page(visit, page, error="cause.error") if "decline" in page.actions else visit.go(HOME)

    @routes.post(f"{HOME}/again", shown_at=HOME, private=True)
    async def again(visit: Visit) -> Response:
        return await desk.do(visit, lambda uow: commands.offer_again(uow, visit.case, by_household=True))


def seen_in(visit: Visit) -> UUID:
    """The appointment that the form was about: a late answer must not hit one that its sender never saw."""
    return visit.id_in("appointment") or NO_APPOINTMENT


def _spoken(visit: Visit) -> str:
    """The language of ours that comes nearest to the household's."""
    locale = visit.assisting.locale if visit.assisting else None
    return choose_catalogue(locale or visit.language, visit.pages.catalogues).language


def _why_page(visit: Visit, page: InterviewPage, *, error: str | None = None) -> Response:
    typed = visit.fields.get("cause")
    causes = [{"value": each, "text": visit.text(f"cause.{each}"), "checked": each == typed} for each in CAUSES]
    return visit.page(
        "decline.html", status=422 if error else 200, page=page, rows=rows(page.facts), causes=causes, error=error
    )
