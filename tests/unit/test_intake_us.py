from typing import Any

import pytest

from services.intake.adapters import us
from services.intake.adapters.canonical import canonical
from services.intake.domain.results import Reported
from tests.unit.intake_builders import ABSENT, codes, judge_us, judged, ndjson, problems_of, us_message, us_person


def _read_one(**changes: object) -> Reported:
    [reported] = us.read(ndjson(us_message(**changes)))
    return reported


def test_a_message_becomes_the_canonical_result() -> None:
    [reported] = us.read(
        ndjson(
            us_message(
                determination__reason="LATE\r\nfiling",
                applicants=[
                    us_person(aNumber="A1234567"),
                    us_person(personId="p2", role="CHILD", attends=False, needs=["wheelchair", "wheelchair"], sex=None),
                ],
                contact__safeHours="22:00-06:30",
                interview__sites=["US-SMO-GUA", "US-SMO-GUA"],
            )
        )
    )

    result = canonical(reported).model_dump(mode="json", exclude_defaults=True)

    assert {
        "system": "us",
        "result_id": "US-2026-000001",
        "revision": 1,
        "outcome": "eligible",
        "programme": "US-RFA",
        "decided_on": "2026-11-05",
        "valid_until": "2027-03-05",
        "reason": "LATE filing",
        "registered_at": "2026-07-25T22:25:00Z",
        "referred_by": {"kind": "ngo", "code": "REF-01"},
        "identifiers": [{"kind": "uscis_receipt", "value": "IOE2844780884"}],
        "persons": [
            {
                "person_id": "p1",
                "role": "principal",
                "born_on": "1983-10-03",
                "sex": "F",
                "family_name": "Yat",
                "given_name": "Zoila",
                "attends": True,
                "apart": False,
                "identifiers": [{"kind": "a_number", "value": "A001234567"}],
                "languages": [{"tag": "es", "mode": "spoken", "interpreter": False}],
            },
            {
                "person_id": "p2",
                "role": "child",
                "born_on": "1983-10-03",
                "family_name": "Yat",
                "given_name": "Zoila",
                "attends": False,
                "apart": False,
                "languages": [{"tag": "es", "mode": "spoken", "interpreter": False}],
                "needs": ["wheelchair"],
            },
        ],
        "contact": {
            "mobile": "+50258545204",
            "locale": "es",
            "shared_device": False,
            "safe_hours": "22:00-06:30",
        },
        "sites": ["US-SMO-GUA"],
        "urgency": "routine",
    } == result


REQUIRED = [
    "messageId",
    "sentAt",
    *(
        "determination",
        "determination/id",
        "determination/revision",
        "determination/outcome",
        "determination/programCode",
    ),
    *("determination/decidedOn", "determination/validUntil"),
    *(
        "case",
        "case/registeredAt",
        "case/referredBy",
        "case/referredBy/kind",
        "case/referredBy/code",
        "case/receiptNumber",
    ),
    *("applicants", "applicants/0/personId", "applicants/0/role", "applicants/0/dateOfBirth", "applicants/0/attends"),
    *("applicants/0/interviewApart", "applicants/0/languages", "applicants/0/needs"),
    *("applicants/0/languages/0/tag", "applicants/0/languages/0/mode", "applicants/0/languages/0/interpreter"),
    *("contact", "contact/locale", "contact/sharedDevice", "interview", "interview/sites", "interview/urgency"),
]


OBJECTS = ("determination", "case", "case/referredBy", "contact", "interview")


@pytest.mark.parametrize("field", REQUIRED)
@pytest.mark.parametrize("value", [ABSENT, None, 1.5, {"not": "this"}])
def test_a_missing_or_ill_typed_field_is_field_invalid_at_its_pointer(field: str, value: Any) -> None:
    if value is not ABSENT and isinstance(value, dict) and field in OBJECTS:
        value = []
    reported = _read_one(**{field.replace("/", "__"): value})

    [verdict] = judged([reported])

    assert [(f"/{field}", "field_invalid")] == problems_of(reported)
    assert ["field_invalid"] == codes(verdict)


