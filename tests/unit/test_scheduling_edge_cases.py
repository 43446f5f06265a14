"""Cases that went wrong for others, pure; all of them by number: docs/edge-cases.md."""

import csv
from dataclasses import fields
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from services.notifications.domain.notice import Notice
from services.notifications.messages import LANGUAGES_DIR
from services.notifications.messages.presenter import Surroundings, present
from services.notifications.messages.render import render_text
from services.scheduling.domain.calendar import Calendar
from services.scheduling.domain.needs import WINDOW_STEP, Setting
from services.scheduling.domain.opening import holidays_of
from services.scheduling.domain.places import Resource, Step
from services.scheduling.domain.zones import instant_of
from shared.clockwork import Tick
from shared.events import NoticeKind
from shared.languages import read_catalogues
from tests.unit.notifications_builders import CASE_REF, a_site, an_appointment
from tests.unit.scheduling_builders import DAY, a_need, desk, free

SITES = Path(__file__).parents[2] / "deploy" / "reference" / "sites.csv"
QUARTER = timedelta(minutes=15)


@pytest.mark.parametrize(
    ("steps", "is_free"),
    [
        pytest.param(0, False, id="identical"),
        pytest.param(-2, False, id="begins before and overlaps"),
        pytest.param(2, False, id="begins within and overlaps"),
        pytest.param(-4, True, id="ends where it begins"),
        pytest.param(4, True, id="begins where it ends"),
    ],
)
def test_what_overlaps_is_refused_and_what_only_touches_is_not(steps: int, is_free: bool) -> None:
    """Case 28: an hour is taken; another hour is asked for."""
    one = desk()
    calendar = Calendar.of([one], free(one, 12, begin=DAY - 4 * QUARTER))
    assert calendar.try_at(a_need(), one.site, DAY) is not None
    for _, step in [(one.id, step) for step in calendar.steps[one.id] if DAY <= step.starts_at < DAY + 4 * QUARTER]:
        step.left = 0

    assert is_free == (calendar.try_at(a_need(), one.site, DAY + steps * QUARTER) is not None)


@pytest.mark.parametrize(
    ("begins", "lasts"), [(1, 2), (0, 2), (2, 2), (-1, 6)], ids=["inside", "first", "last", "around"]
)
def test_what_is_contained_in_what_is_taken_or_contains_it_is_refused(begins: int, lasts: int) -> None:
    """Case 28: an hour is taken."""
    one = desk()
    calendar = Calendar.of([one], free(one, 12, begin=DAY - 4 * QUARTER))
    need = a_need(settings=(Setting(15 * lasts, lasts),))
    assert calendar.try_at(need, one.site, DAY + begins * QUARTER) is not None
    for step in calendar.steps[one.id]:
        step.left -= DAY <= step.starts_at < DAY + 4 * QUARTER

    assert calendar.try_at(need, one.site, DAY + begins * QUARTER) is None


def test_with_one_place_too_few_nothing_is_taken_and_the_next_household_that_fits_may_go() -> None:
    """Case 32: three places are left in an arrival window."""
    window = Resource(desk().id, "MX-TAP-01", "mx", "window", "arrivals", ("MX-REF",))
    calendar = Calendar.of([window], [(window.id, Step(1, DAY, DAY.date(), 3))])
    setting = (Setting(30, 1),)
    assert timedelta(minutes=30) == WINDOW_STEP

    of_four = calendar.choose(a_need(kind="window", units=4, party=4, settings=setting))
    of_three = calendar.choose(a_need(kind="window", units=3, party=3, settings=setting))

    assert of_four is None
    assert of_three is not None
    assert ((1, 3),) == of_three.claims


@pytest.mark.parametrize(("day", "offset"), [("2027-03-12", "UTC-8"), ("2027-03-15", "UTC-7")])
def test_a_household_elsewhere_reads_the_offices_hour_with_what_it_is_from_utc_on_that_day(
    day: str, offset: str
) -> None:
    """Cases 11 and 16: written on 1 March, when both dates are to come."""
    wall_time = f"{day}T14:00"
    starts_at = instant_of(datetime.fromisoformat(wall_time), ZoneInfo("America/Tijuana"))
    booked = an_appointment("booked", wall_time=wall_time, zone="America/Tijuana", starts_at=starts_at)
    around = Surroundings(CASE_REF, None, {"MX-TAP-01": a_site(city="Tijuana")}, "https://portal.example")

    text = render_text(present(Notice(NoticeKind.BOOKED, booked), around, read_catalogues(LANGUAGES_DIR)["en"]))

    assert f"2:00 PM, Tijuana time ({offset})" in text


def test_every_site_has_holidays_in_each_of_the_next_ten_years() -> None:
    """Case 20."""
    with SITES.open(encoding="utf-8", newline="") as file:
        calendars = {row["holidays"] for row in csv.DictReader(file)}
    years = range(2026, 2037)

    lacking = [
        f"{calendar} {year}"
        for calendar in sorted(calendars)
        for year in years
        if len(holidays_of(calendar, date(year, 1, 1), date(year, 12, 31))) < 5
    ]

    assert calendars
    assert [] == lacking


def test_a_tick_comes_every_so_often_and_never_at_an_hour_of_some_clock() -> None:
    """Case 18: what is due on a day is a question to the database, in the site's date."""
    assert {"name": str, "every": timedelta} == {
        each.name: each.type for each in fields(Tick) if each.name in ("name", "every")
    }
    assert ["name", "every", "work"] == [each.name for each in fields(Tick)]


def test_an_hour_in_the_night_of_the_change_is_one_instant_or_none() -> None:
    """Cases 5 and 6: the first of two; what does not exist comes out as another wall time."""
    zone = ZoneInfo("America/Tijuana")
    gap, twice = datetime.fromisoformat("2027-03-14T02:30"), datetime.fromisoformat("2027-11-07T01:30")

    assert gap != instant_of(gap, zone).astimezone(zone).replace(tzinfo=None)
    assert datetime(2027, 11, 7, 8, 30, tzinfo=UTC) == instant_of(twice, zone)
