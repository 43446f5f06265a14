"""When a household is reminded of its interview, and when it is not."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.notifications.domain.notice import Notice
from services.notifications.domain.notices import is_still_owed
from services.notifications.domain.reminders import first_moment, moments, next_moment, reminder_due
from services.notifications.domain.safe_hours import earliest_sending
from shared.clock import use_packaged_zone_data, zone_named
from shared.events import Appointment, NoticeKind
from tests.unit.notifications_builders import a_snapshot, an_appointment, due_for, later, past

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NEW_YEAR = "2027-01-01T00:30"


@pytest.fixture(autouse=True)
def packaged_zone_data() -> None:
    use_packaged_zone_data()


def a_date(wall_time: str = "2026-12-14T14:30", zone: str = "America/Mexico_City", **changes: Any) -> Appointment:
    starts_at = datetime.fromisoformat(wall_time).replace(tzinfo=zone_named(zone)).astimezone(UTC)
    return an_appointment("booked", wall_time=wall_time, zone=zone, starts_at=starts_at, **changes)


def a_reminder(date: Appointment, days_before: int = 1) -> Notice:
    return Notice(NoticeKind.REMINDER, date, days_before=days_before)


TOLD_WHEN_BOOKED = [past(Notice(NoticeKind.BOOKED, date := a_date()))]
EVE = moments(date)[-1][0]
"""The moment on the day before."""


@pytest.mark.parametrize(
    ("wall_time", "zone", "expected"),
    [
        ("2026-12-14T14:30", "America/Mexico_City", ["2026-12-07T16:00", "2026-12-11T16:00", "2026-12-13T16:00"]),
        ("2026-12-14T07:00", "America/Tijuana", ["2026-12-07T18:00", "2026-12-11T18:00", "2026-12-13T18:00"]),
        # an evening that is the next day in UTC, and half an hour after a midnight that is long over there
        ("2026-12-14T19:00", "America/Vancouver", ["2026-12-07T17:00", "2026-12-11T17:00", "2026-12-13T17:00"]),
        (NEW_YEAR, "America/Vancouver", ["2026-12-25T17:00", "2026-12-29T17:00", "2026-12-31T17:00"]),
        # the clock of Tijuana changes on 14 March and 7 November 2027, that of Vancouver does not any more
        ("2027-03-15T09:00", "America/Tijuana", ["2027-03-08T18:00", "2027-03-12T18:00", "2027-03-14T17:00"]),
        ("2027-11-08T09:00", "America/Tijuana", ["2027-11-01T17:00", "2027-11-05T17:00", "2027-11-07T18:00"]),
        ("2027-03-15T09:00", "America/Vancouver", ["2027-03-08T17:00", "2027-03-12T17:00", "2027-03-14T17:00"]),
    ],
)
def test_it_is_at_ten_by_the_clock_of_the_site_seven_three_and_one_of_its_days_before(
    wall_time: str, zone: str, expected: list[str]
) -> None:
    found = moments(a_date(wall_time, zone))

    assert expected == [moment.strftime("%Y-%m-%dT%H:%M") for moment, _ in found]
    assert [7, 3, 1] == [days for _, days in found]


@pytest.mark.parametrize(
    ("heard", "days"),
    [(EVE - 20 * DAY, 7), (EVE - 6 * DAY - 25 * HOUR, 7), (EVE - 6 * DAY - 23 * HOUR, 3), (EVE - 2 * DAY, 1)],
)
def test_the_first_is_the_next_that_is_not_within_a_day_of_hearing_of_the_date(heard: datetime, days: int) -> None:
    assert dict(moments(date))[first_moment(a_snapshot(date), heard)] == days  # type: ignore[index]


def test_who_hears_of_the_date_within_a_day_of_the_last_moment_is_not_reminded_at_all() -> None:
    assert first_moment(a_snapshot(date), EVE - 23 * HOUR) is None
    assert next_moment(a_snapshot(date), EVE) is None


@pytest.mark.parametrize("status", ["pending", "arrived", "checked-in"])
def test_only_what_is_booked_is_reminded_of(status: str) -> None:
    other = later(date, status)

    assert first_moment(a_snapshot(other), EVE - 20 * DAY) is None
    assert reminder_due(TOLD_WHEN_BOOKED, a_snapshot(other), EVE) is None


def test_of_several_moments_that_came_the_last_counts_and_none_that_is_long_past() -> None:
    assert a_reminder(date, 1) == reminder_due(TOLD_WHEN_BOOKED, a_snapshot(date), EVE + HOUR)
    assert a_reminder(date, 3) == reminder_due(TOLD_WHEN_BOOKED, a_snapshot(date), EVE - 2 * DAY)
    assert reminder_due(TOLD_WHEN_BOOKED, a_snapshot(date), EVE - DAY) is None


def test_each_is_made_once() -> None:
    made = [*TOLD_WHEN_BOOKED, past(a_reminder(date, 3))]

    assert reminder_due(made, a_snapshot(date), EVE - 2 * DAY) is None
    assert a_reminder(date, 1) == reminder_due(made, a_snapshot(date), EVE)


@pytest.mark.parametrize("state", ["due", "sending", "not_reachable", "failed"])
def test_who_was_not_reached_with_the_date_itself_is_not_reminded_beside(state: str) -> None:
    assert reminder_due([past(Notice(NoticeKind.BOOKED, date), state)], a_snapshot(date), EVE) is None


def test_a_reminder_that_waits_is_taken_back_when_its_date_is_another_over_or_gone() -> None:
    waits = past(a_reminder(date), "due")
    told = [*TOLD_WHEN_BOOKED, waits]
    moved, begun = a_snapshot(a_date("2026-12-16T09:00")), a_snapshot(later(date, "arrived"))
    other_instant = a_snapshot(date.model_copy(update={"starts_at": date.starts_at + HOUR}))
    cancelled = a_snapshot(ended=later(date, "cancelled", reason="site-closed"), waiting="no-slot")

    assert is_still_owed(waits, told, a_snapshot(date), EVE)
    assert () == due_for(told, a_snapshot(date), EVE).withdrawn
    assert [(waits.id,)] * 4 == [
        due_for(told, each, EVE).withdrawn for each in (moved, begun, other_instant, cancelled)
    ]


def test_a_reminder_that_waits_is_taken_back_when_the_next_is_made() -> None:
    waits, newer = past(a_reminder(date, 3), "not_reachable"), past(a_reminder(date, 1), "due")

    assert (waits.id,) == due_for([*TOLD_WHEN_BOOKED, waits, newer], a_snapshot(date), EVE).withdrawn


def test_a_date_that_was_only_heard_of_by_a_reminder_is_told_as_cancelled() -> None:
    reminded = past(a_reminder(date))

    due = due_for([reminded], a_snapshot(ended=later(date, "cancelled"), waiting="no-slot"), EVE)

    assert due.new is not None
    assert NoticeKind.CANCELLED == due.new.kind


def test_a_reminder_waits_for_the_safe_hours_however_near_the_date_is() -> None:
    morning = a_date("2026-12-14T07:00")
    ten = moments(morning)[-1][0]

    assert ten == earliest_sending(a_reminder(morning), None, ten)
    assert ten + 8 * HOUR == earliest_sending(a_reminder(morning), "18:00-20:00", ten)
