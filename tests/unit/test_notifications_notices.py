from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notifications.domain.notice import Notice, NoticeState, PastNotice
from services.notifications.domain.notices import NoticesDue, is_still_owed, is_too_late, without_what_is_over
from shared.events import Appointment, AppointmentStatus, CaseScheduled, NoticeKind
from tests.unit.notifications_builders import NOW, a_snapshot, an_appointment, due_for, later, past

A_SECOND = timedelta(seconds=1)


def another_day(status: str, day: int) -> Appointment:
    """A date in December at the same hour."""
    starts_at = datetime(2026, 12, day, 20, 30, tzinfo=UTC)
    return an_appointment(status, wall_time=f"2026-12-{day}T14:30", starts_at=starts_at)


def test_a_case_that_waits_is_told_so_once_for_each_reason() -> None:
    told = past(Notice(NoticeKind.WAITING, waiting="no-slot"))

    first = due_for([], a_snapshot(waiting="no-slot"))
    again = due_for([told], a_snapshot(waiting="no-slot", version=2))
    other = due_for([told], a_snapshot(waiting="no-interpreter", version=3))

    assert Notice(NoticeKind.WAITING, waiting="no-slot") == first.new
    assert NoticesDue() == again
    assert Notice(NoticeKind.WAITING, waiting="no-interpreter") == other.new


@pytest.mark.parametrize("reason", ["awaiting_choice", "awaiting_draw", "no_capacity_before_valid_until", "review"])
def test_who_was_told_that_its_programme_is_paused_hears_each_time_that_it_goes_on(reason: str) -> None:
    """It was promised a message, and may choose its date again."""
    told: list[PastNotice] = []
    for waiting in (reason, "programme_paused") * 2:
        due = due_for(told, a_snapshot(waiting=waiting))
        assert due.new and waiting == due.new.waiting
        told.append(past(due.new))
        assert NoticesDue() == due_for(told, a_snapshot(waiting=waiting, version=2))


def test_who_misses_a_second_interview_hears_of_that_too() -> None:
    told: list[PastNotice] = []
    for day in (14, 21):
        date = another_day("booked", day)
        told.append(past(Notice(NoticeKind.BOOKED, date)))
        snapshot = a_snapshot(ended=later(date, "noshow"), waiting="missed")
        due = due_for(told, snapshot, date.starts_at)
        assert due.new and "missed" == due.new.waiting
        told.append(past(due.new))
        assert NoticesDue() == due_for(told, snapshot, date.starts_at)


def test_who_is_in_line_hears_of_each_reason_once_however_they_take_turns() -> None:
    told: list[PastNotice] = []
    for waiting in ("no_interpreter", "no_capacity_before_valid_until"):
        due = due_for(told, a_snapshot(waiting=waiting))
        assert due.new
        told.append(past(due.new))

    assert NoticesDue() == due_for(told, a_snapshot(waiting="no_interpreter", version=3))


def test_a_pause_that_nobody_heard_of_is_taken_back_and_nothing_is_said_again() -> None:
    told = past(Notice(NoticeKind.WAITING, waiting="awaiting_choice"))
    unsent = past(Notice(NoticeKind.WAITING, waiting="programme_paused"), "due")

    due = due_for([told, unsent], a_snapshot(waiting="awaiting_choice", version=3))

    assert NoticesDue(withdrawn=(unsent.id,)) == due


def test_who_lost_its_date_to_a_closing_programme_hears_when_it_goes_on() -> None:
    booked = an_appointment("booked")
    ended = later(booked, "cancelled", reason="programme-closed")
    told = [
        past(Notice(NoticeKind.WAITING, waiting="awaiting_choice")),
        past(Notice(NoticeKind.BOOKED, booked)),
        past(Notice(NoticeKind.CANCELLED, ended, waiting="programme_closed")),
    ]
    snapshot = a_snapshot(ended=ended, waiting="awaiting_choice", version=4)

    due = due_for(told, snapshot)

    assert due.new and ("awaiting_choice", told[-1].id) == (due.new.waiting, due.new.follows)
    assert NoticesDue() == due_for([*told, past(due.new)], snapshot)


def test_a_reason_that_says_something_about_us_is_not_told() -> None:
    assert due_for([], a_snapshot(waiting="programme_unknown")) == NoticesDue()


def test_an_offer_is_announced_once() -> None:
    offer = an_appointment("pending")

    first = due_for([], a_snapshot(offer))
    again = due_for([past(Notice(NoticeKind.OFFERED, offer))], a_snapshot(offer, version=2))

    assert Notice(NoticeKind.OFFERED, offer) == first.new
    assert NoticesDue() == again


