"""What a place must have for a household: accommodations, interpreters, members who are heard apart."""

from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.scheduling.domain.calendar import Calendar
from services.scheduling.domain.decisions import UNMET, Held, Waiting, is_feasible
from services.scheduling.domain.needs import DESK_STEP, OF_PLACES, Accommodation, Need, Setting, need_of
from services.scheduling.domain.places import Place, Resource, Step, fault_of
from services.scheduling.domain.unmet import WITHOUT, why_none
from shared.events import CaseLanguage, Party
from tests.builders import NOW, a_case, a_programme
from tests.unit.scheduling_builders import DAY, a_need, desk, free, held, interpreter, speaking

APART = (Setting(90, 6, 1, frozenset({"heard-apart"})), Setting(60, 4, 2))


def need_for(case: Any, **programme: Any) -> Need:
    return need_of(case, a_programme(**programme), {"MX-TAP-01": "CS"}, NOW)


def slots_of(resource: Resource, count: int, **where: Any) -> set[int]:
    return {step.slot_id for _, step in free(resource, count, **where)}


# Accommodations


@pytest.mark.parametrize("accommodation", sorted(OF_PLACES))
def test_a_household_is_heard_only_where_its_need_is_met(accommodation: str) -> None:
    plain, fitted = desk("desk 1"), desk("desk 2", accommodation)
    need = need_for(a_case(needs=(accommodation, "infant"))).settings[0]
    calendar = Calendar.of([plain, fitted], [*free(plain, 20), *free(fitted, 4, start=8)])

    place = calendar.choose(a_need(*need.accommodations))

    assert place is not None
    assert {slot for slot, _ in place.claims} == slots_of(fitted, 4, start=8)


def test_a_word_that_asks_nothing_of_a_place_never_keeps_a_household_waiting() -> None:
    assert need_for(a_case(needs=("infant", "oxygen"))).settings[0].accommodations == frozenset()


def test_at_the_same_time_the_plain_desk_is_taken_first_so_that_the_other_stays_for_who_needs_it() -> None:
    fitted, plain = desk("desk 1", "wheelchair"), desk("desk 2")
    calendar = Calendar.of([fitted, plain], [*free(fitted, 4), *free(plain, 4)])

    first, second = calendar.choose(a_need()), calendar.choose(a_need("wheelchair"))

    assert first and second
    assert {slot for slot, _ in second.claims} == slots_of(fitted, 4)


def test_needs_that_ask_for_other_things_do_not_share_what_was_found() -> None:
    plain, fitted = desk("desk 1"), desk("desk 2", "quiet-room")
    calendar = Calendar.of([plain, fitted], [*free(plain, 4, start=9), *free(fitted, 4)])
    calendar.choose(a_need("quiet-room"))

    assert calendar.choose(a_need("quiet-room")) is None
    assert calendar.choose(a_need()) is not None


@pytest.mark.parametrize(
    ("kind", "described", "fault"),
    [
        ("desk", {"accommodations": ["heard-apart", "wheelchair"]}, None),
        ("interpreter", {"modes": ["signed"], "accommodations": ["female-interpreter"], "is_remote": True}, None),
        ("window", {"accommodations": ["heard-apart"]}, "accommodations"),
        ("interpreter", {"modes": ["spoken"], "accommodations": ["wheelchair"]}, "accommodations"),
        ("interpreter", {}, "modes"),
        ("desk", {"modes": ["spoken"]}, "modes"),
        ("desk", {"is_remote": True}, "modes"),
    ],
)
def test_a_resource_can_only_give_what_its_kind_can(kind: str, described: dict[str, Any], fault: str | None) -> None:
    usual: dict[str, Any] = {"accommodations": [], "modes": [], "is_remote": False}

    found = fault_of(kind, **{**usual, **described})

    assert fault == (found and found.split(":")[0].split(",")[0])


# Interpreters


def chosen_interpreter(need: Need, *interpreters: Resource) -> str | None:
    """Who interprets in the earliest place."""
    one = desk()
    calendar = Calendar.of([one, *interpreters], [*free(one, 4), *(s for i in interpreters for s in free(i, 4))])
    place = calendar.choose(need)
    return next((i.name for i in interpreters if place and place.claims[-1][0] in slots_of(i, 4)), None)


