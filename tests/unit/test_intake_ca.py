import pytest

from services.intake.adapters import ca
from services.intake.adapters.canonical import canonical
from services.intake.adapters.reading import DocumentRefused
from services.intake.domain.results import Reported
from tests.unit.intake_builders import (
    ABSENT,
    SAMPLES,
    ca_person,
    ca_result,
    codes,
    judge_ca,
    judged,
    problems_of,
    results,
)


def _read_one(*args: str, **changes: object) -> Reported:
    [reported] = ca.read(results(ca_result(**changes)))
    return reported


def _refusal(body: bytes) -> tuple[int, str]:
    with pytest.raises(DocumentRefused) as refused:
        ca.read(body)
    return refused.value.status, refused.value.code


def test_a_result_becomes_the_canonical_result() -> None:
    inner = '<Name family="" given="Rose"/><Need code="wheelchair"/><Need code="wheelchair"/>'

    reported = _read_one(Person=ca_person(inner, apart="true"), Contact__safeHours="09:00-18:00")
    result = canonical(reported).model_dump(mode="json", exclude_defaults=True)

    assert {
        "system": "ca",
        "result_id": "CA-2026-000001",
        "revision": 1,
        "outcome": "eligible",
        "programme": "CA-RST",
        "decided_on": "2026-11-18",
        "valid_until": "2027-05-17",
        "registered_at": "2026-03-01T14:30:00Z",
        "referred_by": {"kind": "un", "code": "UNHCR-HT"},
        "identifiers": [{"kind": "ca_application", "value": "W123456789"}],
        "persons": [
            {
                "person_id": "1",
                "role": "principal",
                "born_on": "1988-05-02",
                "sex": "F",
                "given_name": "Rose",
                "attends": True,
                "apart": True,
                "identifiers": [{"kind": "uci", "value": "1123456789"}],
                "languages": [{"tag": "ht", "mode": "spoken", "interpreter": True}],
                "needs": ["wheelchair"],
            }
        ],
        "contact": {"mobile": "+50934567890", "locale": "fr", "shared_device": False, "safe_hours": "09:00-18:00"},
        "sites": ["CA-VAC-PAP"],
        "urgency": "routine",
    } == result


REQUIRED = {
    "Result": ["id", "revision", "outcome", "programme", "decided", "validUntil", "urgency"],
    "Application": ["number", "registered"],
    "Referral": ["kind", "code"],
    "Contact": ["locale", "sharedDevice"],
}


@pytest.mark.parametrize(
    ("element", "name"), [(element, name) for element, names in REQUIRED.items() for name in names]
)
@pytest.mark.parametrize("value", [ABSENT, "", "\x85"])
def test_a_missing_or_ill_typed_attribute_is_named_by_line_and_attribute(
    element: str, name: str, value: object
) -> None:
    path = name if element == "Result" else f"{element}__{name}"

    reported = _read_one(**{path: value})

    assert [f"line 3, {element}/@{name}"] == [problem.pointer for problem in reported.problems]
    assert "accepted" != judged([reported])[0].receipt


@pytest.mark.parametrize("name", ["id", "role", "born", "sex", "attends", "apart"])
@pytest.mark.parametrize("value", [ABSENT, "", " "])
def test_a_missing_attribute_of_a_person_is_field_invalid(name: str, value: object) -> None:
    reported = _read_one(Person=ca_person(**{name: value}))

    assert [(f"line 3, Person/@{name}", "field_invalid")] == problems_of(reported)


@pytest.mark.parametrize("element", ["Application", "Referral", "Contact"])
def test_a_missing_element_is_one_problem(element: str) -> None:
    assert [(f"line 3, Result/{element}", "field_invalid")] == problems_of(_read_one(**{element: ""}))


def test_a_person_has_a_name_and_a_language() -> None:
    body = results(
        ca_result(Person='<Person id="1" role="principal" born="1988-05-02" sex="F" attends="true" apart="false"/>')
    )

    [reported] = ca.read(body)

    assert [("line 3, Person/Name", "field_invalid"), ("line 3, Person/Language", "field_invalid")] == problems_of(
        reported
    )


def test_a_name_that_says_nothing_is_field_invalid() -> None:
    reported = _read_one(Person=ca_person('<Name family="" given=" "/>'))

    assert [("line 3, Name/@family", "field_invalid")] == problems_of(reported)


@pytest.mark.parametrize("name", ["phone", "email", "safeHours"])
@pytest.mark.parametrize("value", [ABSENT, ""])
def test_an_optional_attribute_may_be_empty_or_absent(name: str, value: object) -> None:
    assert not _read_one(**{f"Contact__{name}": value}).problems


def test_the_uci_and_the_sites_may_be_absent() -> None:
    assert not _read_one(Person=ca_person(uci=ABSENT), Site="").problems