def test_a_snapshot_that_jumps_to_booked_announces_the_booking_and_no_offer() -> None:
    booked = an_appointment("booked")

    due = due_for([], a_snapshot(booked))

    assert Notice(NoticeKind.BOOKED, booked) == due.new


def test_an_offer_that_was_accepted_before_it_was_announced_is_withdrawn() -> None:
    offer = an_appointment("pending")
    unsent = past(Notice(NoticeKind.OFFERED, offer), "due")

    due = due_for([unsent], a_snapshot(later(offer, "booked"), version=2))

    assert (unsent.id,) == due.withdrawn
    assert due.new is not None
    assert NoticeKind.BOOKED == due.new.kind


def test_an_appointment_that_the_snapshot_does_not_name_is_not_announced_any_more() -> None:
    unsent = past(Notice(NoticeKind.BOOKED, an_appointment("booked")), "due")

    due = due_for([unsent], a_snapshot(version=2))

    assert NoticesDue(withdrawn=(unsent.id,)) == due


def test_a_hold_that_was_never_announced_is_cancelled_in_silence() -> None:
    offer = an_appointment("pending")
    unsent = past(Notice(NoticeKind.OFFERED, offer), "due")
    ended = later(offer, "cancelled", reason="site-closed")

    due = due_for([unsent], a_snapshot(ended=ended, waiting="no-slot", version=2))

    assert NoticesDue(new=Notice(NoticeKind.WAITING, waiting="no-slot"), withdrawn=(unsent.id,)) == due


def test_an_announced_date_that_is_cancelled_is_told_together_with_the_waiting() -> None:
    booked = an_appointment("booked")
    ended = later(booked, "cancelled", reason="site-closed")
    told = past(Notice(NoticeKind.BOOKED, booked))
    snapshot = a_snapshot(ended=ended, waiting="no-slot", version=2)

    first = due_for([told], snapshot)
    assert first.new == Notice(NoticeKind.CANCELLED, ended, waiting="no-slot")
    again = due_for([told, past(first.new)], snapshot)

    assert NoticesDue() == again


def test_an_offer_without_an_answer_is_told_as_expired() -> None:
    offer = an_appointment("pending")
    ended = later(offer, "cancelled", reason="offer-expired")

    due = due_for([past(Notice(NoticeKind.OFFERED, offer))], a_snapshot(ended=ended, version=2))

    assert Notice(NoticeKind.EXPIRED, ended) == due.new


def test_a_booked_date_that_is_replaced_is_told_as_moved_with_the_date_that_no_longer_holds() -> None:
    before, after = an_appointment("booked"), an_appointment("booked", wall_time="2026-12-16T09:00")
    told = past(Notice(NoticeKind.BOOKED, before))

    due = due_for([told], a_snapshot(after, ended=later(before, "cancelled", reason="rescheduled"), version=2))

    assert NoticesDue(new=Notice(NoticeKind.MOVED, after, earlier=before)) == due


def test_a_date_that_stays_but_at_another_desk_is_not_told_as_moved() -> None:
    before, after = an_appointment("booked"), an_appointment("booked", interpreter="es")

    due = due_for([past(Notice(NoticeKind.BOOKED, before))], a_snapshot(after, version=2))

    assert NoticesDue(new=Notice(NoticeKind.BOOKED, after)) == due


@pytest.mark.parametrize(("kind", "status"), [(NoticeKind.BOOKED, "booked"), (NoticeKind.OFFERED, "pending")])
def test_a_date_of_which_only_the_desk_is_another_is_not_said_again(kind: NoticeKind, status: str) -> None:
    before = an_appointment(status)
    after = an_appointment(status, replaces=before.id)
    told = past(Notice(kind, before))

    assert NoticesDue() == due_for([told], a_snapshot(after, version=2))
    unsure = due_for([replace(told, state=NoticeState.DUE)], a_snapshot(after, version=2))
    assert unsure.new and after == unsure.new.appointment


def test_a_reminder_of_a_date_at_another_desk_makes_nobody_say_it_again() -> None:
    before = an_appointment("booked")
    after = an_appointment("booked", replaces=before.id)
    told = [past(Notice(NoticeKind.BOOKED, before)), past(Notice(NoticeKind.REMINDER, after, days_before=7))]

    assert NoticesDue() == due_for(told, a_snapshot(after, version=3))


