"""How long an offered place is held when its household asks for more time."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.scheduling.domain.holds import extended_deadline
from services.scheduling.domain.needs import QUIET_FROM, QUIET_UNTIL, before_quiet_hours
from shared.clock import use_packaged_zone_data, zone_named
from tests.unit.notifications_builders import an_appointment

ZONE = zone_named("America/Mexico_City")
FAR = datetime(2026, 12, 20, 18, tzinfo=UTC)


@pytest.fixture(autouse=True)
def packaged_zone_data() -> None:
    use_packaged_zone_data()


def at(wall: str) -> datetime:
    """An instant by the clock at the site."""
    return datetime.fromisoformat(wall).replace(tzinfo=ZONE).astimezone(UTC)


def longer(made: str, deadline: str, starts_at: datetime = FAR) -> str | None:
    """The new deadline by the clock at the site."""
    until = extended_deadline(an_appointment(deadline=at(deadline), starts_at=starts_at), at(made))
    return until.astimezone(ZONE).strftime("%m-%dT%H:%M") if until else None


def test_it_is_half_as_long_again() -> None:
    assert "12-04T10:00" == longer("2026-12-01T10:00", "2026-12-03T10:00")


def test_one_that_would_end_in_the_quiet_hours_ends_the_evening_before() -> None:
    assert "12-02T20:00" == longer("2026-12-01T11:00", "2026-12-02T11:00")


def test_one_that_ends_in_the_evening_already_ends_the_morning_after() -> None:
    assert "12-03T08:00" == longer("2026-12-01T20:30", "2026-12-02T20:00")
    assert "12-03T08:00" == longer("2026-12-02T12:00", "2026-12-02T20:00")


def test_it_leaves_half_a_day_to_travel() -> None:
    start = at("2026-12-04T08:00")

    assert "12-03T20:00" == longer("2026-12-01T06:00", "2026-12-03T08:00", start)
    assert longer("2026-12-01T06:00", "2026-12-03T20:00", start) is None


def test_at_short_notice_it_ends_two_hours_before_the_start() -> None:
    start = at("2026-12-02T09:00")

    assert "12-02T07:00" == longer("2026-12-01T10:00", "2026-12-01T20:00", start)
    assert longer("2026-12-01T10:00", "2026-12-02T07:00", start) is None


@given(
    made=st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 1)),  # noqa: DTZ001  hypothesis adds the zone
    hours=st.integers(24, 72),
    hours_to_start=st.integers(3, 2000),
)
def test_whatever_is_offered_it_ends_later_and_before_the_start_and_in_no_quiet_hours(
    made: datetime, hours: int, hours_to_start: int
) -> None:
    made = made.replace(tzinfo=UTC)
    usual = before_quiet_hours(made + timedelta(hours=hours), ZONE)
    starts_at = max(made + timedelta(hours=72), usual + timedelta(hours=24)) + timedelta(hours=hours_to_start)

    until = extended_deadline(an_appointment(deadline=usual, starts_at=starts_at), made)

    if until:
        assert usual < until <= starts_at - timedelta(hours=12)
        assert QUIET_UNTIL <= until.astimezone(ZONE).time() <= QUIET_FROM
