"""One test per row of "What must become of a result", and per sentence above the table."""

from datetime import date

import pytest

from services.intake.adapters import us
from services.intake.domain.judge import History, World, judge_document
from services.intake.domain.receipts import batch_document, receipt
from tests.unit.intake_builders import (
    TODAY,
    TOMORROW,
    YESTERDAY,
    ca_result,
    codes,
    judge_ca,
    judge_mx,
    judge_us,
    judged,
    mx_row,
    ndjson,
    us_message,
    us_person,
    world,
)


def test_an_eligible_result_with_everything_valid_is_accepted_as_an_eligible_case() -> None:
    [verdict] = judge_us(us_message())

    assert ("accepted", "eligible", (), ()) == (verdict.receipt, verdict.state, verdict.codes, verdict.warnings)


@pytest.mark.parametrize(
    ("outcome", "state"),
    [
        ("ELIGIBLE", "eligible"),
        ("NOT_ELIGIBLE", "ineligible"),
        ("PENDING_REVIEW", "review"),
        ("WITHDRAWN", "withdrawn"),
    ],
)
def test_each_outcome_makes_its_case(outcome: str, state: str) -> None:
    [verdict] = judge_us(us_message(determination__outcome=outcome))

    assert ("accepted", state) == (verdict.receipt, verdict.state)


def test_an_eligible_result_whose_validity_is_over_makes_an_expired_case() -> None:
    [verdict] = judge_us(us_message(determination__validUntil=YESTERDAY))

    assert ("accepted", "expired") == (verdict.receipt, verdict.state)


@pytest.mark.parametrize("outcome", ["NOT_ELIGIBLE", "PENDING_REVIEW", "WITHDRAWN"])
def test_only_an_eligible_case_expires(outcome: str) -> None:
    [verdict] = judge_us(us_message(determination__validUntil=YESTERDAY, determination__outcome=outcome))

    assert "expired" != verdict.state


def test_today_is_neither_past_nor_future() -> None:
    today = TODAY.isoformat()

    [verdict] = judge_us(
        us_message(determination__decidedOn=today, determination__validUntil=today, applicants__0__dateOfBirth=today)
    )

    assert ("accepted", "eligible") == (verdict.receipt, verdict.state)


@pytest.mark.parametrize(
    "change",
    [
        {"determination__decidedOn": TOMORROW},
        {"determination__validUntil": "2026-11-04"},
        {"applicants__0__dateOfBirth": TOMORROW},
        {"applicants__0__dateOfBirth": "2001-02-29"},
        {"applicants__0__dateOfBirth": "0000-01-01"},
    ],
)
def test_a_date_that_cannot_be_is_date_invalid(change: dict[str, object]) -> None:
    [verdict] = judge_us(us_message(**change))

    assert ["date_invalid"] == codes(verdict)


def test_a_birth_after_the_registration_is_no_error() -> None:
    [verdict] = judge_us(us_message(applicants__0__dateOfBirth=YESTERDAY))

    assert "accepted" == verdict.receipt


@pytest.mark.parametrize(
    ("programme", "code"),
    [("US-ZZZ", "programme_unknown"), ("CA-RST", "programme_foreign"), ("US-CBP1", "programme_closed")],
)
def test_a_programme_that_cannot_take_the_case_gives_one_code(programme: str, code: str) -> None:
    [verdict] = judge_us(us_message(determination__programCode=programme))

    assert [code] == codes(verdict)


@pytest.mark.parametrize("programme", ["US-ZZZ", "CA-RST"])
def test_sites_are_judged_only_when_the_programme_is_known_and_the_senders_own(programme: str) -> None:
    [verdict] = judge_us(us_message(determination__programCode=programme, interview__sites=["nowhere"]))

    assert "site_not_allowed" not in codes(verdict)


def test_sites_of_a_closed_programme_are_judged_too() -> None:
    [verdict] = judge_us(us_message(determination__programCode="US-CBP1", interview__sites=["nowhere"]))

    assert ["programme_closed", "site_not_allowed"] == codes(verdict)


@pytest.mark.parametrize(
    ("day", "is_open"),
    [("2023-11-16", False), ("2023-11-17", True), ("2024-11-16", True), ("2024-11-17", False)],
)
def test_a_programme_is_open_from_its_first_to_its_last_day(day: str, is_open: bool) -> None:
    programme = world().programmes["CA-FAM"]
    reopened = type(programme)("CA-FAM", "ca", "open", programme.opens_on, programme.closes_on, programme.sites)

    assert is_open == reopened.is_open(date.fromisoformat(day))
    assert not programme.is_open(date.fromisoformat(day))


@pytest.mark.parametrize(
    ("sites", "allowed"),
    [
        ([], True),
        (["US-SMO-GUA"], True),
        (["US-SMO-GUA", "GT-MRC-XEL"], True),
        (["US-SMO-GUA", "US-CON-CDJ"], False),
        (["XX-YYY-ZZZ"], False),
    ],
)
def test_one_disallowed_site_quarantines_the_result(sites: list[str], allowed: bool) -> None:
    [verdict] = judge_us(us_message(interview__sites=sites))

    assert allowed == (verdict.receipt == "accepted")
    assert allowed or ["site_not_allowed"] == codes(verdict)


