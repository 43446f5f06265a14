"""Whether a year of birth belongs to a household: asked of intake, which alone knows, and answered with yes or no."""

from typing import Protocol

from opentelemetry.trace import SpanKind
from pydantic import BaseModel, SecretStr, ValidationError

from shared import tracing
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
        attributes = {tracing.CASE: tracing.case_hash(case_ref)}
        with tracing.span("ask for birth", SpanKind.CLIENT, parent=tracing.current(), attributes=attributes) as span:
            asked = {"case_ref": case_ref, "traceparent": tracing.to_traceparent(span.context), "year": year}
            try:
                return _Answer.model_validate_json(await self._intake.ask("/internal/births", asked)).fits
            except (NeighbourAway, ValidationError):
                raise Problem(503, "intake_away", "intake does not answer: ask again in a few seconds") from None


class _Answer(BaseModel):
    fits: bool