def test_an_offer_at_another_desk_that_is_accepted_or_expires_is_told_as_such() -> None:
    before, after = an_appointment("pending"), an_appointment("pending")
    ended = later(after, "cancelled", reason="offer-expired")
    told = past(Notice(NoticeKind.OFFERED, before))

    accepted = due_for([told], a_snapshot(later(after, "booked", deadline=None), version=3))
    expired = due_for([told], a_snapshot(ended=ended, version=3))

    assert accepted.new and NoticeKind.BOOKED is accepted.new.kind
    assert Notice(NoticeKind.EXPIRED, ended) == expired.new


def test_a_day_that_came_at_another_desk_is_not_told_as_cancelled() -> None:
    before, after = an_appointment("booked"), an_appointment("booked")
    told = past(Notice(NoticeKind.BOOKED, before))

    due = due_for([told], a_snapshot(ended=later(after, "fulfilled"), closed="fulfilled", version=3))

    assert NoticesDue() == due


def test_who_was_heard_without_having_been_told_the_date_is_not_told_that_its_case_is_closed() -> None:
    booked = an_appointment("booked")
    told = [
        past(Notice(NoticeKind.WAITING, waiting="no-slot")),
        past(Notice(NoticeKind.BOOKED, booked), "not_reachable"),
    ]

    due = due_for(told, a_snapshot(ended=later(booked, "fulfilled"), closed="fulfilled", version=3), booked.starts_at)

    assert NoticesDue(withdrawn=(told[1].id,)) == due


def test_who_was_heard_on_another_day_than_it_was_told_hears_that_its_date_is_off_and_not_that_its_case_is_closed() -> (
    None
):
    told, heard = an_appointment("booked"), another_day("booked", 12)
    snapshot = a_snapshot(ended=later(heard, "fulfilled"), closed="fulfilled", version=3)

    due = due_for([past(Notice(NoticeKind.BOOKED, told))], snapshot)

    assert Notice(NoticeKind.CANCELLED, told) == due.new


def test_after_moved_went_out_the_same_date_is_not_announced_as_booked() -> None:
    before, after = an_appointment("booked"), an_appointment("booked")
    told = [past(Notice(NoticeKind.BOOKED, before)), past(Notice(NoticeKind.MOVED, after, earlier=before))]

    due = due_for(told, a_snapshot(after, version=3))

    assert NoticesDue() == due


def test_a_move_from_a_date_that_was_never_announced_is_a_booking() -> None:
    after = an_appointment("booked")
    unsent = past(Notice(NoticeKind.BOOKED, an_appointment("booked")), "due")

    due = due_for([unsent], a_snapshot(after, version=2))

    assert NoticesDue(new=Notice(NoticeKind.BOOKED, after), withdrawn=(unsent.id,)) == due


def test_one_message_says_that_the_old_date_is_off_and_a_new_one_is_offered() -> None:
    before, offer = an_appointment("booked"), an_appointment("pending", wall_time="2026-12-16T09:00")
    unsent_end = past(Notice(NoticeKind.CANCELLED, later(before, "cancelled")), "due")
    told = [past(Notice(NoticeKind.BOOKED, before)), unsent_end]

    due = due_for(told, a_snapshot(offer, version=3))

    assert NoticesDue(new=Notice(NoticeKind.OFFERED, offer, earlier=before), withdrawn=(unsent_end.id,)) == due


def test_a_notice_that_has_not_gone_out_says_what_is_true_now() -> None:
    offer = an_appointment("pending")
    unsent = past(Notice(NoticeKind.OFFERED, offer), "due")
    extended = offer.model_copy(update={"deadline": datetime(2026, 12, 5, 15, 0, tzinfo=UTC)})

    due = due_for([unsent], a_snapshot(extended, version=2))

    assert NoticesDue(renewed=(unsent.id, Notice(NoticeKind.OFFERED, extended))) == due


def test_what_may_have_arrived_is_tried_again_in_the_same_words() -> None:
    offer = an_appointment("pending")
    handed_over = past(Notice(NoticeKind.OFFERED, offer), "due", may_have_arrived=True)
    extended = offer.model_copy(update={"deadline": datetime(2026, 12, 5, 15, 0, tzinfo=UTC)})

    due = due_for([handed_over], a_snapshot(extended, version=2))

    assert NoticesDue() == due
    assert is_still_owed(handed_over, [handed_over], a_snapshot(extended, version=2), NOW)


def test_an_offer_that_may_have_arrived_counts_as_announced_when_it_is_cancelled() -> None:
    offer = an_appointment("pending")
    ended = later(offer, "cancelled", reason="site-closed")
    sending = past(Notice(NoticeKind.OFFERED, offer), "sending")

    due = due_for([sending], a_snapshot(ended=ended, version=2))

    assert NoticesDue(new=Notice(NoticeKind.CANCELLED, ended)) == due
    assert not is_still_owed(sending, [sending], a_snapshot(ended=ended, version=2), NOW)