def test_nobody_is_a_household_without_a_principal() -> None:
    [verdict] = judge_ca(ca_result(Person=""))

    assert ["household_invalid"] == codes(verdict)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"revision": "0"}, "field_invalid"),
        ({"revision": "one"}, "field_invalid"),
        ({"outcome": "ELIGIBLE"}, "field_invalid"),
        ({"decided": "18/11/2026"}, "field_invalid"),
        ({"decided": "2026-11-31"}, "date_invalid"),
        ({"urgency": "ROUTINE"}, "field_invalid"),
        ({"Application__number": "123"}, "identifier_invalid"),
        ({"Application__registered": "2026-03-01T09:30:00"}, "field_invalid"),
        ({"Referral__kind": "UN"}, "field_invalid"),
        ({"Contact__sharedDevice": "no"}, "field_invalid"),
        ({"Contact__safeHours": "always"}, "field_invalid"),
        ({"Person": ca_person(uci="0000-0000")}, "identifier_invalid"),
        ({"Person": ca_person(role="titular")}, "field_invalid"),
        ({"Person": ca_person(sex="H")}, "field_invalid"),
        ({"Person": ca_person(attends="1")}, "field_invalid"),
        ({"Person": ca_person('<Name family="Yat&#10;"/>')}, "text_invalid"),
        ({"Person": ca_person('<Name family="Yat&#x85;"/>')}, "text_invalid"),
        ({"Site": '<Site code="US-CON-CDJ"/>'}, "site_not_allowed"),
        ({"Site": '<Site code=""/>'}, "field_invalid"),
    ],
)
def test_a_bad_value_gives_its_code(change: dict[str, object], code: str) -> None:
    [verdict] = judge_ca(ca_result(**change))

    assert [code] == codes(verdict)


def test_a_pointer_is_the_line_of_the_element() -> None:
    [reported] = ca.read(results(ca_result(Person="\n\n" + ca_person('\n<Name family="" given=""/>', sex="Q"))))

    assert [("line 6, Name/@family", "field_invalid"), ("line 5, Person/@sex", "field_invalid")] == problems_of(
        reported
    )


def test_one_bad_result_does_not_block_its_neighbours() -> None:
    verdicts = judge_ca(ca_result(id="CA-1"), ca_result(id="CA-2", revision="x"), ca_result(id="CA-3"))

    assert ["accepted", "quarantined", "accepted"] == [verdict.receipt for verdict in verdicts]


def test_white_space_comments_and_unknown_parts_do_not_change_the_content() -> None:
    same = ca_result(extra="1").replace("<Contact", "\n<!-- hello --><New/><?pi?>\n<Contact  ")

    assert ["accepted", "duplicate"] == [verdict.receipt for verdict in judge_ca(ca_result(), same)]


def test_a_document_without_results_is_empty() -> None:
    assert [] == ca.read(results())


BOMB = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>'
EXTERNAL = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'


@pytest.mark.parametrize("dtd", [BOMB, EXTERNAL, "<!DOCTYPE EligibilityResults>", '<!DOCTYPE x SYSTEM "x.dtd">'])
def test_a_document_with_a_dtd_is_refused(dtd: str) -> None:
    body = results(ca_result()).replace(b"?>\n", b"?>" + dtd.encode(), 1)

    assert (400, "dtd_forbidden") == _refusal(body)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"hello",
        b"{}",
        results(ca_result())[:-5],
        results(ca_result()).replace(b"Rose", b"R\xe9se"),
        results(ca_result()).replace(b"Rose", b"R\x07se"),
        results(ca_result()).replace(b"Rose", b"R&#7;se"),
        results(ca_result()).replace(b"Rose", b"&unknown;"),
        results(ca_result()).replace(b' sex="F"', b' sex="F" sex="F"'),
        results(ca_result()).decode().encode("utf-16"),
        b"\0" * 9,
    ],
)
def test_a_document_that_is_not_xml_in_utf_8_is_refused(body: bytes) -> None:
    assert (400, "document_unreadable") == _refusal(body)


def test_every_cut_of_a_document_is_refused() -> None:
    body = results(ca_result()).rstrip()

    assert {(400, "document_unreadable")} == {_refusal(body[:length]) for length in range(0, len(body), 7)}


@pytest.mark.parametrize(
    "root", [b"<EligibilityResults/>", b'<Result xmlns="urn:example:ca:eligibility:1"/>', b"<html/>"]
)
def test_another_root_is_refused(root: bytes) -> None:
    assert (422, "document_invalid") == _refusal(root)


def test_the_bytes_are_utf_8_whatever_they_declare() -> None:
    body = results(ca_result(Person=ca_person('<Name family="Désir"/>'))).replace(b'"UTF-8"', b'"ISO-8859-1"')

    [reported] = ca.read(b"\xef\xbb\xbf" + body)

    assert reported.persons and "Désir" == reported.persons[0].family_name


def test_more_results_than_a_document_may_hold_are_refused() -> None:
    assert (413, "too_many_results") == _refusal(results("<Result/>" * 5_001))


def test_deep_nesting_does_no_harm() -> None:
    body = results(ca_result(Site="<a>" * 50_000 + "</a>" * 50_000))

    assert 1 == len(ca.read(body))


def test_the_samples_name_a_line_that_holds_the_attribute() -> None:
    body = (SAMPLES / "ca.xml").read_bytes()
    lines = body.decode().splitlines()

    pointers = [p.pointer for v in judged(ca.read(body)) for p in v.problems if "/@" in p.pointer]

    assert pointers
    for pointer in pointers:
        line, name = int(pointer.split(",")[0].removeprefix("line ")), pointer.split("@")[1]
        assert f" {name}=" in lines[line - 1]
