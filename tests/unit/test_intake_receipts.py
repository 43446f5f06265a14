"""What a receipt shows of many errors."""

from services.intake.domain.receipts import MOST_ERRORS, _some_of_each
from services.intake.domain.results import Problem


def test_a_receipt_shows_at_most_a_hundred_errors_and_one_of_each_code() -> None:
    many = [Problem(f"/applicants/{n}", "field_invalid", "required") for n in range(5_000)]
    last = Problem("/case", "identifier_invalid", "wrong")

    shown = _some_of_each([*many, last])

    assert len(shown) <= MOST_ERRORS
    assert shown[0] == many[0]
    assert last in shown
