import pytest

from services.intake.adapters import mx
from services.intake.adapters.canonical import canonical
from services.intake.domain.results import Reported
from tests.unit.intake_builders import MX_ROW, codes, judge_mx, judged, mx_row, problems_of, sheet


def _read_one(**changes: str) -> Reported:
    [reported] = mx.read(sheet(mx_row(**changes)).encode())
    return reported


CHILD = {"curp": "", "nombres": "Luis", "parentesco": "HIJO", "sexo": "M", "lengua": "es", "interprete": "NO"}


def test_a_household_becomes_the_canonical_result() -> None:
    rows = [
        mx_row(),
        mx_row(**CHILD, necesidades="wheelchair, infant,,wheelchair", apellido_materno="Caal", asiste="NO"),
    ]

    [reported] = mx.read(sheet(*rows).encode())
    result = canonical(reported).model_dump(mode="json", exclude_defaults=True)

    assert {
        "system": "mx",
        "result_id": "MX-2026-000001",
        "revision": 1,
        "outcome": "eligible",
        "programme": "MX-REF",
        "decided_on": "2026-11-07",
        "valid_until": "2027-05-06",
        "registered_at": "2025-10-13T14:49:00Z",
        "referred_by": {"kind": "un"},
        "identifiers": [{"kind": "nut", "value": "6698591"}],
        "persons": [
            {
                "person_id": "1",
                "role": "principal",
                "born_on": "1990-01-15",
                "sex": "M",
                "family_name": "Yat",
                "given_name": "Xóchitl",
                "attends": True,
                "apart": False,
                "identifiers": [{"kind": "curp", "value": "PEPJ900115HNERRN09"}],
                "languages": [{"tag": "mam", "mode": "spoken", "interpreter": True}],
            },
            {
                "person_id": "2",
                "role": "child",
                "born_on": "1990-01-15",
                "sex": "F",
                "family_name": "Yat",
                "second_family_name": "Caal",
                "given_name": "Luis",
                "attends": False,
                "apart": False,
                "languages": [{"tag": "es", "mode": "spoken", "interpreter": False}],
                "needs": ["wheelchair", "infant"],
            },
        ],
        "contact": {"mobile": "+529612345678", "locale": "es", "shared_device": False},
        "admin_area": "CS",
        "sites": ["MX-TAP-01"],
        "urgency": "routine",
    } == result


@pytest.mark.parametrize(("sexo", "sex"), [("M", "F"), ("H", "M"), ("X", "X")])
def test_m_is_mujer_here(sexo: str, sex: str) -> None:
    persons = _read_one(sexo=sexo).persons

    assert persons and sex == persons[0].sex


MAY_BE_EMPTY = {"nut", "curp", "apellido_materno", "entidad", "sede", "necesidades", "telefono", "correo"}


@pytest.mark.parametrize("column", sorted(MAY_BE_EMPTY | {"apellido_paterno", "nombres"}))
def test_a_column_that_may_be_empty_is_no_error(column: str) -> None:
    assert not _read_one(**{column: " "}).problems


@pytest.mark.parametrize(
    "column", [name for name in MX_ROW if name not in MAY_BE_EMPTY | {"apellido_paterno", "nombres"}]
)
def test_any_other_empty_column_is_field_invalid(column: str) -> None:
    assert [(f"line 2, column {column}", "field_invalid")] == problems_of(_read_one(**{column: ""}))


def test_a_mothers_name_alone_is_no_name() -> None:
    reported = _read_one(apellido_paterno="", nombres="", apellido_materno="Caal")

    assert [("line 2, column apellido_paterno", "field_invalid")] == problems_of(reported)


@pytest.mark.parametrize(
    ("column", "value", "code"),
    [
        ("version", "1.0", "field_invalid"),
        ("version", "0", "field_invalid"),
        ("version", "9999999999999999999", "field_invalid"),
        ("resultado", "ELIGIBLE", "field_invalid"),
        ("fecha_resolucion", "2026-11-07", "field_invalid"),
        ("fecha_resolucion", "7/11/2026", "field_invalid"),
        ("fecha_resolucion", "11/25/2026", "date_invalid"),
        ("fecha_nacimiento", "29/02/2001", "date_invalid"),
        ("fecha_registro", "13/10/2025", "field_invalid"),
        ("fecha_registro", "13/10/2025 24:00", "field_invalid"),
        ("fecha_registro", "31/09/2025 08:49", "date_invalid"),
        ("sexo", "F", "field_invalid"),
        ("parentesco", "PRINCIPAL", "field_invalid"),
        ("asiste", "true", "field_invalid"),
        ("interprete", "si", "field_invalid"),
        ("entidad", "NE", "field_invalid"),
        ("refiere", "amigo", "field_invalid"),
        ("urgencia", "ROUTINE", "field_invalid"),
        ("nut", "123456", "identifier_invalid"),
        ("curp", "PEPJ900115HNERRN08", "identifier_invalid"),
        ("nombres", "Ana\a", "text_invalid"),
        ("necesidades", "infant,\x85", "text_invalid"),
        ("correo", "a@example.org\0", "text_invalid"),
    ],
)
def test_a_bad_cell_is_named_by_line_and_column(column: str, value: str, code: str) -> None:
    assert [(f"line 2, column {column}", code)] == problems_of(_read_one(**{column: value}))


