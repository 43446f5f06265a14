"""Where a household is to go whose appointment cannot take place: the nearest first."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from services.scheduling.domain.needs import need_of
from services.scheduling.domain.rebooking import Wish, nearest_first
from tests.builders import NOW, a_case, a_programme

TIJUANA = ZoneInfo("America/Tijuana")
AREAS: dict[str, str | None] = {"MX-TAP-01": "CS", "MX-TIJ-01": "BC", "MX-PAL-01": "CS"}
NEED = need_of(a_case(sites=tuple(AREAS)), a_programme(sites=tuple(AREAS)), AREAS, NOW)
FAR = date(2027, 1, 15)
LOCAL_MIDNIGHT = datetime(2027, 1, 15, 8, tzinfo=UTC)


def test_the_site_that_it_knows_comes_before_all_others_and_the_day_it_had_before_any_earlier_one() -> None:
    others = ("MX-PAL-01", "MX-TAP-01")

    assert nearest_first(NEED, "MX-TIJ-01", FAR, TIJUANA) == [
        Wish(("MX-TIJ-01",), LOCAL_MIDNIGHT),
        Wish(("MX-TIJ-01",), NEED.earliest),
        Wish(others, LOCAL_MIDNIGHT),
        Wish(others, NEED.earliest),
    ]


def test_a_site_that_is_no_longer_one_of_its_own_is_not_wished_for() -> None:
    wishes = nearest_first(NEED, "MX-MTY-01", FAR, TIJUANA)

    assert [wish.sites for wish in wishes] == [NEED.sites, NEED.sites]


@pytest.mark.parametrize("days", [0, 1, 2])
def test_nobody_has_to_travel_sooner_than_an_offer_lets_them(days: int) -> None:
    wishes = nearest_first(NEED, "MX-TIJ-01", NOW.date() + timedelta(days=days), TIJUANA)

    assert {wish.earliest for wish in wishes} == {NEED.earliest}


def test_a_wish_changes_nothing_else_of_the_need() -> None:
    wished = Wish(("MX-TIJ-01",), LOCAL_MIDNIGHT).of(NEED)

    assert (wished.sites, wished.earliest, wished.party, wished.latest) == (
        ("MX-TIJ-01",),
        LOCAL_MIDNIGHT,
        NEED.party,
        NEED.latest,
    )
