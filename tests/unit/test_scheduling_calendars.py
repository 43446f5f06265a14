"""Opening rules, closures and holidays as days and hours of a site: clock changes, edges of series, what is refused."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.scheduling.domain.needs import DESK_STEP, WINDOW_STEP
from services.scheduling.domain.opening import NotPlanned, Opening, Rule, fault_of, holidays_of

SPRING, AUTUMN = date(2027, 3, 14), date(2027, 11, 7)
CHANGING = ["America/Tijuana", "America/Ciudad_Juarez", "America/Matamoros"]
STEADY = ["America/Mexico_City", "America/Vancouver", "America/Edmonton", "America/Winnipeg"]


def a_rule(**changes: Any) -> Rule:
    usual: dict[str, Any] = {
        "rrule": "FREQ=DAILY", "first_day": date(2026, 1, 1), "last_day": None, "opens": time(8), "closes": time(16),
    }  # fmt: skip
    return Rule(**{**usual, **changes})


def opening(*rules: Rule, zone: str = "America/Tijuana", holidays: str = "", **changes: Any) -> Opening:
    usual: dict[str, Any] = {"closed": frozenset(), "last_day": None}
    return Opening(ZoneInfo(zone), DESK_STEP, rules or (a_rule(),), holidays, **{**usual, **changes})


def steps(calendar: Opening, first: date, last: date | None = None) -> list[tuple[datetime, datetime]]:
    """(wall time, instant) of every step."""
    return [
        (each.wall_time + n * calendar.width, each.starts_at + n * calendar.width)
        for each in calendar.times(first, last or first)
        for n in range(each.steps)
    ]


def open_days(calendar: Opening, first: date, last: date) -> list[date]:
    return [each.local_date for each in calendar.times(first, last)]


# Clock changes


@pytest.mark.parametrize("zone", CHANGING)
@pytest.mark.parametrize(("day", "missing"), [(SPRING, 4), (AUTUMN, 0)])
def test_a_whole_day_of_a_clock_change_has_every_wall_time_that_exists_once(zone: str, day: date, missing: int) -> None:
    found = steps(opening(a_rule(opens=time(0), closes=time(23, 45)), zone=zone), day)

    assert len(found) == len({wall for wall, _ in found}) == len({instant for _, instant in found}) == 95 - missing
    assert all(instant.astimezone(ZoneInfo(zone)).replace(tzinfo=None) == wall for wall, instant in found)


@pytest.mark.parametrize("zone", STEADY)
def test_a_zone_without_clock_change_has_the_same_hours_from_utc_all_year(zone: str) -> None:
    offsets = {
        wall - instant.replace(tzinfo=None)
        for day in (date(2027, 1, 15), SPRING, date(2027, 7, 15), AUTUMN)
        for wall, instant in steps(opening(zone=zone), day)
    }

    assert len(offsets) == 1


@pytest.mark.parametrize("zone", CHANGING)
def test_an_afternoon_on_the_day_of_the_change_keeps_its_wall_hours(zone: str) -> None:
    afternoon = opening(a_rule(opens=time(13), closes=time(17)), zone=zone)

    for day in (SPRING - timedelta(days=1), SPRING, AUTUMN, AUTUMN + timedelta(days=1)):
        assert [wall.time() for wall, _ in steps(afternoon, day)][:: len(steps(afternoon, day)) - 1] == [
            time(13),
            time(16, 45),
        ]


@pytest.mark.parametrize(
    ("one", "other", "winter", "summer"),
    [
        ("America/Vancouver", "America/Los_Angeles", 1, 0),
        ("America/Edmonton", "America/Denver", 1, 0),
        ("America/Winnipeg", "America/Chicago", 1, 0),
        ("America/Ciudad_Juarez", "America/Denver", 0, 0),
        ("America/Tijuana", "America/Los_Angeles", 0, 0),
        ("America/Matamoros", "America/Chicago", 0, 0),
        ("America/Ojinaga", "America/Chicago", 0, 0),
        ("America/Monterrey", "America/Mexico_City", 0, 0),
        ("America/Hermosillo", "America/Phoenix", 0, 0),
        ("America/Matamoros", "America/Monterrey", 0, 1),
    ],
)
def test_two_offices_open_as_many_hours_apart_as_their_clocks(one: str, other: str, winter: int, summer: int) -> None:
    def apart(day: date) -> int:
        first, second = (steps(opening(zone=zone), day)[0][1] for zone in (one, other))
        return int((second - first).total_seconds() // 3600)

    assert (apart(date(2027, 1, 15)), apart(date(2027, 7, 15))) == (winter, summer)


def test_every_second_week_is_counted_in_weeks_not_in_hours_across_a_clock_change() -> None:
    fortnightly = opening(a_rule(rrule="FREQ=WEEKLY;INTERVAL=2;BYDAY=SU", first_day=date(2027, 2, 28)))

    assert open_days(fortnightly, date(2027, 3, 1), date(2027, 4, 12)) == [SPRING, date(2027, 3, 28), date(2027, 4, 11)]


def test_an_unknown_zone_is_an_error_and_not_utc() -> None:
    with pytest.raises(ZoneInfoNotFoundError):
        opening(zone="America/Ciudad_Juarez_Nueva")


@given(
    st.sampled_from([*CHANGING, *STEADY, "America/St_Johns", "Australia/Lord_Howe", "Asia/Kathmandu"]),
    st.sampled_from([SPRING, AUTUMN, date(2027, 4, 4), date(2027, 10, 3), date(2027, 7, 15)]),
    st.integers(0, 94),
    st.integers(1, 95),
)
def test_the_steps_of_a_day_are_its_existing_wall_times_one_by_one(
    zone: str, day: date, opens: int, length: int
) -> None:
    midnight = datetime.combine(day, time(0))
    begin, end = midnight + opens * DESK_STEP, midnight + min(opens + length, 95) * DESK_STEP
    one_by_one = []
    for n in range((end - begin) // DESK_STEP):
        wall = begin + n * DESK_STEP
        instant = wall.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
        if instant.astimezone(ZoneInfo(zone)).replace(tzinfo=None) == wall:
            one_by_one.append((wall, instant))

    assert one_by_one == steps(opening(a_rule(opens=begin.time(), closes=end.time()), zone=zone), day)


# Days that are closed


def test_an_evening_that_is_the_next_day_in_utc_belongs_to_the_day_at_the_site() -> None:
    late = a_rule(opens=time(16), closes=time(22))

    closed = opening(late, zone="America/Vancouver", closed=frozenset({date(2026, 12, 2)}))

    found = steps(closed, date(2026, 12, 1), date(2026, 12, 3))
    assert {wall.date() for wall, _ in found} == {date(2026, 12, 1), date(2026, 12, 3)}
    assert any(instant.date() == date(2026, 12, 2) for _, instant in found)


@pytest.mark.parametrize("closed", [1, 2, 9, 10])
def test_a_closure_on_the_first_last_or_next_to_last_day_of_a_series_closes_that_day_alone(closed: int) -> None:
    series = a_rule(rrule="FREQ=DAILY;UNTIL=20261210", first_day=date(2026, 12, 1))

    found = open_days(opening(series, closed=frozenset({date(2026, 12, closed)})), date(2026, 11, 1), date(2027, 1, 1))

    assert found == [date(2026, 12, day) for day in range(1, 11) if day != closed]


def test_the_last_day_of_a_rule_and_of_a_resource_are_open() -> None:
    ends = opening(a_rule(last_day=date(2026, 12, 5)), last_day=date(2026, 12, 4))

    assert open_days(ends, date(2026, 12, 3), date(2026, 12, 9)) == [date(2026, 12, 3), date(2026, 12, 4)]


def test_holidays_go_on_after_the_end_of_the_year() -> None:
    found = open_days(opening(holidays="US+MX"), date(2026, 12, 24), date(2027, 1, 2))

    assert date(2026, 12, 25) not in found
    assert date(2027, 1, 1) not in found
    assert all(holidays_of(calendar, date(2030, 1, 1), date(2030, 12, 31)) for calendar in ("US", "MX", "GT", "CA-MB"))


def test_a_rule_opens_on_a_holiday_only_when_it_says_so_and_never_on_a_closed_day() -> None:
    christmas = date(2026, 12, 25)
    usual, stubborn = a_rule(), a_rule(opens=time(9), closes=time(10), on_holidays=True)

    assert {wall.hour for wall, _ in steps(opening(usual, stubborn, holidays="MX"), christmas)} == {9}
    assert not steps(opening(stubborn, holidays="MX", closed=frozenset({christmas})), christmas)


def test_why_a_time_is_not_open_is_said_in_the_order_in_which_it_could_be_put_right() -> None:
    day = date(2026, 12, 25)
    closed, last = frozenset({day}), day - timedelta(days=1)

    found = [
        opening(holidays="MX", closed=closed, last_day=last, site_is_open=False).why_not(day),
        opening(holidays="MX", closed=closed, last_day=last).why_not(day),
        opening(holidays="MX", last_day=last).why_not(day),
        opening(holidays="MX").why_not(day),
        opening().why_not(day),
    ]
    assert found == [reason for reason in NotPlanned if reason is not NotPlanned.CAPACITY_LOWERED]


# What is refused


@pytest.mark.parametrize(
    "change",
    [
        {"rrule": "every monday"},
        {"rrule": "FREQ=SECONDLY"},
        {"rrule": "FREQ=WEEKLY;BYDAY=XX"},
        {"rrule": "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30"},
        {"rrule": "FREQ=DAILY;UNTIL=20251231"},
        {"rrule": "FREQ=DAILY;UNTIL=20261399"},
        {"rrule": "FREQ=DAILY\nEXDATE:20261201T000000"},
        {"opens": time(16)},
        {"opens": time(8, 10)},
        {"closes": time(15, 59, 30)},
        {"last_day": date(2025, 12, 31)},
    ],
)
def test_a_rule_that_cannot_be_kept_is_refused_with_what_is_wrong(change: dict[str, Any]) -> None:
    assert fault_of(a_rule(**change), DESK_STEP)


def test_a_rule_of_a_window_lies_on_its_wider_grid() -> None:
    quarter_past = a_rule(opens=time(8, 15))

    assert fault_of(quarter_past, DESK_STEP) is None
    assert fault_of(quarter_past, WINDOW_STEP)


def test_rules_that_overlap_name_the_same_steps_and_those_that_touch_none_twice() -> None:
    morning, inside, after = a_rule(closes=time(12)), a_rule(opens=time(9), closes=time(10)), a_rule(opens=time(12))

    found = [instant for _, instant in steps(opening(morning, inside, after), date(2026, 12, 1))]

    assert len(found) == 36
    assert len(set(found)) == 32
