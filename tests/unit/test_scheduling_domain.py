"""The pure rules of scheduling: time, length, places, decisions, states."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.scheduling.domain.admission import admit
from services.scheduling.domain.calendar import Calendar
from services.scheduling.domain.decisions import Held, Keep, Offer, Wait, Waiting, decide
from services.scheduling.domain.needs import (
    AFTER_DEADLINE,
    DESK_STEP,
    QUIET_FROM,
    QUIET_UNTIL,
    TRAVEL_NOTICE,
    Setting,
    deadline_of,
    minutes_of,
    need_of,
)
from services.scheduling.domain.opening import OpenTime, Rule, holidays_of, open_times
from services.scheduling.domain.places import Place, Step
from services.scheduling.domain.states import TRANSITIONS, ForbiddenTransition, step
from shared.events import AppointmentStatus, CaseLanguage, CaseState, Party
from tests.builders import NOW, a_case, a_programme
from tests.unit.scheduling_builders import DAY, a_need, desk, free, held, interpreter

INTERPRETED = (CaseLanguage(tag="mam", mode="spoken", interpreter=True),)
AREAS: dict[str, str | None] = {"MX-TAP-01": "CS", "MX-TIJ-01": "BC"}


# How long


@pytest.mark.parametrize(
    ("adults", "children", "languages", "minutes"),
    [(1, 0, (), 90), (2, 1, (), 145), (1, 0, INTERPRETED, 135), (2, 1, INTERPRETED, 220)],
)
def test_an_interview_takes_base_and_people_and_half_as_long_again_with_an_interpreter(
    adults: int, children: int, languages: Any, minutes: int
) -> None:
    party = Party(attendees=adults + children, adults=adults, children=children)

    assert minutes == minutes_of(a_programme(), a_case(party=party, languages=languages))


# When and where


def test_a_site_that_does_not_exist_or_is_in_another_state_is_no_place() -> None:
    need = need_of(
        a_case(sites=(), admin_area="BC"), a_programme(sites=("MX-TAP-01", "MX-TIJ-01", "MX-NEW")), AREAS, NOW
    )

    assert need.sites == ("MX-TIJ-01",)


@pytest.mark.parametrize(
    ("now", "offer_hours", "deadline"),
    [
        ("2026-11-24T10:00", 48, "2026-11-26T10:00"),
        ("2026-11-24T03:00", 48, "2026-11-25T20:00"),
        ("2026-11-24T22:00", 48, "2026-11-26T20:00"),
        ("2026-11-24T10:00", 72, "2026-11-26T10:00"),
        ("2026-11-24T19:30", 12, "2026-11-25T08:00"),
        ("2026-11-24T21:00", 6, "2026-11-25T08:00"),
    ],
)
def test_an_offer_is_open_for_its_hours_but_leaves_time_to_read_it_and_to_travel(
    now: str, offer_hours: int, deadline: str
) -> None:
    zone = ZoneInfo("America/Tijuana")
    wall = datetime.fromisoformat(now).replace(tzinfo=zone).astimezone(UTC)

    found = deadline_of(wall, offer_hours, wall + TRAVEL_NOTICE, zone)

    assert datetime.fromisoformat(deadline) == found.astimezone(zone).replace(tzinfo=None)


@given(
    now=st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 1)),  # noqa: DTZ001  hypothesis adds the zone
    offer_hours=st.integers(1, 1000),
    later=st.timedeltas(timedelta(0), timedelta(days=80)),
)
def test_whatever_a_programme_says_no_deadline_is_over_or_in_quiet_hours_or_too_late_to_travel(
    now: datetime, offer_hours: int, later: timedelta
) -> None:
    zone = ZoneInfo("America/Tijuana")
    starts_at = now.replace(tzinfo=UTC) + TRAVEL_NOTICE + later

    deadline = deadline_of(now.replace(tzinfo=UTC), offer_hours, starts_at, zone)

    assert now.replace(tzinfo=UTC) < deadline <= starts_at - AFTER_DEADLINE
    assert QUIET_UNTIL <= deadline.astimezone(zone).time() <= QUIET_FROM
    half = timedelta(hours=offer_hours) / 2
    assert deadline - now.replace(tzinfo=UTC) >= min(half, timedelta(hours=24))


# Opening hours


def steps_of(rule: Rule, zone: str, day: date, width: timedelta = DESK_STEP) -> list[OpenTime]:
    return list(open_times(rule, ZoneInfo(zone), width, first_day=day, last_day=day, closed=frozenset()))


def all_day(first: time = time(1), last: time = time(4)) -> Rule:
    return Rule("FREQ=DAILY", date(2026, 1, 1), None, first, last)


@pytest.mark.parametrize("zone", ["America/Tijuana", "America/Ciudad_Juarez", "America/Matamoros"])
def test_the_hour_that_does_not_exist_in_spring_has_no_steps(zone: str) -> None:
    found = steps_of(all_day(), zone, date(2027, 3, 14))

    walls = {(t.wall_time + n * DESK_STEP).hour for t in found for n in range(t.steps)}
    assert walls == {1, 3}
    assert sum(t.steps for t in found) == 8


@pytest.mark.parametrize("zone", ["America/Tijuana", "America/Ciudad_Juarez", "America/Matamoros"])
def test_the_hour_that_comes_twice_in_autumn_is_open_once(zone: str) -> None:
    found = steps_of(all_day(), zone, date(2027, 11, 7))

    walls = [t.wall_time + n * DESK_STEP for t in found for n in range(t.steps)]
    assert len(walls) == len(set(walls)) == 12


@pytest.mark.parametrize("zone", ["America/Mexico_City", "America/Vancouver", "America/Edmonton", "America/Winnipeg"])
def test_a_zone_without_clock_change_is_open_evenly_on_those_days(zone: str) -> None:
    for day in (date(2027, 3, 14), date(2027, 11, 7)):
        assert [t.steps for t in steps_of(all_day(), zone, day)] == [12]


def test_a_wall_time_keeps_its_hour_when_the_clock_changes() -> None:
    rule = Rule("FREQ=DAILY", date(2026, 1, 1), None, time(8), time(9))

    saturday, monday = (steps_of(rule, "America/Tijuana", date(2027, 3, d))[0] for d in (13, 15))

    assert saturday.wall_time.time() == monday.wall_time.time() == time(8)
    assert monday.starts_at - saturday.starts_at == timedelta(days=2) - timedelta(hours=1)


def test_weekends_and_holidays_of_both_countries_are_closed() -> None:
    closed = holidays_of("US+MX", date(2027, 1, 1), date(2027, 12, 31))

    assert {date(2027, 6, 18), date(2027, 7, 5), date(2027, 2, 1), date(2027, 9, 16)} <= closed


def test_canadian_offices_keep_the_federal_days_and_the_provinces() -> None:
    assert date(2027, 9, 30) in holidays_of("CA-BC", date(2027, 1, 1), date(2027, 12, 31))


# Places


def test_the_earliest_run_long_enough_is_chosen() -> None:
    one = desk()
    calendar = Calendar.of([one], [*free(one, 3), *free(one, 4, start=5)])

    place = calendar.choose(a_need())

    assert place is not None
    assert place.starts_at == DAY + 5 * DESK_STEP


def test_what_was_chosen_is_not_free_for_the_next() -> None:
    one = desk()
    calendar = Calendar.of([one], free(one, 8))

    starts = [place.starts_at for _ in range(3) if (place := calendar.choose(a_need()))]

    assert starts == [DAY, DAY + 4 * DESK_STEP]


def test_a_household_that_needs_a_female_officer_gets_her_desk() -> None:
    first, second = desk("desk 1"), desk("desk 2", "female-officer")
    calendar = Calendar.of([first, second], [*free(first, 8), *free(second, 8)])

    place = calendar.choose(a_need("female-officer"))

    assert place is not None
    assert {slot for slot, _ in place.claims} == {step.slot_id for _, step in free(second, 4)}


def test_desk_and_interpreter_must_be_free_at_the_same_time() -> None:
    one, voice = desk(), interpreter("mam")
    calendar = Calendar.of([one, voice], [*free(one, 8), *free(voice, 4, start=2)])

    place = calendar.choose(a_need(languages=("mam",)))

    assert place is not None
    assert place.starts_at == DAY + 2 * DESK_STEP
    assert len(place.claims) == 8


def test_a_household_whose_last_day_is_past_does_not_spoil_the_search_for_others() -> None:
    one = desk()
    calendar = Calendar.of([one], free(one, 4))

    assert calendar.choose(a_need(latest=DAY.date() - timedelta(days=1))) is None
    assert calendar.choose(a_need()) is not None


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(1, 8)), max_size=8), st.integers(1, 6), st.integers(1, 12))
def test_no_step_is_ever_chosen_twice_and_every_place_is_consecutive(
    runs: list[tuple[int, int]], steps: int, households: int
) -> None:
    one = desk()
    starts = sorted({n for begin, length in runs for n in range(begin, begin + length)})
    slots = {n: Step(n, DAY + n * DESK_STEP, DAY.date(), 1) for n in starts}
    calendar = Calendar.of([one], [(one.id, slots[n]) for n in starts])

    places = [
        place for _ in range(households) if (place := calendar.choose(a_need(settings=(Setting(15 * steps, steps),))))
    ]

    taken = [slot for place in places for slot, _ in place.claims]
    assert len(taken) == len(set(taken))
    assert all([s for s, _ in p.claims] == list(range(p.claims[0][0], p.claims[0][0] + steps)) for p in places)


def place_of(*slots: int) -> Place:
    need = a_need()
    return Place(need, need.settings[0], "MX-TAP-01", DAY, DAY.date(), tuple((slot, 1) for slot in slots))


def test_a_household_gets_every_slot_of_its_place_or_none() -> None:
    first, second, third = place_of(1, 2), place_of(2, 3), place_of(3)

    winners, losers = admit([first, second, third], {1: 1, 2: 1, 3: 1})

    assert (winners, losers) == ([first, third], [second])


def test_a_slot_that_does_not_exist_any_more_is_not_free() -> None:
    assert admit([place_of(9)], {}) == ([], [place_of(9)])


# Decisions


def decided(case: Any, *, live: Held | None = None, waiting: str | None = None, **programme: Any) -> Any:
    terms = a_programme(**programme)
    return decide(case.state, terms, need_of(case, terms, AREAS, NOW), held=live, waiting=waiting, now=NOW)


@pytest.mark.parametrize(
    "change",
    [
        {"site": "MX-TIJ-01"},
        {"programme": "MX-TVH"},
        {"local_date": date(2028, 1, 1)},
        {"minutes": 135},
        {"party": 2},
    ],
)
def test_an_appointment_that_cannot_take_place_as_it_stands_is_replaced(change: dict[str, Any]) -> None:
    assert isinstance(decided(a_case(), live=held(**change)), Offer)
    assert decided(a_case(), live=held()) == Keep()


def test_a_household_that_became_smaller_keeps_its_date_for_as_many_as_it_has_now() -> None:
    smaller = a_case(party=Party(attendees=2, adults=2, children=0))

    assert Keep(party=2) == decided(smaller, live=held(party=3))
    assert Keep() == decided(smaller, live=held(party=2))
    assert Keep() == decided(smaller, live=held(party=3, starts_at=NOW))


@pytest.mark.parametrize("status", ["paused", "closed"])
def test_a_programme_that_is_not_open_offers_nothing_and_takes_nothing_away(status: str) -> None:
    assert decided(a_case(), status=status) == Wait(Waiting(f"programme_{status}"))
    assert decided(a_case(), live=held(), status=status, on_close="honour") == Keep()


@pytest.mark.parametrize("reason", [Waiting.DECLINED, Waiting.UNANSWERED])
def test_a_new_revision_does_not_offer_again_to_who_let_a_place_go(reason: Waiting) -> None:
    assert decided(a_case(), waiting=reason) == Keep()


def test_an_unknown_programme_takes_no_appointment_away() -> None:
    assert decide(CaseState.ELIGIBLE, None, None, held=held(), waiting=None, now=NOW) == Keep()


def test_another_language_or_a_wish_for_a_female_officer_is_not_met_by_what_is_held() -> None:
    mam = a_case(languages=INTERPRETED)
    held_in_spanish = held(minutes=225, languages=frozenset({"es"}))

    assert isinstance(decided(mam, live=held_in_spanish), Offer)
    assert (
        decided(mam, live=held(minutes=225, languages=frozenset({"mam"}), accommodations=frozenset({"spoken"})))
        == Keep()
    )
    assert isinstance(decided(a_case(needs=("female-officer",)), live=held()), Offer)


@pytest.mark.parametrize("state", list(CaseState))
def test_an_appointment_whose_time_has_come_is_not_touched_whatever_is_decided_later(state: CaseState) -> None:
    began = held(starts_at=NOW, site="MX-TIJ-01")

    assert decided(a_case(state=state), live=began) == Keep()


# States


def test_every_state_has_its_transitions_and_the_ended_ones_have_none() -> None:
    assert set(TRANSITIONS) == set(AppointmentStatus)
    assert not TRANSITIONS[AppointmentStatus.CANCELLED] | TRANSITIONS[AppointmentStatus.FULFILLED]


@given(st.sampled_from(AppointmentStatus), st.sampled_from(AppointmentStatus))
def test_a_forbidden_transition_raises_and_never_passes_silently(
    before: AppointmentStatus, after: AppointmentStatus
) -> None:
    if after in TRANSITIONS[before] or after is AppointmentStatus.ENTERED_IN_ERROR:
        assert after is step(before, after)
    else:
        with pytest.raises(ForbiddenTransition):
            step(before, after)
