"""Free places by day: in the wall time of their site, none left out where there are more than are read at once."""

from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast
from zoneinfo import ZoneInfo

from services.scheduling.domain.places import Place
from services.scheduling.web.days import SHOWN, Free, around, days_of, times_of
from services.scheduling.web.pages import HERE
from services.scheduling.web.presented import Site
from shared.languages import read_catalogues

ENGLISH = read_catalogues(HERE / "languages")["en"]
TAPACHULA, TIJUANA = ZoneInfo("America/Mexico_City"), ZoneInfo("America/Tijuana")
FIRST = date(2026, 12, 1)


def free(wall_time: str, zone: ZoneInfo = TAPACHULA, *, slot: int = 1, site: str = "COMAR") -> Free:
    starts_at = datetime.fromisoformat(wall_time).replace(tzinfo=zone).astimezone(UTC)
    place = cast(Place, SimpleNamespace(starts_at=starts_at, claims=((slot, 1),), site=site))
    return Free(place, Site(site, "Tapachula", "", illustrative=False), zone)


def dates(places: list[Free], **cut: Any) -> tuple[list[str], date]:
    page = days_of(places, FIRST, ENGLISH, **{"is_cut": False, **cut})
    return [day for day, _ in page.days], page.following


def test_a_place_stands_under_the_day_that_its_site_has() -> None:
    late = free("2026-12-02T23:30", TIJUANA)

    assert "2026-12-03" == late.place.starts_at.date().isoformat()
    assert ["2026-12-02"] == dates([late])[0]
    assert 1 == len(times_of([late], date(2026, 12, 2), ENGLISH)[0].items)


def test_days_outside_of_the_page_are_left_to_others() -> None:
    places = [free("2026-11-30T23:00"), free("2026-12-01T07:00"), free("2026-12-15T07:00")]

    assert (["2026-12-01"], FIRST + SHOWN) == dates(places)


def test_a_day_that_may_not_be_whole_begins_the_next_page() -> None:
    places = [free("2026-12-01T07:00"), free("2026-12-02T07:00"), free("2026-12-03T07:00")]

    assert (["2026-12-01", "2026-12-02"], date(2026, 12, 3)) == dates(places, is_cut=True)


def test_a_single_day_with_too_many_places_is_shown_all_the_same() -> None:
    assert (["2026-12-01"], FIRST + SHOWN) == dates([free("2026-12-01T07:00")], is_cut=True)


def test_a_day_is_looked_at_from_its_first_to_its_last_moment_in_every_zone() -> None:
    begins_at, ends_at = around(FIRST, timedelta(days=1), {TAPACHULA, TIJUANA})

    assert datetime(2026, 12, 1, 6, tzinfo=UTC) == begins_at
    assert datetime(2026, 12, 2, 8, tzinfo=UTC) == ends_at


def test_times_stand_under_the_place_at_which_they_are_free() -> None:
    here, later = free("2026-12-01T07:15"), free("2026-12-01T07:30", slot=2)
    there = [free("2026-12-01T07:00", slot=3, site="Consulate"), free("2026-12-01T07:15", slot=4, site="Consulate")]

    found = times_of([here, later, *there], FIRST, ENGLISH)

    assert [
        ("Consulate, Tapachula", [("3", "7:00 AM"), ("4", "7:15 AM")]),
        ("COMAR, Tapachula", [("1", "7:15 AM"), ("2", "7:30 AM")]),
    ] == [(each.where, [(item["value"], item["text"]) for item in each.items]) for each in found]
