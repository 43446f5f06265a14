from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notifications.domain.notices import (
    Notice,
    NoticesDue,
    NoticeState,
    PastNotice,
    is_still_owed,
    is_too_late,
    notices_due,
)
from services.notifications.domain.safe_hours import earliest_sending
from shared.events import Appointment, AppointmentStatus, NoticeKind
from tests.unit.notifications_builders import a_snapshot, an_appointment, later, past


def test_a_case_that_waits_is_told_so_once_for_each_reason() -> None:
    told = past(Notice(NoticeKind.WAITING, waiting="no-slot"))

    first = notices_due([], a_snapshot(waiting="no-slot"))
    again = notices_due([told], a_snapshot(waiting="no-slot", version=2))
    other = notices_due([told], a_snapshot(waiting="no-interpreter", version=3))

    assert Notice(NoticeKind.WAITING, waiting="no-slot") == first.new
    assert NoticesDue() == again
    assert Notice(NoticeKind.WAITING, waiting="no-interpreter") == other.new


def test_a_reason_that_says_something_about_us_is_not_told() -> None:
    assert notices_due([], a_snapshot(waiting="programme_unknown")) == NoticesDue()


def test_an_offer_is_announced_once() -> None:
    offer = an_appointment("pending")

    first = notices_due([], a_snapshot(offer))
    again = notices_due([past(Notice(NoticeKind.OFFERED, offer))], a_snapshot(offer, version=2))

    assert Notice(NoticeKind.OFFERED, offer) == first.new
    assert NoticesDue() == again


def test_a_snapshot_that_jumps_to_booked_announces_the_booking_and_no_offer() -> None:
    booked = an_appointment("booked")

    due = notices_due([], a_snapshot(booked))

    assert Notice(NoticeKind.BOOKED, booked) == due.new


def test_an_offer_that_was_accepted_before_it_was_announced_is_withdrawn() -> None:
    offer = an_appointment("pending")
    unsent = past(Notice(NoticeKind.OFFERED, offer), "due")

    due = notices_due([unsent], a_snapshot(later(offer, "booked"), version=2))

    assert (unsent.id,) == due.withdrawn
    assert due.new is not None
    assert NoticeKind.BOOKED == due.new.kind


def test_an_appointment_that_the_snapshot_does_not_name_is_not_announced_any_more() -> None:
    unsent = past(Notice(NoticeKind.BOOKED, an_appointment("booked")), "due")

    due = notices_due([unsent], a_snapshot(version=2))

    assert NoticesDue(withdrawn=(unsent.id,)) == due


def test_a_hold_that_was_never_announced_is_cancelled_in_silence() -> None:
    offer = an_appointment("pending")
    unsent = past(Notice(NoticeKind.OFFERED, offer), "due")
    ended = later(offer, "cancelled", reason="site-closed")

    due = notices_due([unsent], a_snapshot(ended=ended, waiting="no-slot", version=2))

    assert NoticesDue(new=Notice(NoticeKind.WAITING, waiting="no-slot"), withdrawn=(unsent.id,)) == due


def test_an_announced_date_that_is_cancelled_is_told_together_with_the_waiting() -> None:
    booked = an_appointment("booked")
    ended = later(booked, "cancelled", reason="site-closed")
    told = past(Notice(NoticeKind.BOOKED, booked))
    snapshot = a_snapshot(ended=ended, waiting="no-slot", version=2)

    first = notices_due([told], snapshot)
    assert first.new == Notice(NoticeKind.CANCELLED, ended, waiting="no-slot")
    again = notices_due([told, past(first.new)], snapshot)

    assert NoticesDue() == again


def test_an_offer_without_an_answer_is_told_as_expired() -> None:
    offer = an_appointment("pending")
    ended = later(offer, "cancelled", reason="offer-expired")

    due = notices_due([past(Notice(NoticeKind.OFFERED, offer))], a_snapshot(ended=ended, version=2))

    assert Notice(NoticeKind.EXPIRED, ended) == due.new


