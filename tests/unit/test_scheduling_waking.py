"""How long who stands by may think: a share of the waking time that is left, so that the next can be asked, too."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.scheduling.domain.needs import QUIET_FROM, QUIET_UNTIL, deadline_of
from services.scheduling.domain.standby import ANSWER_BEFORE, STANDBY_NOTICE, answer_by, longer_answer_by
from services.scheduling.domain.waking import after_waking, waking_time
from shared.clock import use_packaged_zone_data, zone_named

MEXICO = zone_named("America/Mexico_City")
TIJUANA = zone_named("America/Tijuana")
HALF_AN_HOUR = timedelta(minutes=30)


@pytest.fixture(autouse=True)
def packaged_zone_data() -> None:
    use_packaged_zone_data()


def at(wall: str) -> datetime:
    """An instant by the clock at the site, in December 2026."""
    return datetime.fromisoformat(f"2026-12-{wall}").replace(tzinfo=MEXICO).astimezone(UTC)


def shown(instant: datetime) -> str:
    return instant.astimezone(MEXICO).strftime("%dT%H:%M")


def until(now: str, starts_at: str) -> str:
    return shown(answer_by(at(starts_at), at(now), MEXICO))


@pytest.mark.parametrize(
    ("now", "starts_at", "expected"),
    [
        ("01T09:00", "01T19:00", "01T11:00"),  # a quarter of the 8 hours until 17:00
        ("01T09:00", "03T15:00", "01T16:00"),  # of 11 + 12 + 5 waking hours, the nights not counted
        ("01T12:00", "01T17:00", "01T12:45"),
        ("01T12:00", "01T15:30", "01T13:30"),  # after half an hour it would be too late for anyone else
        ("01T12:00", "01T16:06", "01T12:31:30"),
        ("01T12:00", "01T15:00", "01T13:00"),  # the least notice: an hour
    ],
)
def test_who_stands_by_has_a_quarter_of_what_is_left_and_who_is_last_has_it_all(
    now: str, starts_at: str, expected: str
) -> None:
    assert shown(at(expected)) == until(now, starts_at)


@pytest.mark.parametrize(
    ("now", "starts_at", "expected"),
    [
        ("01T22:00", "02T15:00", "02T09:15"),  # a quarter of the 5 hours from 08:00 on
        (
            "01T22:00",
            "02T11:00",
            "02T09:00",
        ),  # nobody reads before 08:00, and after half an hour nobody else could come
        ("01T19:45", "02T12:00", "02T08:18:45"),
        ("01T18:00", "02T09:00", "01T18:30"),  # still time for others before the night
        ("01T22:00", "02T09:00", "02T07:00"),  # the night is all there is
        ("01T19:50", "02T09:00", "02T07:00"),
    ],
)
def test_the_night_counts_for_nothing_unless_it_is_all_there_is(now: str, starts_at: str, expected: str) -> None:
    assert shown(at(expected)) == until(now, starts_at)


def test_one_after_the_other_is_asked_until_it_is_too_late() -> None:
    starts_at, asked = at("01T17:00"), [at("01T12:00")]

    while asked[-1] + STANDBY_NOTICE <= starts_at:
        asked.append(answer_by(starts_at, asked[-1], MEXICO))

    assert ["01T12:00", "01T12:45", "01T13:18", "01T13:48", "01T15:00"] == [shown(each) for each in asked]


@pytest.mark.parametrize(
    ("made", "deadline", "starts_at", "expected"),
    [
        ("01T09:00", "01T11:00", "01T19:00", "01T12:00"),
        ("01T22:00", "02T09:15", "02T15:00", "02T09:52:30"),  # half of an hour and a quarter, not of the night
        ("01T12:00", "01T12:45", "01T16:00", "01T14:00"),
        ("01T12:00", "01T14:00", "01T16:00", "01T14:00"),  # as late as can be already
        ("01T22:00", "02T07:00", "02T09:00", "02T07:00"),
    ],
)
def test_more_time_is_half_of_the_waking_time_again(made: str, deadline: str, starts_at: str, expected: str) -> None:
    assert shown(at(expected)) == shown(longer_answer_by(at(starts_at), at(made), at(deadline), MEXICO))


def test_waking_time_is_that_of_the_site_whatever_its_clock_does() -> None:
    """In the nights to 14 March and 7 November 2027 the clock of Tijuana changes."""
    for month, day in ((3, 13), (11, 6)):
        evening = datetime(2027, month, day, 19, tzinfo=TIJUANA).astimezone(UTC)

        morning = after_waking(evening, timedelta(hours=2), TIJUANA)

        assert datetime(2027, month, day + 1, 9, tzinfo=TIJUANA) == morning
        assert timedelta(hours=2) == waking_time(evening, morning, TIJUANA)


@given(
    now=st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 1)),  # noqa: DTZ001  hypothesis adds the zone
    notice=st.timedeltas(STANDBY_NOTICE, timedelta(hours=72)),
)
def test_whenever_it_is_offered_there_is_time_to_read_and_to_come_and_no_more_than_for_other_offers(
    now: datetime, notice: timedelta
) -> None:
    now = now.replace(tzinfo=UTC)
    starts_at = now + notice

    deadline = answer_by(starts_at, now, TIJUANA)

    assert now + HALF_AN_HOUR <= deadline <= starts_at - ANSWER_BEFORE
    assert deadline <= deadline_of(now, 24, now + timedelta(days=10), TIJUANA)
    if deadline < starts_at - ANSWER_BEFORE:
        assert QUIET_UNTIL <= deadline.astimezone(TIJUANA).time() <= QUIET_FROM
        assert waking_time(now, deadline, TIJUANA) >= HALF_AN_HOUR
        assert deadline + STANDBY_NOTICE < starts_at
        assert deadline <= longer_answer_by(starts_at, now, deadline, TIJUANA) <= starts_at - ANSWER_BEFORE


@given(
    now=st.datetimes(datetime(2026, 12, 1, 8), datetime(2026, 12, 1, 17)),  # noqa: DTZ001  hypothesis adds the zone
    notice=st.timedeltas(timedelta(hours=5), timedelta(hours=24)),
)
def test_a_place_that_is_freed_by_day_five_hours_ahead_is_offered_to_three_at_least(
    now: datetime, notice: timedelta
) -> None:
    now = now.replace(tzinfo=MEXICO).astimezone(UTC)
    asked = [now]
    while asked[-1] + STANDBY_NOTICE <= now + notice:
        asked.append(answer_by(now + notice, asked[-1], MEXICO))

    assert len(asked[:-1]) >= 3
    assert all(later > earlier for earlier, later in pairwise(asked))
