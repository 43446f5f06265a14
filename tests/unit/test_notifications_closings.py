"""Who was told to be on the list is told when no date is to come, and when one is again."""

import pytest

from services.notifications.domain.notice import Notice
from services.notifications.domain.notices import NoticesDue, is_still_owed
from shared.events import NoticeKind
from tests.unit.notifications_builders import NOW, a_referral, a_snapshot, an_appointment, due_for, later, past


@pytest.mark.parametrize("closed", ["ineligible", "withdrawn", "expired"])
def test_who_was_told_to_be_on_the_list_is_told_once_when_the_case_is_closed(closed: str) -> None:
    on_the_list = past(Notice(NoticeKind.WAITING, waiting="no-slot"))
    snapshot = a_snapshot(closed=closed, version=2)

    first = due_for([on_the_list], snapshot)
    assert first.new == Notice(NoticeKind.CLOSED, closed=True, follows=on_the_list.id)
    again = due_for([on_the_list, past(first.new)], snapshot)

    assert NoticesDue() == again


def test_who_went_on_to_another_country_hears_just_that_and_not_that_a_case_is_closed() -> None:
    on_the_list = past(Notice(NoticeKind.WAITING, waiting="declined"))

    first = due_for([on_the_list], a_snapshot(waiting="referred", referral=a_referral()))
    assert first.new == Notice(NoticeKind.WAITING, waiting="referred")
    told = [on_the_list, past(first.new)]

    assert NoticesDue() == due_for(told, a_snapshot(closed="withdrawn", referral=a_referral(), version=2))
    assert first == due_for([on_the_list], a_snapshot(closed="withdrawn", referral=a_referral(), version=2))


def test_who_never_heard_of_the_list_does_not_hear_that_the_case_is_closed() -> None:
    unsent = past(Notice(NoticeKind.WAITING, waiting="no-slot"), "not_reachable")

    due = due_for([unsent], a_snapshot(closed="ineligible", version=2))

    assert NoticesDue(withdrawn=(unsent.id,)) == due


def test_a_cancellation_says_too_that_the_case_is_closed_and_nothing_follows_it() -> None:
    booked = an_appointment("booked")
    ended = later(booked, "cancelled", reason="ineligible")
    told = [past(Notice(NoticeKind.WAITING, waiting="no-slot")), past(Notice(NoticeKind.BOOKED, booked))]
    snapshot = a_snapshot(ended=ended, closed="ineligible", version=3)

    first = due_for(told, snapshot)
    assert first.new == Notice(NoticeKind.CANCELLED, ended, closed=True)

    assert NoticesDue() == due_for([*told, past(first.new)], snapshot)


def test_who_lost_a_date_but_not_the_place_on_the_list_is_told_when_the_case_is_closed() -> None:
    offer = an_appointment("pending")
    ended = later(offer, "cancelled", reason="offer-expired")
    kept_place = past(Notice(NoticeKind.EXPIRED, ended, waiting="offer_expired"))

    due = due_for([past(Notice(NoticeKind.OFFERED, offer)), kept_place], a_snapshot(ended=ended, closed="expired"))

    assert Notice(NoticeKind.CLOSED, closed=True, follows=kept_place.id) == due.new


def test_a_case_that_comes_back_after_it_was_closed_is_told_so_although_the_reason_was_told_before() -> None:
    on_the_list = past(Notice(NoticeKind.WAITING, waiting="no-slot"))
    off_the_list = past(Notice(NoticeKind.CLOSED, closed=True, follows=on_the_list.id))
    told = [on_the_list, off_the_list]

    back = due_for(told, a_snapshot(waiting="no-slot", version=3))
    assert back.new == Notice(NoticeKind.WAITING, waiting="no-slot", follows=off_the_list.id)
    on_again = past(back.new)
    again = due_for([*told, on_again], a_snapshot(waiting="no-slot", version=4))
    closed = due_for([*told, on_again], a_snapshot(closed="expired", version=5))

    assert NoticesDue() == again
    assert Notice(NoticeKind.CLOSED, closed=True, follows=on_again.id) == closed.new


def test_a_closing_that_has_not_gone_out_is_withdrawn_when_the_case_comes_back() -> None:
    on_the_list = past(Notice(NoticeKind.WAITING, waiting="no-slot"))
    unsent = past(Notice(NoticeKind.CLOSED, closed=True, follows=on_the_list.id), "due")

    due = due_for([on_the_list, unsent], a_snapshot(waiting="no-slot", version=3))

    assert NoticesDue(withdrawn=(unsent.id,)) == due


def test_a_closing_that_may_have_arrived_is_tried_again_and_counts_when_the_case_comes_back() -> None:
    on_the_list = past(Notice(NoticeKind.WAITING, waiting="no-slot"))
    handed_over = past(Notice(NoticeKind.CLOSED, closed=True, follows=on_the_list.id), "due", may_have_arrived=True)
    both = [on_the_list, handed_over]

    still = a_snapshot(closed="expired", version=3)
    back = due_for(both, a_snapshot(waiting="no-slot", version=4))

    assert NoticesDue() == due_for(both, still)
    assert is_still_owed(handed_over, both, still, NOW)
    assert Notice(NoticeKind.WAITING, waiting="no-slot", follows=handed_over.id) == back.new
