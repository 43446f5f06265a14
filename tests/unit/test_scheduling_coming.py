"""Who of a household comes, in numbers."""

import pytest

from services.scheduling.domain.coming import Coming, can_be_said, everyone, is_possible, within
from shared.events import Party
from tests.unit.notifications_builders import an_appointment

FOUR = Party(attendees=4, adults=2, children=2)
ALONE = Party(attendees=1, adults=1, children=0)


@pytest.mark.parametrize(
    ("said", "possible"),
    [
        (Coming(2, 2), True),
        (Coming(1, 0), True),
        (Coming(0, 1), True),
        (Coming(0, 0), False),
        (Coming(3, 0), False),
        (Coming(1, 3), False),
        (Coming(-1, 2), False),
    ],
)
def test_somebody_comes_and_nobody_who_is_not_of_the_party(said: Coming, possible: bool) -> None:
    assert possible == is_possible(said, FOUR)


def test_who_comes_of_a_party_that_became_smaller_is_at_most_all_of_it() -> None:
    assert Coming(1, 0) == within(everyone(FOUR), ALONE)


@pytest.mark.parametrize(
    ("status", "can"),
    [("pending", True), ("booked", True), ("arrived", True), ("checked-in", False), ("cancelled", False)],
)
def test_it_can_be_said_until_check_in(status: str, can: bool) -> None:
    assert can == can_be_said(an_appointment(status), FOUR)


def test_who_comes_alone_has_nobody_to_leave_out_and_without_a_date_nothing_is_said() -> None:
    assert (False, False) == (can_be_said(an_appointment("booked"), ALONE), can_be_said(None, FOUR))
