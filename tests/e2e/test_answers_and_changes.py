"""What a household's answer and the authority's later words do to an appointment."""

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from tests.e2e.households import a_household
from tests.e2e.mails import entry_of, text_of
from tests.e2e.running import Running, at_rest, eventually, place


async def test_accepting_books_the_date_and_the_confirmation_brings_the_calendar_entry(puente: Running) -> None:
    household = a_household("MX-REF")
    case_ref = await puente.let_in(household)
    offer = (await puente.reaches(case_ref, "offered"))["appointment"]
    [offered] = await puente.mails_to(household)

    answer = await puente.answer_offer(case_ref, "accept")

    [_, confirmation] = await puente.mails_to(household, 2)
    case, entry = await puente.reaches(case_ref, "booked"), entry_of(confirmation)
    assert 200 == answer.status_code
    assert (offer["id"], "booked", "ops") == tuple(case["appointment"][name] for name in ("id", "status", "acted_by"))
    assert "Su entrevista está confirmada" in text_of(confirmation)
    assert ("REQUEST", "CONFIRMED") == (entry["METHOD"], entry["STATUS"])
    assert datetime.fromisoformat(offer["instant"]) == entry["DTSTART"].dt
    assert entry_of(offered)["UID"] == entry["UID"]
    assert entry_of(offered)["SEQUENCE"] < entry["SEQUENCE"]
    assert [("offered", "sent"), ("booked", "sent")] == await puente.notices(case_ref)
    await at_rest(puente)
    assert "CONFIRMADA" == puente.told(case_ref)[-1]


async def test_an_answer_has_a_trace_of_its_own_linked_to_the_one_that_made_the_offer(puente: Running) -> None:
    household = a_household("CA-RST", language="fr")
    case_ref = await puente.let_in(household)
    offer = await puente.trace_with(case_ref, "send notice offered", "send notifications.notices")

    await puente.answer_offer(case_ref, "accept")

    answer = await puente.trace_with(case_ref, "send notice booked", "look up contact", "send notifications.notices")
    said = answer.one("create scheduling.cases")
    way = [*answer.roots, "create scheduling.cases", "process scheduling.cases", "send notice booked"]
    assert offer.id != answer.id
    assert ["POST /v1/cases/{case_ref}/appointment/accept"] == answer.roots
    assert {place(offer.one("create scheduling.cases"))} == answer.links_of(said)
    assert [*way, "look up contact"] == answer.path_to(answer.one("look up contact"))


async def test_an_officer_sees_the_names_of_those_who_come_today_and_one_trace_shows_who_was_asked(
    puente: Running,
) -> None:
    household, case_ref = await _booked(puente, members=2)

    names = await puente.names_today(case_ref)

    trace = await puente.trace_with(case_ref, "ask for people", "look up people")
    way = ["GET /v1/appointments/{id}/people", "ask for people", "look up people"]
    assert [(person.given, person.family) for person in household.persons] == names
    assert way == trace.path_to(trace.one("look up people"))


async def test_declining_lets_the_date_go_and_keeps_the_household_in_line(puente: Running) -> None:
    household = a_household("CA-RST", language="en")
    case_ref = await puente.let_in(household)
    await puente.mails_to(household)

    answer = await puente.answer_offer(case_ref, "decline")

    [_, cancelled] = await puente.mails_to(household, 2)
    case = await puente.case(case_ref)
    assert 200 == answer.status_code
    assert (None, "declined") == (case["appointment"], case["reason"])
    assert ("cancelled", "applicant-request") == (case["ended"]["status"], case["ended"]["reason"])
    assert "You keep your place on the list" in text_of(cancelled)
    assert "CANCEL" == entry_of(cancelled)["METHOD"]
    assert 409 == (await puente.answer_offer(case_ref, "accept")).status_code