def test_a_booked_date_that_is_replaced_is_told_as_moved_with_the_date_that_no_longer_holds() -> None:
    before, after = an_appointment("booked"), an_appointment("booked", wall_time="2026-12-16T09:00")
    told = past(Notice(NoticeKind.BOOKED, before))

    due = notices_due([told], a_snapshot(after, ended=later(before, "cancelled", reason="rescheduled"), version=2))

    assert NoticesDue(new=Notice(NoticeKind.MOVED, after, earlier=before)) == due


def test_after_moved_went_out_the_same_date_is_not_announced_as_booked() -> None:
    before, after = an_appointment("booked"), an_appointment("booked")
    told = [past(Notice(NoticeKind.BOOKED, before)), past(Notice(NoticeKind.MOVED, after, earlier=before))]

    due = notices_due(told, a_snapshot(after, version=3))

    assert NoticesDue() == due


def test_a_move_from_a_date_that_was_never_announced_is_a_booking() -> None:
    after = an_appointment("booked")
    unsent = past(Notice(NoticeKind.BOOKED, an_appointment("booked")), "due")

    due = notices_due([unsent], a_snapshot(after, version=2))

    assert NoticesDue(new=Notice(NoticeKind.BOOKED, after), withdrawn=(unsent.id,)) == due


def test_one_message_says_that_the_old_date_is_off_and_a_new_one_is_offered() -> None:
    before, offer = an_appointment("booked"), an_appointment("pending")
    unsent_end = past(Notice(NoticeKind.CANCELLED, later(before, "cancelled")), "due")
    told = [past(Notice(NoticeKind.BOOKED, before)), unsent_end]

    due = notices_due(told, a_snapshot(offer, version=3))

    assert NoticesDue(new=Notice(NoticeKind.OFFERED, offer, earlier=before), withdrawn=(unsent_end.id,)) == due


def test_a_notice_that_has_not_gone_out_says_what_is_true_now() -> None:
    offer = an_appointment("pending")
    unsent = past(Notice(NoticeKind.OFFERED, offer), "due")
    extended = offer.model_copy(update={"deadline": datetime(2026, 12, 5, 15, 0, tzinfo=UTC)})

    due = notices_due([unsent], a_snapshot(extended, version=2))

    assert NoticesDue(renewed=(unsent.id, Notice(NoticeKind.OFFERED, extended))) == due


def test_what_may_have_arrived_is_tried_again_in_the_same_words() -> None:
    offer = an_appointment("pending")
    handed_over = past(Notice(NoticeKind.OFFERED, offer), "due", may_have_arrived=True)
    extended = offer.model_copy(update={"deadline": datetime(2026, 12, 5, 15, 0, tzinfo=UTC)})

    due = notices_due([handed_over], a_snapshot(extended, version=2))

    assert NoticesDue() == due
    assert is_still_owed(handed_over, [handed_over], a_snapshot(extended, version=2))


def test_an_offer_that_may_have_arrived_counts_as_announced_when_it_is_cancelled() -> None:
    offer = an_appointment("pending")
    ended = later(offer, "cancelled", reason="site-closed")
    sending = past(Notice(NoticeKind.OFFERED, offer), "sending")

    due = notices_due([sending], a_snapshot(ended=ended, version=2))

    assert NoticesDue(new=Notice(NoticeKind.CANCELLED, ended)) == due
    assert not is_still_owed(sending, [sending], a_snapshot(ended=ended, version=2))


def test_the_waiting_is_told_when_the_cancellation_that_would_have_told_it_is_withdrawn() -> None:
    offer = an_appointment("pending")
    ended = later(offer, "cancelled")
    turned_away = past(Notice(NoticeKind.OFFERED, offer), "due")
    unsent_end = past(Notice(NoticeKind.CANCELLED, ended, waiting="declined"), "due")

    due = notices_due([turned_away, unsent_end], a_snapshot(ended=ended, waiting="declined", version=2))

    assert NoticesDue(Notice(NoticeKind.WAITING, waiting="declined"), withdrawn=(turned_away.id, unsent_end.id)) == due


@pytest.mark.parametrize("state", ["failed", "not_reachable"])
def test_a_notice_that_could_not_be_delivered_is_not_made_again(state: str) -> None:
    offer = an_appointment("pending")

    due = notices_due([past(Notice(NoticeKind.OFFERED, offer), state)], a_snapshot(offer, version=2))

    assert NoticesDue() == due