def test_a_date_that_was_surely_told_is_not_forgotten_for_one_that_only_may_have_been() -> None:
    """Who never heard of the second date would travel to the first."""
    first, second, third = an_appointment("booked"), another_day("booked", 20), another_day("pending", 22)
    told = past(Notice(NoticeKind.BOOKED, first))
    silent = past(Notice(NoticeKind.MOVED, second, first), "due", may_have_arrived=True)
    ended = later(second, "cancelled", reason="site-closed")

    cancelled = due_for([told, silent], a_snapshot(ended=ended, version=3))
    moved_on = due_for([told, silent], a_snapshot(third, version=3))

    assert Notice(NoticeKind.CANCELLED, ended, first) == cancelled.new
    assert Notice(NoticeKind.OFFERED, third, first) == moved_on.new


def test_once_the_second_date_surely_arrived_the_first_is_not_spoken_of() -> None:
    first, second = an_appointment("booked"), another_day("booked", 20)
    told = [past(Notice(NoticeKind.BOOKED, first)), past(Notice(NoticeKind.MOVED, second, first))]
    ended = later(second, "cancelled", reason="site-closed")

    assert Notice(NoticeKind.CANCELLED, ended) == due_for(told, a_snapshot(ended=ended, version=3)).new


def test_who_may_have_heard_of_another_date_hears_of_the_one_before_that_holds_again() -> None:
    first, second, again = an_appointment("booked"), another_day("booked", 20), an_appointment("booked")
    told = past(Notice(NoticeKind.BOOKED, first))
    silent = past(Notice(NoticeKind.MOVED, second, first), "due", may_have_arrived=True)

    assert Notice(NoticeKind.MOVED, again, second) == due_for([told, silent], a_snapshot(again, version=3)).new


def test_the_waiting_is_told_when_the_cancellation_that_would_have_told_it_is_withdrawn() -> None:
    offer = an_appointment("pending")
    ended = later(offer, "cancelled")
    turned_away = past(Notice(NoticeKind.OFFERED, offer), "due")
    unsent_end = past(Notice(NoticeKind.CANCELLED, ended, waiting="declined"), "due")

    due = due_for([turned_away, unsent_end], a_snapshot(ended=ended, waiting="declined", version=2))

    assert NoticesDue(Notice(NoticeKind.WAITING, waiting="declined"), withdrawn=(turned_away.id, unsent_end.id)) == due


@pytest.mark.parametrize("state", ["failed", "not_reachable"])
def test_a_notice_that_could_not_be_delivered_is_not_made_again(state: str) -> None:
    offer = an_appointment("pending")

    due = due_for([past(Notice(NoticeKind.OFFERED, offer), state)], a_snapshot(offer, version=2))

    assert NoticesDue() == due


@pytest.mark.parametrize("state", ["failed", "not_reachable"])
def test_a_notice_that_could_not_be_delivered_says_what_is_true_now_or_is_withdrawn(state: str) -> None:
    offer = an_appointment("pending")
    undelivered = past(Notice(NoticeKind.OFFERED, offer), state)
    extended = offer.model_copy(update={"deadline": datetime(2026, 12, 5, 15, 0, tzinfo=UTC)})

    renewed = due_for([undelivered], a_snapshot(extended, version=2))
    over = due_for([undelivered], a_snapshot(ended=later(offer, "cancelled"), version=2))

    assert NoticesDue(renewed=(undelivered.id, Notice(NoticeKind.OFFERED, extended))) == renewed
    assert NoticesDue(withdrawn=(undelivered.id,)) == over


@pytest.mark.parametrize("status", ["fulfilled", "noshow"])
def test_a_day_that_came_needs_no_notice(status: str) -> None:
    booked = an_appointment("booked")

    due = due_for([past(Notice(NoticeKind.BOOKED, booked))], a_snapshot(ended=later(booked, status), version=2))

    assert NoticesDue() == due


@pytest.mark.parametrize("closed", [None, "expired"])
def test_nothing_is_said_about_a_date_that_is_over_whatever_becomes_of_its_case(closed: str | None) -> None:
    attended = an_appointment("booked")
    told = [past(Notice(NoticeKind.WAITING, waiting="no-slot")), past(Notice(NoticeKind.BOOKED, attended))]
    unsent_end = past(Notice(NoticeKind.CANCELLED, later(attended, "cancelled")), "due")
    ended = a_snapshot(ended=later(attended, "cancelled", reason="ineligible"), closed=closed, version=3)

    assert due_for(told, ended, attended.starts_at - A_SECOND).new is not None
    assert NoticesDue() == due_for(told, ended, attended.starts_at)
    assert NoticesDue(withdrawn=(unsent_end.id,)) == due_for([*told, unsent_end], ended, attended.starts_at)


