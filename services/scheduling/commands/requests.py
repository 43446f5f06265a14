"""Requests that name the version of the case that they saw, or a key under which they are carried out once."""

import hashlib
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

import orjson

from services.scheduling.commands.locked import locked
from services.scheduling.commands.places import PLACE_TAKEN
from services.scheduling.repository import answered
from services.scheduling.views.cases import case_view
from services.scheduling.views.changes import check_case_version
from shared.db import Database, UnitOfWork
from shared.settings import Role
from shared.web.problems import Problem

Command = Callable[[UnitOfWork, str], Awaitable[None]]
Answer = dict[str, Any] | Problem


@dataclass(frozen=True, slots=True)
class Named:
    """What a request names beside what it asks: the key under which it is done once, as it is kept, and the case's version
    that was seen."""

    key: str | None = None
    seen_version: int | None = None


NOTHING = Named()


@dataclass(frozen=True, slots=True)
class Request:
    """What someone asks of a case. `what` says it in our own words: the command and all that it is told."""

    case_ref: str
    acted_by: Role
    what: str
    named: Named = NOTHING

    @property
    def said(self) -> str:
        """By whom and what: a key stands for this and for nothing else."""
        return f"{self.acted_by} {self.what}"


def kept_key(key: str) -> str:
    """The key as it is kept: nobody can read out of it what a sender put into it."""
    return hashlib.sha256(key.encode()).hexdigest()


async def once(database: Database, now: datetime, asked: Request, command: Command) -> dict[str, Any]:
    """The case after the command, or what the same request was answered before under its key.

    A second one that comes while the first is at work waits for it. A refusal counts as an answer, too, but that a place
    is taken.
    Raises: Problem of the command, 409 for a key that stands for another request, 412 when the case is not what was seen.
    """
    try:
        answer = await database.run(now, lambda uow: _carried_out(uow, asked, command))
    except Problem as refusal:
        if not (asked.named.key and _is_kept(refusal)):
            raise
        answer = await database.run(now, partial(_refused, asked=asked, refusal=refusal))
    if isinstance(answer, Problem):
        raise answer
    return answer


async def _carried_out(uow: UnitOfWork, asked: Request, command: Command) -> Answer:
    if asked.named != NOTHING:
        case = await locked(uow, asked.case_ref)
        if before := await _before(uow, asked):
            return before
        await check_case_version(uow, case, asked.named.seen_version)
    await command(uow, asked.case_ref)
    view = await case_view(uow, asked.case_ref)
    await keep(uow, [(asked, view)])
    return view


async def _refused(uow: UnitOfWork, asked: Request, refusal: Problem) -> Answer:
    """What a refused command wrote is taken back by now; only the refusal is kept, unless another answer is."""
    before = await _before(uow, asked)
    if before is None:
        await keep(uow, [(asked, refusal)])
    return before or refusal


async def _before(uow: UnitOfWork, asked: Request) -> Answer | None:
    return (await answered_before(uow, [asked])).get(asked.case_ref)


async def answered_before(uow: UnitOfWork, asked: Iterable[Request]) -> dict[str, Answer]:
    """By case, what those requests were answered before whose keys were used; each is of another case."""
    of_case = {each.case_ref: each for each in asked}
    rows = await answered.find(uow, [(ref, key) for ref, each in of_case.items() if (key := each.named.key)])
    return {ref: _said_before(row, of_case[ref]) for ref, row in rows.items()}


def _said_before(row: Any, asked: Request) -> Answer:
    if row.request != asked.said:
        return Problem(
            409, "key_reused", "this Idempotency-Key stands for another request: send a new one with a new request"
        )
    answer: dict[str, Any] = orjson.loads(row.answer)
    return answer if row.status == 200 else Problem(row.status, **answer)


async def keep(uow: UnitOfWork, answers: Sequence[tuple[Request, Answer]]) -> None:
    """Keeps what requests with a key are answered."""
    rows = [
        {
            "case_ref": asked.case_ref,
            "key": asked.named.key,
            "request": asked.said,
            "status": answer.status if isinstance(answer, Problem) else 200,
            "answer": orjson.dumps(_plain(answer), default=str).decode(),
        }
        for asked, answer in answers
        if asked.named.key and (not isinstance(answer, Problem) or _is_kept(answer))
    ]
    await answered.keep(uow, rows)


def _is_kept(refusal: Problem) -> bool:
    """Only how things stood with the case: what is unknown, malformed or old is looked at anew when it is asked again, and
    so is a place that was taken, of which a crowd is told at the same moment."""
    return refusal.status == 409 and refusal.code != PLACE_TAKEN


def _plain(answer: Answer) -> dict[str, Any]:
    if isinstance(answer, Problem):
        return {"code": answer.code, "detail": answer.detail, **answer.extra}
    return answer
