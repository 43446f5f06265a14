"""Whether a year of birth belongs to a household: asked of intake, which alone knows, and answered with yes or no."""

from typing import Protocol

from pydantic import BaseModel, SecretStr

from shared.web.neighbour import Neighbour, NeighbourAway
from shared.web.problems import Problem


class Births(Protocol):
    """Says whether someone who must come was born in that year; False for a case that nobody knows. Raises: Problem 503."""

    async def fits(self, case_ref: str, year: int) -> bool: ...


class IntakeBirths:
    """Intake's answer, over HTTP, in the trace of the request that needs it."""

    def __init__(self, intake_url: str, token: SecretStr) -> None:
        self._intake = Neighbour("intake", intake_url, token)

    async def fits(self, case_ref: str, year: int) -> bool:
        try:
            answer = await self._intake.ask_about(
                case_ref, "/internal/births", _Answer, name="ask for birth", year=year
            )
        except NeighbourAway:
            raise Problem(503, "intake_away", "intake does not answer: ask again in a few seconds") from None
        return answer.fits


class _Answer(BaseModel):
    fits: bool
