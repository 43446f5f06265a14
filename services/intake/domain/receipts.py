"""What a sender is told: one receipt per result, in its order."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from services.intake.domain.judge import Verdict
from services.intake.domain.results import Problem, Reported

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
        errors=verdict.problems,
    )


def batch_document(batch_id: str, receipts: Sequence[Receipt]) -> dict[str, object]:
    """The answer to one document."""
    given = Counter(each.receipt for each in receipts)
    return {
        "batch_id": batch_id,
        "counts": {name: given[name] for name in RECEIPTS},
        "receipts": [each.document() for each in receipts],
    }
