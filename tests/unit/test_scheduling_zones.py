"""Other zone data, pure: what moves, to where, and in which order of days."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from services.scheduling.domain.zones import ASIDE, Shift, in_order, instant_of, offsets, shifts, slot_instant

VANCOUVER, LOS_ANGELES = ZoneInfo("America/Vancouver"), ZoneInfo("America/Los_Angeles")
"""What older zone data said of Vancouver is what is true of Los Angeles."""
NINE = datetime(2026, 12, 1, 9)  # noqa: DTZ001  a wall time
QUARTER = timedelta(minutes=15)


def as_it_was(*wall_times: datetime) -> list[tuple[datetime, datetime]]:
    return [(wall_time, instant_of(wall_time, LOS_ANGELES)) for wall_time in wall_times]


def test_the_offsets_of_a_zone_are_told_to_the_second_of_each_change() -> None:
    since, until = datetime(2026, 9, 1, tzinfo=UTC), datetime(2027, 4, 1, tzinfo=UTC)
    autumn, spring = datetime(2026, 11, 1, 9, tzinfo=UTC), datetime(2027, 3, 14, 10, tzinfo=UTC)

    summer, winter = -7 * 3600, -8 * 3600
    assert [(since, summer), (autumn, winter), (spring, summer)] == [
        (datetime.fromtimestamp(second, UTC), offset)
        for second, offset in offsets(ZoneInfo("America/Tijuana"), since, until)
    ]


def test_nine_in_vancouver_in_december_is_an_hour_earlier_since_british_columbia_keeps_its_clocks() -> None:
    assert [Shift(NINE.date(), NINE, datetime(2026, 12, 1, 17, tzinfo=UTC), datetime(2026, 12, 1, 16, tzinfo=UTC))] == (
        shifts(as_it_was(NINE), VANCOUVER)
    )


def test_the_same_hour_in_summer_does_not_move() -> None:
    assert [] == shifts(as_it_was(datetime(2026, 7, 1, 9)), VANCOUVER)  # noqa: DTZ001  a wall time


def test_what_has_moved_does_not_move_again() -> None:
    moved = [(each.wall_time, each.starts_at) for each in shifts(as_it_was(NINE), VANCOUVER)]

    assert [] == shifts(moved, VANCOUVER)


def test_a_slot_whose_wall_time_does_not_exist_is_put_aside_and_stays_there() -> None:
    gap, after = (datetime(2027, 3, 14, hour, 30) for hour in (2, 3))  # noqa: DTZ001  wall times

    aside = slot_instant(gap, LOS_ANGELES)

    assert instant_of(after, LOS_ANGELES) + ASIDE == aside
    assert [] == shifts([(gap, aside)], LOS_ANGELES)


def test_of_a_wall_time_that_comes_twice_the_first_counts() -> None:
    twice = datetime(2027, 11, 7, 1, 30)  # noqa: DTZ001  a wall time

    assert datetime(2027, 11, 7, 8, 30, tzinfo=UTC) == instant_of(twice, LOS_ANGELES)


@given(st.booleans(), st.integers(1, 8), st.integers(1, 12))
def test_in_this_order_no_day_ever_comes_to_lie_on_one_that_has_not_moved(back: bool, quarters: int, days: int) -> None:
    """Open around the clock; every slot moves the same way."""
    by = -quarters * QUARTER if back else quarters * QUARTER
    midnight = datetime(2026, 12, 1, tzinfo=UTC)
    was = {n: midnight + n * QUARTER for n in range(96 * days)}
    moving = [Shift(at.date(), at.replace(tzinfo=None), at, at + by) for at in was.values()]
    lies = dict(was)

    for day in in_order(moving):
        lies |= {n: at + by for n, at in was.items() if at.date() == day}
        assert len(set(lies.values())) == len(lies)

    assert lies == {n: at + by for n, at in was.items()}


def test_days_that_go_back_come_before_those_that_go_forward_and_each_day_once() -> None:
    first = date(2026, 12, 1)

    def a_shift(day: int, hours: int) -> Shift:
        at = datetime(2026, 12, 1 + day, 17, tzinfo=UTC)
        return Shift(at.date(), at.replace(tzinfo=None), at, at + timedelta(hours=hours))

    order = in_order([a_shift(3, 1), a_shift(1, -1), a_shift(4, 1), a_shift(0, -1), a_shift(0, -1)])

    assert [first + timedelta(days=n) for n in (0, 1, 4, 3)] == order
