from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from shared import clock
from shared.clock import ZoneDataStale, still_today, use_packaged_zone_data


def test_the_packaged_zone_data_knows_the_laws_of_2026() -> None:
    assert use_packaged_zone_data() >= "2026.6"


def test_stale_zone_data_ends_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    stale = (("America/Vancouver", "2027-01-15T12:00", -8),)
    monkeypatch.setattr(clock, "ZONE_VECTORS", stale)

    with pytest.raises(ZoneDataStale, match="America/Vancouver"):
        use_packaged_zone_data()


def test_the_hosts_own_zone_data_is_not_read() -> None:
    use_packaged_zone_data()

    winter = datetime(2027, 1, 15, 12, tzinfo=ZoneInfo("America/Vancouver"))
    assert winter.utcoffset() == timedelta(hours=-7)


@pytest.mark.parametrize(("hour", "day"), [(0, 23), (11, 23), (12, 24), (23, 24)])
def test_a_day_goes_on_for_twelve_hours_after_it_is_over_in_utc(hour: int, day: int) -> None:
    assert date(2026, 11, day) == still_today(datetime(2026, 11, 24, hour, 30, tzinfo=UTC))
