"""What a household asks for itself: it is added to its country's word, and takes no date away."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from services.scheduling.domain.decisions import Held, Keep, Offer, decide
from services.scheduling.domain.needs import Accommodation, need_of
from services.scheduling.domain.own_needs import (
    NOTHING,
    Effect,
    OwnNeeds,
    added_to,
    answer_by,
    effect_of,
    for_people,
    lacking_at,
    need_instead,
    noted_by_country,
)
from shared.events import AppointmentStatus, CaseChanged, CaseLanguage, Counts, Party
from tests.builders import NOW, a_case, a_programme, days

AREAS = {"MX-TAP-01": "CS"}
MAM = OwnNeeds("mam")
WHEELCHAIR = OwnNeeds(accommodations=frozenset({"wheelchair"}))


def held(**changes: Any) -> Held:
    starts_at = NOW + days(7)
    usual: dict[str, Any] = {
        "status": AppointmentStatus.BOOKED,
        "site": "MX-TAP-01",
        "programme": "MX-REF",
        "starts_at": starts_at,
        "local_date": starts_at.date(),
        "minutes": 150,
        "party": 3,
        "languages": frozenset(),
        "desks": 1,
        "accommodations": frozenset(),
    }
    return Held(**{**usual, **changes})


def need(case: CaseChanged) -> Any:
    return need_of(case, a_programme(), AREAS, NOW)


def test_what_a_household_asks_for_is_added_and_nothing_its_country_says_is_lost() -> None:
    case = a_case(needs=("infant", "quiet-room"), party=Party(attendees=3, adults=2, children=1))
    own = OwnNeeds("mam", frozenset({"wheelchair", "quiet-room", "heard-apart"}))

    asked = added_to(case, own)

    assert ("infant", "quiet-room", "wheelchair") == asked.needs
    assert ["es", "mam"] == [each.tag for each in asked.languages]
    assert CaseLanguage(tag="mam", mode="spoken", interpreter=True) == asked.languages[1]
    assert 1 == asked.party.apart


def test_a_language_that_is_signed_needs_an_interpreter_who_signs() -> None:
    assert {"signed"} == need(added_to(a_case(), OwnNeeds("mfs"))).interpreter


def test_who_asks_for_nothing_is_as_its_country_says() -> None:
    case = a_case()

    assert added_to(case, NOTHING) is case


def test_what_the_country_noted_needs_no_asking() -> None:
    case = a_case(needs=("infant", "wheelchair"), party=Party(attendees=2, adults=2, children=0, apart=1))

    assert {Accommodation.WHEELCHAIR, Accommodation.HEARD_APART} == noted_by_country(case)


@pytest.mark.parametrize(
    ("appointment", "lacking", "can_stay", "effect"),
    [
        (None, ("wheelchair",), False, Effect.SEARCHED),
        (held(accommodations=frozenset({"wheelchair"})), ("wheelchair",), False, Effect.STAYS),
        (held(), ("wheelchair",), True, Effect.STAYS),
        (held(), (), False, Effect.STAYS),
        (held(), ("wheelchair",), False, Effect.ASKED),
    ],
)
def test_a_date_stays_whatever_is_asked_for_and_staff_are_asked_for_what_its_place_lacks(
    appointment: Held | None, lacking: tuple[str, ...], can_stay: bool, effect: Effect
) -> None:
    assert effect == effect_of(appointment, need(added_to(a_case(), WHEELCHAIR)), lacking, can_stay=can_stay)


def asked(case: CaseChanged, own: OwnNeeds) -> Any:
    return need_instead(case, own, a_programme(), AREAS, NOW)


def test_a_revision_takes_no_date_away_for_what_only_the_household_asked_for_since() -> None:
    case = a_case()

    said = decide(case.state, a_programme(), asked(case, MAM), held=held(), waiting=None, now=NOW)

    assert Keep() == said


def test_a_date_stays_that_is_made_for_what_was_asked_though_its_country_asks_for_it_in_another_way() -> None:
    case = a_case(party=Party(attendees=2, adults=2, children=0))
    apart = OwnNeeds(accommodations=frozenset({"heard-apart"}))
    two_desks = held(minutes=90, party=2, desks=2)
    made_for = need(added_to(case, OwnNeeds("mam", apart.accommodations).met_by(two_desks)))
    more = asked(case, OwnNeeds("mam", apart.accommodations))

    said = decide(case.state, a_programme(), more, held=two_desks, waiting=None, now=NOW, made_for=made_for)
    without = decide(case.state, a_programme(), more, held=two_desks, waiting=None, now=NOW)

    assert (Keep(), Offer(more)) == (said, without)


def test_another_place_is_looked_for_by_the_countrys_word_and_what_the_household_asks_for_is_wished_for() -> None:
    case = a_case()

    instead = asked(case, WHEELCHAIR)

    assert (need(case), need(added_to(case, WHEELCHAIR))) == (replace(instead, wished=None), instead.wished)
    assert asked(case, NOTHING).wished is None


def test_what_an_appointment_was_made_with_is_kept_with_it() -> None:
    own = OwnNeeds("mam", frozenset({"wheelchair", "quiet-room"}))

    met = own.met_by(held(languages=frozenset({"mam"}), accommodations=frozenset({"wheelchair"})))

    assert OwnNeeds("mam", frozenset({"wheelchair"})) == met


@pytest.mark.parametrize(
    ("now", "to", "after"),
    [
        (WHEELCHAIR, OwnNeeds("mam", frozenset({"wheelchair"})), OwnNeeds("mam", frozenset({"wheelchair"}))),
        (WHEELCHAIR, NOTHING, NOTHING),
        (OwnNeeds("es", frozenset({"wheelchair", "quiet-room"})), NOTHING, OwnNeeds("es", frozenset({"quiet-room"}))),
        (OwnNeeds("es", frozenset()), MAM, MAM),
    ],
)
def test_who_changes_something_takes_back_nothing_that_it_did_not_see(
    now: OwnNeeds, to: OwnNeeds, after: OwnNeeds
) -> None:
    assert after == now.changed(WHEELCHAIR, to)


def test_members_at_two_desks_are_heard_apart() -> None:
    apart = OwnNeeds(accommodations=frozenset({"heard-apart"}))

    assert (apart, NOTHING) == (apart.met_by(held(desks=2)), apart.met_by(held()))


def test_staff_are_asked_for_what_neither_the_place_has_nor_they_arranged() -> None:
    own = OwnNeeds("mam", frozenset({"wheelchair", "quiet-room"}))

    assert ("interpreter:mam",) == lacking_at({"wheelchair"}, own, ["quiet-room"])
    assert () == lacking_at((), own, own.codes)


def test_what_is_there_but_not_at_the_same_time_is_asked_for_whole() -> None:
    assert ("interpreter:mam",) == lacking_at({"interpreter:mam"}, MAM, ())


@pytest.mark.parametrize(
    ("counts", "adults", "own", "people"),
    [
        (Counts.OFFICER, 2, OwnNeeds("mam", frozenset(Accommodation)), set()),
        (Counts.PEOPLE, 2, OwnNeeds("mam", frozenset(Accommodation)), {"heard-apart"}),
        (Counts.OFFICER, 2, OwnNeeds(None, frozenset(Accommodation)), {"female-interpreter"}),
        (Counts.PEOPLE, 1, OwnNeeds("mam", frozenset(Accommodation)), set()),
    ],
)
def test_only_people_can_see_to_what_no_place_is_looked_for_with(
    counts: Counts, adults: int, own: OwnNeeds, people: set[str]
) -> None:
    case = added_to(a_case(party=Party(attendees=adults, adults=adults, children=0)), own)

    assert people == for_people(own, need_of(case, a_programme(counts=counts), AREAS, NOW))


@pytest.mark.parametrize(
    ("starts_in", "answered_in"),
    [(days(10), days(3)), (days(3), days(2)), (timedelta(hours=20), timedelta(0))],
)
def test_an_answer_is_due_in_three_days_a_day_before_the_interview_and_never_in_the_past(
    starts_in: timedelta, answered_in: timedelta
) -> None:
    assert NOW + answered_in == answer_by(NOW, NOW + starts_in)
