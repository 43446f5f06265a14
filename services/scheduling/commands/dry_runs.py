"""Changes that can be shown before they are made: what is shown is what would happen, because it happened and was undone."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

from shared.db import Database, UnitOfWork


class _Shown(Exception):
    """Ends the unit of work of a dry run, so that nothing of it stays."""

    def __init__(self, answer: dict[str, Any]) -> None:
        super().__init__("a dry run changes nothing")
        self.answer = answer


async def do_or_show(
    database: Database, now: datetime, change: Callable[[UnitOfWork], Awaitable[dict[str, Any]]], *, dry_run: bool
) -> dict[str, Any]:
    """What the change answers, done whole in a unit of work of its own, and taken back if it is only to be shown."""

    async def work(uow: UnitOfWork) -> dict[str, Any]:
        answer = await change(uow)
        if dry_run:
            raise _Shown(answer)
        return answer

    try:
        return await database.run(now, work)
    except _Shown as shown:
        return shown.answer