async def test_a_higher_revision_that_still_fits_keeps_the_date_and_says_nothing_again(puente: Running) -> None:
    household, case_ref = await _booked(puente)
    before = await puente.case(case_ref)

    again = await puente.let_in(replace(household, revision=2, phone="+50499990000"))

    await _handled(puente, case_ref, revision=2)
    assert case_ref == again
    assert before == await puente.case(case_ref)
    assert 2 == len(await puente.mails_to(household, 2))


async def test_a_revision_that_no_longer_fits_gives_the_household_another_place_and_says_so_if_its_date_is_another(
    puente: Running,
) -> None:
    household, case_ref = await _booked(puente)
    before = (await puente.case(case_ref))["appointment"]
    grown = a_household("MX-REF", members=4).persons

    await puente.let_in(replace(household, revision=2, persons=grown))

    [*_, moved] = await puente.mails_to(household, 3)
    case = await puente.case(case_ref)
    assert (before["id"], 4) == (case["appointment"]["replaces"], case["appointment"]["party"])
    assert ("cancelled", "superseded") == (case["ended"]["status"], case["ended"]["reason"])
    is_same_date = all(before[each] == case["appointment"][each] for each in ("site", "wall_time"))
    assert ("La fecha que tenía antes ya no vale" in text_of(moved)) != is_same_date
    assert f"Personas que deben venir ahora: 4. Antes: {before['party']}." in text_of(moved)
    assert "imprímala otra vez" in text_of(moved) or not is_same_date


async def test_a_review_leaves_the_date_as_it_is(puente: Running) -> None:
    household, case_ref = await _booked(puente)

    await puente.let_in(replace(household, revision=2, outcome="review"))

    await _handled(puente, case_ref, revision=2)
    assert "review" == (await puente.get("intake", f"/v1/cases/{case_ref}"))["state"]
    assert "booked" == (await puente.case(case_ref))["state"]


@pytest.mark.parametrize(
    ("outcome", "state", "reason"),
    [("withdrawn", "withdrawn", "applicant-request"), ("ineligible", "ineligible", "ineligible")],
)
async def test_a_decision_that_ends_the_case_cancels_its_date_with_the_reason(
    puente: Running, outcome: str, state: str, reason: str
) -> None:
    household, case_ref = await _booked(puente)

    await puente.let_in(replace(household, revision=2, outcome=outcome))

    case = await puente.reaches(case_ref, state)
    [_, booked, cancelled] = await puente.mails_to(household, 3)
    assert ("cancelled", reason) == (case["ended"]["status"], case["ended"]["reason"])
    assert "CANCEL" == entry_of(cancelled)["METHOD"]
    assert entry_of(booked)["UID"] == entry_of(cancelled)["UID"]
    assert [("offered", "sent"), ("booked", "sent"), ("cancelled", "sent")] == await puente.notices(case_ref)


async def test_a_case_in_review_waits_and_is_offered_a_date_when_it_is_decided(puente: Running) -> None:
    household = a_household("US-RFA", outcome="review")
    case_ref = await puente.let_in(household)
    await puente.mails_to(household)
    assert "review" == (await puente.case(case_ref))["reason"]

    await puente.let_in(replace(household, revision=2, outcome="eligible"))

    await puente.reaches(case_ref, "offered")
    await puente.mails_to(household, 2)
    assert [("waiting", "sent"), ("offered", "sent")] == await puente.notices(case_ref)


async def _booked(puente: Running, **changes: Any) -> tuple[Any, str]:
    household = a_household("MX-REF", **changes)
    case_ref = await puente.let_in(household)
    await puente.mails_to(household)
    await puente.answer_offer(case_ref, "accept")
    await puente.mails_to(household, 2)
    return household, case_ref


async def _handled(puente: Running, case_ref: str, *, revision: int) -> None:
    """Returns when scheduling has taken the revision in and nothing that follows from it is under way."""

    async def taken_in() -> bool:
        rows = await puente.rows(
            "scheduling", "select snapshot->>'revision' as n from cases where case_ref = $1", case_ref
        )
        return [str(revision)] == [row["n"] for row in rows]

    await eventually(taken_in)
    await at_rest(puente)
