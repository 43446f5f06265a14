"""Reasons for waiting as they are told; tests/unit/test_notifications_notices.py has when."""

from services.notifications.domain.reasons import NOT_FOR_HOUSEHOLDS, OUT_OF_LINE
from services.scheduling.domain.decisions import Waiting


def test_what_is_known_of_a_reason_by_its_name_is_known_of_one_that_scheduling_gives() -> None:
    assert {str(reason) for reason in Waiting} >= OUT_OF_LINE | NOT_FOR_HOUSEHOLDS
