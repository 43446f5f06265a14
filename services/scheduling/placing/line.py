"""Who waits under a programme, in order of seniority, gone through page by page."""

from collections.abc import Collection
from dataclasses import dataclass

from services.scheduling.repository import cases
from services.scheduling.repository.known_case import Seniority
from shared.db import UnitOfWork


@dataclass(frozen=True, slots=True)
class Line:
    """Those who wait for one of the reasons. `with_live`: also those who have an appointment."""

    programme: str
    reasons: Collection[str]
    with_live: bool = False

    async def next_after(self, uow: UnitOfWork, last: Seniority, most: int) -> list[Seniority]:
        """The next ones in it, not locked."""
        return await cases.waiting_after(uow, self.programme, self.reasons, last, most, with_live=self.with_live)

    async def leave_next(self, uow: UnitOfWork, last: Seniority) -> tuple[str, Seniority | None]:
        """Who is next, and that it goes on after it: nothing is done about it."""
        [first] = await self.next_after(uow, last, 1)
        return first.case_ref, first
