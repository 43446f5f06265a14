"""What a sender is told: one receipt per result, in its order."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from services.intake.domain.judge import Verdict
from services.intake.domain.results import Problem, Reported

MOST_ERRORS = 100
"""Errors in one receipt: more than anyone corrects at once, and a small file could have a hundred thousand."""

RECEIPTS = ("accepted", "duplicate", "stale", "quarantined")
"""What can become of a result."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """The receipt of one result. `case_ref` is that of the case it made, changed or belongs to, if there is one."""

    index: int
    id: str | None
    revision: int | None
    receipt: str
    case_ref: str | None
    codes: tuple[str, ...]
    warnings: tuple[str, ...]
    errors: tuple[Problem, ...]

    def document(self) -> dict[str, object]:
        """The receipt as JSON values."""
        return {
            "index": self.index,
            "id": self.id,
            "revision": self.revision,
            "receipt": self.receipt,
            "case_ref": self.case_ref,
            "codes": list(self.codes),
            "warnings": list(self.warnings),
            "errors": [{"pointer": e.pointer, "code": e.code, "detail": e.detail} for e in self.errors],
        }


def receipt(index: int, reported: Reported, verdict: Verdict, case_ref: str | None) -> Receipt:
    return Receipt(
        index=index,
        id=reported.result_id,
        revision=reported.revision,
        receipt=verdict.receipt,
        case_ref=None if verdict.receipt == "quarantined" else case_ref,
        codes=verdict.codes,
        warnings=verdict.warnings,
        errors=_some_of_each(verdict.problems),
    )


def _some_of_each(problems: Sequence[Problem]) -> tuple[Problem, ...]:
    """The first problems, at least one of each code: a receipt is for correcting, and a bad file has the same one often."""
    if len(problems) <= MOST_ERRORS:
        return tuple(problems)
    first_of_code = {problem.code: problem for problem in reversed(problems)}
    shown = dict.fromkeys([*problems[: MOST_ERRORS - len(first_of_code)], *first_of_code.values()])
    return tuple(shown)


def batch_document(batch_id: str, receipts: Sequence[Receipt]) -> dict[str, object]:
    """The answer to one document."""
    given = Counter(each.receipt for each in receipts)
    return {
        "batch_id": batch_id,
        "counts": {name: given[name] for name in RECEIPTS},
        "receipts": [each.document() for each in receipts],
    }