@pytest.mark.parametrize(
    "field", ["applicants__0__sex", "contact__mobile", "contact__email", "contact__safeHours", "determination__reason"]
)
@pytest.mark.parametrize("value", [ABSENT, None, ""])
def test_an_optional_field_may_be_absent_null_or_empty(field: str, value: object) -> None:
    assert not _read_one(**{field: value}).problems


@pytest.mark.parametrize("field", ["aNumber", "passportMrz", "familyName"])
def test_an_optional_field_of_a_person_may_be_null_or_empty(field: str) -> None:
    assert not _read_one(**{f"applicants__0__{field}": None}).problems
    assert not _read_one(**{f"applicants__0__{field}": ""}).problems


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("messageId", "not-a-uuid"),
        ("messageId", "{00000000-0000-0000-0000-000000000001}"),
        ("sentAt", "2026-11-20T15:04:05"),
        ("sentAt", "yesterday"),
        ("determination/id", "x" * 65),
        ("determination/revision", 0),
        ("determination/revision", -1),
        ("determination/revision", True),
        ("determination/revision", "1"),
        ("determination/revision", 2**63),
        ("determination/outcome", "eligible"),
        ("determination/outcome", "PROCEDENTE"),
        ("determination/decidedOn", "2026-11-05T00:00:00Z"),
        ("determination/decidedOn", "20261105"),
        ("determination/decidedOn", "05/11/2026"),
        ("determination/decidedOn", "२०२६-११-०५"),
        ("case/registeredAt", "2026-07-25"),
        ("case/registeredAt", "2026-07-25T25:00:00Z"),
        ("case/referredBy/kind", "FRIEND"),
        ("applicants/0/role", "TITULAR"),
        ("applicants/0/sex", "H"),
        ("applicants/0/attends", "true"),
        ("applicants/0/languages/0/mode", "whistled"),
        ("applicants/0/needs", "wheelchair"),
        ("contact/safeHours", "9-18"),
        ("contact/safeHours", "09:00-24:00"),
        ("interview/sites", "US-SMO-GUA"),
        ("interview/urgency", "URGENTE"),
    ],
)
def test_a_value_of_the_wrong_form_is_field_invalid(field: str, value: object) -> None:
    reported = _read_one(**{field.replace("/", "__"): value})

    assert [(f"/{field}", "field_invalid")] == problems_of(reported)


@pytest.mark.parametrize(
    ("field", "value"), [("applicants", "nobody"), ("applicants/0", "nobody"), ("applicants/0/languages/0", "es")]
)
def test_a_part_that_is_no_object_or_list_is_one_problem(field: str, value: object) -> None:
    assert [(f"/{field}", "field_invalid")] == problems_of(_read_one(**{field.replace("/", "__"): value}))


def test_a_date_that_no_calendar_has_is_date_invalid_wherever_it_stands() -> None:
    for field in ("determination__decidedOn", "determination__validUntil", "applicants__0__dateOfBirth"):
        assert ["date_invalid"] == [problem.code for problem in _read_one(**{field: "2026-02-30"}).problems]


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-07-25T22:25:00Z", "2026-07-25T22:25:00+00:00"),
        ("2026-07-25t22:25:00.123456789z", "2026-07-25T22:25:00.123456+00:00"),
        ("2026-07-25 22:25:00-05:30", "2026-07-26T03:55:00+00:00"),
        ("2016-12-31T23:59:60Z", "2016-12-31T23:59:59+00:00"),
    ],
)
def test_an_instant_is_read_in_utc(text: str, instant: str) -> None:
    registered_at = _read_one(case__registeredAt=text).registered_at

    assert registered_at and instant == registered_at.isoformat()


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+05:00", "9999-12-31T23:59:59-05:00"])
def test_an_instant_beyond_the_calendar_is_date_invalid(text: str) -> None:
    assert [("/case/registeredAt", "date_invalid")] == problems_of(_read_one(case__registeredAt=text))