def test_who_signs_needs_an_interpreter_who_signs() -> None:
    case = a_case(languages=(CaseLanguage(tag="mfs", mode="signed", interpreter=True),))
    need = a_need(languages=("mfs",), interpreter=need_for(case).interpreter)
    hearing, signing = interpreter("es", "mfs", name="a"), interpreter("es", "mfs", name="b", gives="signed")

    assert chosen_interpreter(need, hearing) is None
    assert chosen_interpreter(need, hearing, signing) == "b"


def test_who_speaks_gets_nobody_who_only_signs() -> None:
    assert chosen_interpreter(a_need(**speaking("es")), interpreter("es", gives="signed")) is None


def test_a_household_that_asks_for_a_female_interpreter_gets_her() -> None:
    case = a_case(needs=("female-interpreter",), languages=(CaseLanguage(tag="mam", mode="spoken", interpreter=True),))
    need = a_need(languages=("mam",), interpreter=need_for(case).interpreter)
    him, her = interpreter("mam", name="him"), interpreter("mam", name="her", gives="spoken female-interpreter")

    assert chosen_interpreter(need, him, her) == "her"


def test_a_female_interpreter_is_not_asked_for_where_none_is_needed() -> None:
    assert need_for(a_case(needs=("female-interpreter",))).interpreter == frozenset()


def test_an_interpreter_at_the_site_comes_before_a_remote_one_with_fewer_languages() -> None:
    near = interpreter("es", "kek", "mam", name="near")
    remote = interpreter("mam", name="remote", is_remote=True)

    assert chosen_interpreter(a_need(**speaking("mam")), remote, near) == "near"


def test_a_remote_interpreter_of_another_site_serves_this_one_and_one_who_is_there_does_not() -> None:
    there = interpreter("mam", name="there", site="MX-TIJ-01")
    remote = interpreter("mam", name="remote", site="MX-TIJ-01", is_remote=True)

    assert chosen_interpreter(a_need(**speaking("mam")), there) is None
    assert chosen_interpreter(a_need(**speaking("mam")), there, remote) == "remote"


def test_a_remote_interpreter_of_another_countrys_system_does_not_serve_this_site() -> None:
    foreign = Resource(
        uuid4(), "US-SMO-GUA", "us", "interpreter", "us", (), frozenset({"mam"}), frozenset({"spoken"}), is_remote=True
    )

    assert chosen_interpreter(a_need(**speaking("mam")), foreign) is None


# Heard apart


@pytest.mark.parametrize(
    ("party", "minutes"),
    [
        ((2, 0, 1), (135, 90)),
        ((2, 1, 1), (145, 100)),
        ((4, 0, 3), (225, 135)),
        ((1, 2, 1), (110, 110)),
        ((2, 0, 2), (135, 90)),
    ],
)
def test_apart_takes_all_the_time_at_one_desk_or_that_of_the_longer_half_at_two(
    party: tuple[int, int, int], minutes: tuple[int, int]
) -> None:
    adults, children, apart = party
    case = a_case(party=Party(attendees=adults + children, adults=adults, children=children, apart=apart))

    one, two = need_for(case).settings

    assert (one.minutes, two.minutes) == minutes
    assert (one.desks, one.accommodations) == (1, frozenset({"heard-apart"}))
    assert (two.desks, two.accommodations) == (2, frozenset())


def test_who_comes_alone_or_is_counted_by_heads_is_heard_in_one_place() -> None:
    alone = a_case(party=Party(attendees=1, adults=1, children=0, apart=1))
    two = a_case(party=Party(attendees=2, adults=2, children=0, apart=1))

    assert [len(need_for(alone).settings), len(need_for(two, counts="people").settings)] == [1, 1]


