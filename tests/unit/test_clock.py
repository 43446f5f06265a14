from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from shared import clock
from shared.clock import ZoneDataStale, use_packaged_zone_data


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