@pytest.mark.parametrize(
    ("wall_time", "instant"),
    [
        ("13/10/2025 08:49", "2025-10-13T14:49:00+00:00"),
        ("01/07/2022 08:00", "2022-07-01T13:00:00+00:00"),  # clocks still changed
        ("01/07/2027 23:30", "2027-07-02T05:30:00+00:00"),
        ("03/04/2022 02:30", "2022-04-03T08:30:00+00:00"),  # this hour did not exist
    ],
)
def test_a_time_is_the_wall_time_of_mexico_city(wall_time: str, instant: str) -> None:
    registered_at = _read_one(fecha_registro=wall_time).registered_at

    assert registered_at and instant == registered_at.isoformat()


@pytest.mark.parametrize("refiere", ["GOVERNMENT", "employer", "sponsor", "self"])
def test_a_referrer_is_read_in_either_case(refiere: str) -> None:
    referred_by = _read_one(refiere=refiere).referred_by

    assert referred_by and refiere.lower() == referred_by.kind


def test_an_old_mobile_number_is_normalised() -> None:
    reported = _read_one(telefono="+52 1 961 234 5678")

    assert reported.contact and "+529612345678" == reported.contact.mobile
    assert () == judged([reported])[0].warnings


@pytest.mark.parametrize("column", mx.HOUSEHOLD_COLUMNS[1:])
def test_rows_of_a_household_that_disagree_in_a_household_column_are_household_invalid(column: str) -> None:
    child = mx_row(**CHILD)

    [reported] = mx.read(sheet(mx_row(), {**child, column: "9"}).encode())

    assert [(f"line 3, column {column}", "household_invalid")] == problems_of(reported)


@pytest.mark.parametrize("column", [name for name in mx.COLUMNS if name not in mx.HOUSEHOLD_COLUMNS])
def test_persons_of_a_household_may_differ_in_every_other_column(column: str) -> None:
    [reported] = mx.read(sheet(mx_row(), {**mx_row(**CHILD), column: "9"}).encode())

    assert "household_invalid" not in {problem.code for problem in reported.problems}


def test_a_folio_that_comes_again_after_another_is_a_result_of_its_own() -> None:
    other = mx_row(folio="MX-2")

    verdicts = judge_mx(mx_row(), other, mx_row(), mx_row(folio="MX-2", urgencia="URGENTE"))

    assert ["accepted", "accepted", "duplicate", "quarantined"] == [verdict.receipt for verdict in verdicts]
    assert ["revision_conflict"] == codes(verdicts[3])


def test_a_row_with_another_number_of_cells_spoils_its_household_only() -> None:
    text = sheet(mx_row(), mx_row(folio="MX-2"), mx_row(folio="MX-3")).replace("MX-2;1;", "MX-2;1;one;more;")

    reported = mx.read(text.encode())

    assert [(), (("line 3", "field_invalid"),), ()] == [tuple(problems_of(each)) for each in reported]
    assert ["MX-2026-000001", "MX-2", "MX-3"] == [each.result_id for each in reported]


@pytest.mark.parametrize("cells", ["MX-9", "MX-9;1;MX-REF", ";;;x"])
def test_a_short_row_is_one_quarantined_result(cells: str) -> None:
    text = sheet(mx_row(), total=2).replace("#TOTAL", f"{cells}\r\n#TOTAL")

    good, bad = judged(mx.read(text.encode()))

    assert ("accepted", ["field_invalid"]) == (good.receipt, codes(bad))


def test_a_lost_letter_and_a_formula_are_text() -> None:
    [reported] = mx.read(sheet(mx_row(apellido_paterno="?????", nombres="\"=cmd|' /C calc'!A0\"")).encode())

    assert reported.persons and "=cmd|' /C calc'!A0" == reported.persons[0].given_name
    assert "accepted" == judged([reported])[0].receipt