def test_a_desk_where_members_are_heard_apart_is_preferred_and_taken_for_all_the_time() -> None:
    plain, apart = desk("desk 1"), desk("desk 2", "heard-apart")
    calendar = Calendar.of([plain, apart], [*free(plain, 8), *free(apart, 8)])

    place = calendar.choose(a_need(settings=APART))

    assert place is not None
    assert {slot for slot, _ in place.claims} == slots_of(apart, 6)


def test_two_desks_hear_them_at_the_same_time_when_no_desk_can_alone() -> None:
    one, two, elsewhere = desk("desk 1"), desk("desk 2"), desk("desk 3", site="MX-TIJ-01")
    need = a_need(settings=APART, sites=("MX-TAP-01", "MX-TIJ-01"))
    calendar = Calendar.of([one, two, elsewhere], [*free(elsewhere, 9), *free(one, 9), *free(two, 5, start=4)])

    place = calendar.choose(need)

    assert place is not None
    assert (place.setting.desks, place.starts_at) == (2, DAY + 4 * DESK_STEP)
    assert {slot for slot, _ in place.claims} == slots_of(one, 4, start=4) | slots_of(two, 4, start=4)


def test_at_two_desks_each_has_an_interpreter_of_its_own_or_two_of_a_pool() -> None:
    one, two, single = desk("desk 1"), desk("desk 2"), interpreter("mam", name="single")
    pool = interpreter("mam", name="pool", is_remote=True)

    def claimed(*voices: Resource) -> dict[int, int]:
        steps = [s for each in (one, two, single) for s in free(each, 4)] + free(pool, 4, units=2)
        place = Calendar.of([one, two, *voices], steps).choose(a_need(settings=APART, **speaking("mam")))
        return dict(place.claims) if place else {}

    desks = dict.fromkeys(slots_of(one, 4) | slots_of(two, 4), 1)
    assert claimed(single) == {}
    assert claimed(single, pool) == {**desks, **dict.fromkeys(slots_of(single, 4) | slots_of(pool, 4), 1)}
    assert claimed(pool) == {**desks, **dict.fromkeys(slots_of(pool, 4), 2)}


@st.composite
def some_days(draw: st.DrawFn) -> tuple[list[Resource], list[tuple[Any, Step]]]:
    """Up to four desks, some of which hear members apart, and two interpreters, each free now and then."""
    resources = [
        desk(f"desk {n}", *(["heard-apart"] if draw(st.booleans()) else [])) for n in range(draw(st.integers(1, 4)))
    ]
    resources += [interpreter("mam", name="a"), interpreter("mam", name="b", is_remote=True)]
    steps = []
    for number, resource in enumerate(resources):
        for n in sorted(draw(st.sets(st.integers(0, 15), min_size=6))):
            units = draw(st.integers(1, 2)) if resource.is_remote else 1
            steps.append((resource.id, Step(100 * number + n, DAY + n * DESK_STEP, DAY.date(), units)))
    return resources, steps


@given(some_days(), st.booleans(), st.integers(1, 6))
def test_whoever_is_heard_apart_gets_a_whole_place_that_was_free(
    day: tuple[list[Resource], list[tuple[Any, Step]]], interpreted: bool, households: int
) -> None:
    resources, steps = day
    left = {step.slot_id: step.left for _, step in steps}
    need = a_need(settings=APART, **(speaking("mam") if interpreted else {}))
    calendar = Calendar.of(resources, steps)

    places = [place for _ in range(households) if (place := calendar.choose(need))]

    taken: dict[int, int] = {}
    for place in places:
        for slot, units in place.claims:
            taken[slot] = taken.get(slot, 0) + units
        assert is_whole(place, resources, interpreted=interpreted)
    assert all(units <= left[slot] for slot, units in taken.items())