@pytest.mark.parametrize("status", ["fulfilled", "noshow"])
def test_a_day_that_came_needs_no_notice(status: str) -> None:
    booked = an_appointment("booked")

    due = notices_due([past(Notice(NoticeKind.BOOKED, booked))], a_snapshot(ended=later(booked, status), version=2))

    assert NoticesDue() == due


def test_an_offer_is_too_late_at_its_deadline_and_a_booking_when_it_begins() -> None:
    offer, booked = an_appointment("pending"), an_appointment("booked")
    assert offer.deadline is not None
    a_second = timedelta(seconds=1)

    assert is_too_late(Notice(NoticeKind.OFFERED, offer), offer.deadline)
    assert not is_too_late(Notice(NoticeKind.OFFERED, offer), offer.deadline - a_second)
    assert is_too_late(Notice(NoticeKind.BOOKED, booked), booked.starts_at)
    assert not is_too_late(Notice(NoticeKind.BOOKED, booked), booked.starts_at - a_second)
    assert not is_too_late(Notice(NoticeKind.CANCELLED, booked), booked.starts_at)


APPOINTMENTS = [an_appointment("pending") for _ in range(3)]
statuses = st.sampled_from(["pending", "booked", "cancelled", "fulfilled"])
appointments = st.builds(later, st.sampled_from(APPOINTMENTS), statuses)
snapshots = st.builds(
    a_snapshot,
    st.none() | appointments,
    ended=st.none() | appointments,
    waiting=st.none() | st.sampled_from(["no-slot", "paused"]),
)
outcomes = st.sampled_from(["due", "sent", "sending", "failed", "not_reachable"])


@given(st.lists(st.tuples(snapshots, outcomes), max_size=12))
def test_whatever_comes_in_whatever_order_nothing_is_said_twice_and_no_dead_date_is_due(
    story: list[tuple[object, str]],
) -> None:
    notices: list[PastNotice] = []

    for snapshot, outcome in story:
        due = notices_due(notices, snapshot)  # type: ignore[arg-type]  # hypothesis gives the builder's type
        notices = [_withdraw(each) if each.id in due.withdrawn else each for each in notices]
        if due.new:
            notices.append(past(due.new, outcome))
        live: Appointment | None = snapshot.appointment  # type: ignore[attr-defined]
        for each in notices:
            if each.state is NoticeState.DUE and each.notice.announces():
                assert each.notice.appointment is not None
                assert live is not None
                assert live.id == each.notice.appointment.id

    said = [(e.notice.matter, e.notice.subject) for e in notices if e.state is not NoticeState.WITHDRAWN]
    assert len(set(said)) == len(said)


def _withdraw(each: PastNotice) -> PastNotice:
    return PastNotice(each.id, NoticeState.WITHDRAWN, each.notice, each.may_have_arrived)


MORNING = datetime(2026, 11, 24, 14, 0, tzinfo=UTC)  # 08:00 in Tapachula


@pytest.mark.parametrize(
    ("safe_hours", "expected"),
    [
        ("08:00-20:00", MORNING),
        ("09:30-12:00", MORNING + timedelta(hours=1, minutes=30)),
        ("06:00-08:00", MORNING + timedelta(hours=22)),
        ("20:00-07:00", MORNING + timedelta(hours=12)),
        ("22:00-09:00", MORNING),
        ("whenever", MORNING),
        (None, MORNING),
    ],
)
def test_a_notice_waits_for_the_safe_hours_of_the_household(safe_hours: str | None, expected: datetime) -> None:
    notice = Notice(NoticeKind.BOOKED, an_appointment("booked"))

    assert expected == earliest_sending(notice, safe_hours, MORNING)


def test_a_notice_about_tomorrow_does_not_wait_for_the_safe_hours() -> None:
    near = an_appointment("booked", starts_at=MORNING + timedelta(hours=23))

    assert earliest_sending(Notice(NoticeKind.BOOKED, near), "20:00-21:00", MORNING) == MORNING


def test_an_appointment_with_the_people_on_site_is_not_announced() -> None:
    arrived = an_appointment("booked").model_copy(update={"status": AppointmentStatus.ARRIVED})

    assert notices_due([], a_snapshot(arrived)) == NoticesDue()
