"""A household chooses a time: what many ask at the same moment is carried out together."""

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import BaseModel, Field

from services.scheduling import commands
from services.scheduling.commands.choosing import Choosing, choose_together
from services.scheduling.commands.requests import once
from shared.clock import Clock
from shared.db import Database, DatabaseUnavailable
from shared.gathered import Gathered
from shared.web.problems import Problem


class Choice(BaseModel):
    """The place at the site and start of this slot, as `slots` shows it: a time is chosen, not a desk."""

    slot_id: Annotated[int, Field(ge=1, le=2**53 - 1)]


class Choices:
    """Carries out choices; each gets the case as it is then. Raises: Problem."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._gathered = Gathered(self._together)

    async def __call__(self, asked: Choosing) -> dict[str, Any]:
        return await self._gathered(asked)

    async def _together(self, asked: Sequence[Choosing]) -> list[dict[str, Any] | Exception]:
        """In one transaction; what it leaves is done after it, one by one."""
        answers = await self._database.run(self._clock.now(), lambda uow: choose_together(uow, asked))
        return [answer or await self._alone(each) for each, answer in zip(asked, answers, strict=True)]

    async def _alone(self, asked: Choosing) -> dict[str, Any] | Exception:
        try:
            return await once(
                self._database,
                self._clock.now(),
                asked.request,
                lambda uow, ref: commands.choose(uow, ref, asked.slot_id, asked.acted_by),
            )
        except (Problem, DatabaseUnavailable) as refusal:
            return refusal
