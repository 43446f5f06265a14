"""Case references in addresses and questions, as someone may have typed them."""

from shared.reference import canonical_case_ref
from shared.web.problems import Problem


def known_ref(typed: str) -> str:
    """The reference as it is written. Raises: Problem 404: one that cannot exist is as unknown as one that does not."""
    known = canonical_case_ref(typed)
    if known is None:
        raise case_unknown()
    return known


def case_unknown() -> Problem:
    """The refusal of a reference that no case has."""
    return Problem(404, "case_unknown", "no case has this reference: check it, letter by letter")