def test_a_new_date_does_not_replace_one_that_is_over() -> None:
    attended, after = an_appointment("booked"), an_appointment("booked", starts_at=datetime(2027, 1, 8, tzinfo=UTC))
    told = past(Notice(NoticeKind.BOOKED, attended))

    due = due_for([told], a_snapshot(after, ended=later(attended, "cancelled"), version=2), attended.starts_at)

    assert Notice(NoticeKind.BOOKED, after) == due.new


def test_an_earlier_date_that_is_over_when_the_message_goes_is_left_out() -> None:
    before, after = an_appointment("booked"), an_appointment("booked", starts_at=datetime(2027, 1, 8, tzinfo=UTC))
    moved = Notice(NoticeKind.MOVED, after, earlier=before)

    assert moved == without_what_is_over(moved, before.starts_at - A_SECOND)
    assert Notice(NoticeKind.MOVED, after) == without_what_is_over(moved, before.starts_at)


def test_a_date_that_is_over_before_it_was_announced_is_not_announced() -> None:
    booked = an_appointment("booked")

    assert NoticesDue() == due_for([], a_snapshot(booked), booked.starts_at)


def test_an_offer_is_too_late_at_its_deadline_and_a_booking_when_it_begins() -> None:
    offer, booked = an_appointment("pending"), an_appointment("booked")
    assert offer.deadline is not None

    assert is_too_late(Notice(NoticeKind.OFFERED, offer), offer.deadline)
    assert not is_too_late(Notice(NoticeKind.OFFERED, offer), offer.deadline - A_SECOND)
    for kind in (NoticeKind.BOOKED, NoticeKind.MOVED, NoticeKind.CANCELLED, NoticeKind.EXPIRED):
        assert is_too_late(Notice(kind, booked), booked.starts_at)
        assert not is_too_late(Notice(kind, booked), booked.starts_at - A_SECOND)


APPOINTMENTS = [an_appointment("pending") for _ in range(3)]
statuses = st.sampled_from(["pending", "booked", "cancelled", "fulfilled"])
appointments = st.builds(later, st.sampled_from(APPOINTMENTS), statuses, party=st.sampled_from([3, 2]))
snapshots = st.builds(
    a_snapshot,
    st.none() | appointments,
    ended=st.none() | appointments,
    waiting=st.none() | st.sampled_from(["no-slot", "paused"]),
    closed=st.none() | st.sampled_from(["expired", "withdrawn"]),
    answered=st.none() | st.sampled_from([uuid4(), uuid4()]),
)
outcomes = st.sampled_from(["due", "sent", "sending", "failed", "not_reachable"])


@given(st.lists(st.tuples(snapshots, outcomes), max_size=12), st.integers(0, 12))
def test_whatever_comes_in_whatever_order_nothing_is_said_twice_and_no_dead_date_is_due(
    story: list[tuple[CaseScheduled, str]], before_the_day: int
) -> None:
    notices: list[PastNotice] = []

    for n, (snapshot, outcome) in enumerate(story):
        now = NOW if n < before_the_day else APPOINTMENTS[0].starts_at
        due = due_for(notices, snapshot, now)
        notices = [_withdraw(each) if each.id in due.withdrawn else _renew(each, due) for each in notices]
        if due.new:
            assert not is_too_late(due.new, now)
            notices.append(past(due.new, outcome))
        live = snapshot.appointment
        for each in notices:
            if each.state is NoticeState.DUE and each.notice.announces():
                assert each.notice.appointment is not None
                assert live is not None
                assert live.id == each.notice.appointment.id

    said = [(e.notice.matter, e.notice.subject) for e in notices if e.state is not NoticeState.WITHDRAWN]
    assert len(set(said)) == len(said)


def _renew(each: PastNotice, due: NoticesDue) -> PastNotice:
    return replace(each, notice=due.renewed[1]) if due.renewed and due.renewed[0] == each.id else each


def _withdraw(each: PastNotice) -> PastNotice:
    return PastNotice(each.id, NoticeState.WITHDRAWN, each.notice, each.may_have_arrived)


def test_an_appointment_with_the_people_on_site_is_not_announced() -> None:
    arrived = an_appointment("booked").model_copy(update={"status": AppointmentStatus.ARRIVED})

    assert due_for([], a_snapshot(arrived)) == NoticesDue()