def test_a_person_without_any_name_is_field_invalid() -> None:
    reported = _read_one(applicants__0__familyName="", applicants__0__givenName=ABSENT)

    assert [("/applicants/0/familyName", "field_invalid")] == problems_of(reported)


def test_m_is_male_here() -> None:
    persons = _read_one(applicants__0__sex="M").persons

    assert persons and "M" == persons[0].sex


def test_an_immigrant_visa_needs_its_nvc_case_number() -> None:
    with_it = _read_one(
        determination__programCode="US-IMV", case__receiptNumber=ABSENT, case__nvcCaseNumber="CDJ2026569516"
    )
    without = _read_one(determination__programCode="US-IMV")

    [verdict] = judged([without])

    assert [("nvc_case", "CDJ2026569516")] == [(each.kind, each.value) for each in with_it.identifiers]
    assert [("/case/nvcCaseNumber", "field_invalid")] == [(each.pointer, each.code) for each in verdict.problems]


NVC_ONLY = {"case__receiptNumber": ABSENT, "case__nvcCaseNumber": "CDJ2026569516"}


@pytest.mark.parametrize("programme", ["US-RFA", "US-PDI", "US-CBP1"])
def test_every_other_us_programme_needs_its_receipt_number(programme: str) -> None:
    [verdict] = judged([_read_one(determination__programCode=programme, **NVC_ONLY)])

    assert ("/case/receiptNumber", "field_invalid") in [(each.pointer, each.code) for each in verdict.problems]


@pytest.mark.parametrize(("programme", "code"), [("US-ZZZ", "programme_unknown"), ("CA-RST", "programme_foreign")])
def test_which_number_a_programme_that_is_not_the_senders_needs_is_not_judged(programme: str, code: str) -> None:
    [by_case] = judged([_read_one(determination__programCode=programme, **NVC_ONLY)])
    [by_none] = judged([_read_one(determination__programCode=programme, case__receiptNumber=ABSENT)])

    assert [code] == codes(by_case)
    assert sorted([code, "field_invalid"]) == codes(by_none)


def test_an_identifier_of_the_wrong_form_is_named_by_its_pointer() -> None:
    reported = _read_one(applicants__0__aNumber="A12345", case__receiptNumber="IOE1")

    assert [
        ("/case/receiptNumber", "identifier_invalid"),
        ("/applicants/0/aNumber", "identifier_invalid"),
    ] == problems_of(reported)
    assert "an A-Number has 7 to 9 digits" == reported.problems[1].detail


def test_a_message_id_is_read_in_either_case() -> None:
    upper = _read_one(messageId="401CEDF1-D750-468D-AD23-916D76145C99")

    assert "401cedf1-d750-468d-ad23-916d76145c99" == upper.delivery_id


def test_the_disallowed_one_of_several_sites_is_pointed_at() -> None:
    [verdict] = judge_us(us_message(interview__sites=["US-SMO-GUA", "US-SMO-GUA", "nowhere"]))

    assert ["/interview/sites/2"] == [problem.pointer for problem in verdict.problems]


def test_a_text_with_a_control_character_or_half_a_surrogate_is_text_invalid_anywhere() -> None:
    for field in ("determination__id", "determination__reason", "contact__email", "applicants__0__personId"):
        for bad in ("a\0b", "a\ud800", "\0"):
            assert ["text_invalid"] == [problem.code for problem in _read_one(**{field: bad}).problems]


def test_a_household_with_more_languages_than_an_event_can_hold_is_refused_as_one_result() -> None:
    languages = [{"tag": f"x{at}", "mode": "spoken", "interpreter": True} for at in range(33)]

    [verdict] = judge_us(us_message(applicants__0__languages=languages))

    assert ["field_invalid"] == codes(verdict)


def test_a_very_long_name_is_kept() -> None:
    persons = _read_one(applicants__0__familyName="á" * 100_000).persons

    assert persons and 100_000 == len(persons[0].family_name or "")
