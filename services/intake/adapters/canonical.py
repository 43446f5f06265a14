"""The canonical result of what was read."""

from services.intake.domain.results import Reported
from shared.events.eligibility import EligibilityResult


def canonical(reported: Reported) -> EligibilityResult:
    """The canonical form of a result without problems. Raises: ValidationError for one that has any."""
    return EligibilityResult.model_validate(reported, from_attributes=True)