@pytest.mark.parametrize(
    ("entidad", "sede", "allowed"),
    [
        ("CS", "MX-TAP-01", True),
        ("CS", "", True),
        ("YN", "", True),
        ("", "MX-TIJ-01", True),
        ("BC", "MX-TAP-01", False),
    ],
)
def test_a_state_and_a_site_must_agree(entidad: str, sede: str, allowed: bool) -> None:
    [verdict] = judge_mx(mx_row(entidad=entidad, sede=sede))

    assert allowed == (verdict.receipt == "accepted")
    assert allowed or ["site_not_allowed"] == codes(verdict)


@pytest.mark.parametrize(
    "applicants",
    [
        [],
        [us_person(role="OTHER")],
        [us_person(), us_person(personId="p2")],
        [us_person(attends=False), us_person(role="SPOUSE", attends=False)],
    ],
)
def test_a_household_has_one_principal_and_somebody_who_attends(applicants: list[object]) -> None:
    [verdict] = judge_us(us_message(applicants=applicants))

    assert ["household_invalid"] == codes(verdict)


def test_the_principal_need_not_attend() -> None:
    [verdict] = judge_us(us_message(applicants=[us_person(attends=False), us_person(role="SPOUSE")]))

    assert "accepted" == verdict.receipt


def test_an_unreadable_role_is_not_also_a_missing_principal() -> None:
    [verdict] = judge_us(us_message(applicants__0__role="PRINCIPLE", applicants__0__attends="yes"))

    assert ["field_invalid"] == codes(verdict)


def test_every_check_gives_its_code_once() -> None:
    bad = us_person(aNumber="A1", dateOfBirth=TOMORROW, sex="Q", givenName="Ana\u0007", role="OTHER")

    [verdict] = judge_us(
        us_message(
            determination__programCode="US-CBP1",
            applicants=[bad, bad],
            interview__sites=["nowhere"],
            interview__urgency="SOON",
        )
    )

    assert [
        "date_invalid",
        "field_invalid",
        "household_invalid",
        "identifier_invalid",
        "programme_closed",
        "site_not_allowed",
        "text_invalid",
    ] == codes(verdict)
    assert "/applicants/1/aNumber" in {problem.pointer for problem in verdict.problems}


@pytest.mark.parametrize(
    "name", ["<script>alert(1)</script>", "=HYPERLINK(1)", "O'Neil; drop table", "?????", "محمد", "王"]
)
def test_markup_and_formulas_in_a_name_are_text(name: str) -> None:
    [reported] = us.read(ndjson(us_message(applicants__0__familyName=name)))

    assert reported.persons and name == reported.persons[0].family_name
    assert "accepted" == judged([reported])[0].receipt


@pytest.mark.parametrize("control", ["\0", "\a", "\t", "\n", "\x1b", "\x7f", "\x85", "\ud800"])
def test_a_control_character_in_a_name_is_text_invalid(control: str) -> None:
    [verdict] = judge_us(us_message(applicants__0__familyName=f"Yat{control}"))

    assert ["text_invalid"] == codes(verdict)


def test_one_bad_result_never_blocks_its_neighbours() -> None:
    verdicts = judge_us(us_message(1), "not an object", us_message(2, determination__id="US-2"))

    assert ["accepted", "quarantined", "accepted"] == [verdict.receipt for verdict in verdicts]


def test_a_system_knows_nothing_of_the_programmes_of_another() -> None:
    [verdict] = judge_ca(ca_result(programme="US-RFA", Site=""))

    assert ["programme_foreign"] == codes(verdict)


def test_without_programmes_nothing_is_accepted() -> None:
    [verdict] = judge_document(us.read(ndjson(us_message())), History(), World({}, {}), TODAY)

    assert ["programme_unknown"] == codes(verdict)


def test_no_detail_repeats_what_was_sent() -> None:
    secret = "Zoila-A12345"
    bad = us_person(aNumber=secret, sex=secret, role=secret, dateOfBirth=secret, languages=secret, personId=[secret])

    [verdict] = judge_us(us_message(applicants=[bad], contact__safeHours=secret, interview__urgency=secret))

    assert verdict.problems
    assert not [problem for problem in verdict.problems if secret in problem.detail + problem.pointer]


def test_the_answer_counts_the_receipts_and_gives_the_reference_to_all_but_the_quarantined() -> None:
    results = us.read(ndjson(us_message(1), us_message(1), us_message(2, interview__urgency="URGENT")))

    verdicts = judged(results)
    given = [receipt(at, results[at], verdict, "NA7K-3QF2-M9X0") for at, verdict in enumerate(verdicts)]
    answer = batch_document("b1", given)

    assert {"accepted": 1, "duplicate": 1, "stale": 0, "quarantined": 1} == answer["counts"]
    assert ["NA7K-3QF2-M9X0", "NA7K-3QF2-M9X0", None] == [each.case_ref for each in given]
    assert {
        "index": 2,
        "id": "US-2026-000001",
        "revision": 1,
        "receipt": "quarantined",
        "case_ref": None,
        "codes": ["revision_conflict"],
        "warnings": [],
        "errors": [
            {
                "pointer": "/determination/revision",
                "code": "revision_conflict",
                "detail": "this revision was received before with other content; send a change as a higher revision",
            }
        ],
    } == given[2].document()
