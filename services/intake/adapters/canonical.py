"""The canonical result of what was read."""

from dataclasses import asdict

from services.intake.domain.results import Reported
from shared.events.eligibility import EligibilityResult


def canonical(reported: Reported) -> EligibilityResult:
    """The canonical form of a result without problems. Raises: ValidationError for one that has any."""
    values = asdict(reported)
    values["referred_by"] = {"kind": reported.referrer_kind, "code": reported.referrer_code}
    return EligibilityResult.model_validate(values)