def is_whole(place: Place, resources: list[Resource], *, interpreted: bool) -> bool:
    """Every desk is held for all the steps of the setting, and as many interpreters as there are desks."""
    setting, first = place.setting, round((place.starts_at - DAY) / DESK_STEP)
    by_resource: dict[int, dict[int, int]] = {}
    for slot, units in place.claims:
        by_resource.setdefault(slot // 100, {})[slot % 100] = units
    runs = all(set(held) == set(range(first, first + setting.steps)) for held in by_resource.values())
    desks = [n for n in by_resource if resources[n].kind == "desk"]
    voices = sum(min(held.values()) for n, held in by_resource.items() if resources[n].kind == "interpreter")
    apart = setting.desks == 2 or resources[desks[0]].accommodations == {"heard-apart"}
    return runs and apart and len(desks) == setting.desks and voices == (setting.desks if interpreted else 0)


# What is held


@pytest.mark.parametrize(
    ("live", "feasible"),
    [
        (held(minutes=90, accommodations=frozenset({"heard-apart"})), True),
        (held(minutes=60, desks=2), True),
        (held(minutes=90), False),
        (held(minutes=75, accommodations=frozenset({"heard-apart"})), False),
        (held(minutes=45, desks=2), False),
    ],
)
def test_an_appointment_stays_when_its_setting_is_one_of_those_that_the_household_needs(
    live: Held, feasible: bool
) -> None:
    assert is_feasible(live, a_need(settings=APART)) is feasible


@pytest.mark.parametrize("gives", ["spoken signed", "spoken female-interpreter"])
def test_an_appointment_is_replaced_when_another_interpreter_is_needed(gives: str) -> None:
    need = a_need(**speaking("mam", gives=gives))
    mam = {"languages": frozenset({"mam"})}

    assert not is_feasible(held(**mam, accommodations=frozenset({"spoken"})), need)
    assert is_feasible(held(**mam, accommodations=frozenset(gives.split())), need)


# Why there is none


@pytest.mark.parametrize("accommodation", sorted(OF_PLACES))
def test_a_need_that_no_desk_of_the_sites_can_meet_is_named(accommodation: str) -> None:
    others = [desk("desk 1"), desk("desk 2", accommodation, site="MX-TIJ-01")]

    reason = why_none(a_need(accommodation), others)

    assert reason is WITHOUT[accommodation]
    assert reason.value == f"no_{accommodation.replace('-', '_')}"
    assert why_none(a_need(accommodation), [*others, desk("desk 3", accommodation)]) is Waiting.NO_CAPACITY


def test_two_needs_that_no_desk_meets_together_are_not_met_by_two_desks() -> None:
    desks = [desk("desk 1", "wheelchair"), desk("desk 2", "quiet-room")]

    assert why_none(a_need("quiet-room", "wheelchair"), desks) is Waiting.NO_WHEELCHAIR


def test_apart_is_impossible_at_one_desk_that_cannot_and_possible_at_two() -> None:
    need = a_need(settings=APART, sites=("MX-TAP-01", "MX-TIJ-01"))
    one, elsewhere, two = desk("desk 1"), desk("desk 1", site="MX-TIJ-01"), desk("desk 2")

    assert why_none(need, [one, elsewhere]) is Waiting.NOT_HEARD_APART
    assert why_none(need, [one, elsewhere, two]) is Waiting.NO_CAPACITY


@pytest.mark.parametrize(
    ("voice", "gives", "reason"),
    [
        (interpreter("es"), "spoken", Waiting.NO_INTERPRETER),
        (interpreter("mam", site="MX-TIJ-01"), "spoken", Waiting.NO_INTERPRETER),
        (interpreter("mam"), "signed", Waiting.NO_SIGN_INTERPRETER),
        (interpreter("mam"), "spoken female-interpreter", Waiting.NO_FEMALE_INTERPRETER),
        (interpreter("mam", site="MX-TIJ-01", is_remote=True), "spoken", Waiting.NO_CAPACITY),
    ],
)
def test_what_no_interpreter_for_the_sites_is_is_named(voice: Resource, gives: str, reason: Waiting) -> None:
    assert why_none(a_need(**speaking("mam", gives=gives)), [desk(), voice]) is reason


def test_every_accommodation_has_its_reason_to_wait() -> None:
    assert set(Accommodation) <= set(WITHOUT)


def test_whatever_nobody_can_give_starts_the_clock_of_who_must_find_a_place() -> None:
    assert {Waiting.NO_CAPACITY, Waiting.NO_INTERPRETER, Waiting.SITE_UNKNOWN, *WITHOUT.values()} == UNMET
