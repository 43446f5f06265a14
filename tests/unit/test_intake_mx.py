import pytest

from services.intake.adapters import mx
from services.intake.adapters.canonical import canonical
from services.intake.adapters.reading import DocumentRefused
from services.intake.domain.results import Reported
from shared.clock import use_packaged_zone_data
from tests.unit.intake_builders import MX_ROW, codes, judge_mx, judged, mx_row, sheet


@pytest.fixture(autouse=True, scope="module")
def zone_data() -> None:
    use_packaged_zone_data()


def _read_one(**changes: str) -> Reported:
    [reported] = mx.read(sheet(mx_row(**changes)).encode())
    return reported


def _problems(reported: Reported) -> list[tuple[str, str]]:
    return [(problem.pointer, problem.code) for problem in reported.problems]


def _refusal(body: bytes, charset: str | None = None) -> tuple[int, str]:
    with pytest.raises(DocumentRefused) as refused:
        mx.read(body, charset)
    return refused.value.status, refused.value.code


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
    assert [(f"line 2, column {column}", "field_invalid")] == _problems(_read_one(**{column: ""}))


def test_a_mothers_name_alone_is_no_name() -> None:
    reported = _read_one(apellido_paterno="", nombres="", apellido_materno="Caal")

    assert [("line 2, column apellido_paterno", "field_invalid")] == _problems(reported)


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
    assert [(f"line 2, column {column}", code)] == _problems(_read_one(**{column: value}))


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

    assert [(f"line 3, column {column}", "household_invalid")] == _problems(reported)


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

    assert [(), (("line 3", "field_invalid"),), ()] == [tuple(_problems(each)) for each in reported]
    assert ["MX-2026-000001", "MX-2", "MX-3"] == [each.result_id for each in reported]


@pytest.mark.parametrize("cells", ["MX-9", "MX-9;1;MX-REF", ";;;x"])
def test_a_short_row_is_one_quarantined_result(cells: str) -> None:
    text = sheet(mx_row(), total=2).replace("#TOTAL", f"{cells}\r\n#TOTAL")

    good, bad = judged(mx.read(text.encode()))

    assert ("accepted", ["field_invalid"]) == (good.receipt, codes(bad))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "windows-1252"])
def test_the_encoding_is_detected_and_does_not_change_the_content(encoding: str) -> None:
    text = sheet(mx_row(apellido_paterno="Ñáñez", nombres="Noël"))

    [reported] = mx.read(text.encode(encoding))

    assert reported == mx.read(text.encode())[0]
    assert reported.persons and "Ñáñez" == reported.persons[0].family_name


@pytest.mark.parametrize("charset", ["windows-1252", "Windows-1252", '"cp1252"', "iso-8859-1"])
def test_the_charset_of_the_content_type_is_used(charset: str) -> None:
    [reported] = mx.read(sheet(mx_row(nombres="Zoë €")).encode("windows-1252"), charset)

    assert reported.persons and "Zoë €" == reported.persons[0].given_name


def test_utf_8_that_is_named_windows_1252_is_read_as_named() -> None:
    [reported] = mx.read(sheet(mx_row(nombres="Zoé")).encode(), "windows-1252")

    assert reported.persons and "ZoÃ©" == reported.persons[0].given_name


def test_a_byte_that_windows_1252_leaves_undefined_spoils_one_name_only() -> None:
    body = sheet(mx_row(nombres="Beto"), mx_row(folio="MX-2", nombres="Zoë")).encode("windows-1252")

    bad, good = judged(mx.read(body.replace(b"Beto", b"Be\x81to")))

    assert (["text_invalid"], "accepted") == (codes(bad), good.receipt)


def test_a_lost_letter_and_a_formula_are_text() -> None:
    [reported] = mx.read(sheet(mx_row(apellido_paterno="?????", nombres="\"=cmd|' /C calc'!A0\"")).encode())

    assert reported.persons and "=cmd|' /C calc'!A0" == reported.persons[0].given_name
    assert "accepted" == judged([reported])[0].receipt


def test_a_huge_cell_is_read() -> None:
    [reported] = mx.read(sheet(mx_row(nombres="ñ" * 200_000)).encode())

    assert not reported.problems


def test_lines_are_those_of_the_file() -> None:
    text = sheet(mx_row(nombres='"Ana\nLuisa"'), mx_row(folio="F-2", sexo="Q")).replace("\r\nF-2", "\r\n\r\nF-2")

    first, second = mx.read(text.encode())

    assert [("line 2, column nombres", "text_invalid")] == _problems(first)
    assert [("line 5, column sexo", "field_invalid")] == _problems(second)


def test_columns_are_found_by_their_name() -> None:
    row = dict(reversed({**mx_row(), "extra": "ours"}.items()))
    text = "\n".join([";".join(name.upper() for name in row), ";".join(row.values()) + ";;", "#TOTAL;1;;;"])

    [reported] = mx.read(text.encode())

    assert reported.problems == ()
    assert "accepted" == judged([reported])[0].receipt


@pytest.mark.parametrize("total", [0, 2, 248])
def test_a_file_with_a_wrong_total_is_refused_whole(total: int) -> None:
    assert (422, "document_cut") == _refusal(sheet(mx_row(), total=total).encode())


@pytest.mark.parametrize(
    "end", ["", "#TOTAL", "#TOTAL;", "#TOTAL;one", "#TOTAL;1\n#TOTAL;1", "#TOTAL;1\nMX-2;1", "#TOTAL;-1"]
)
def test_a_file_without_its_total_at_the_end_is_refused(end: str) -> None:
    text = sheet(mx_row()).replace("#TOTAL;1\r\n", end)

    assert (422, "document_cut") == _refusal(text.encode())


def test_every_cut_of_a_file_is_refused() -> None:
    body = sheet(mx_row(), mx_row(folio="MX-2")).encode()
    whole = body.rstrip()

    assert all(_refusal(body[:length])[0] == 422 for length in range(len(whole)))


def test_a_file_with_no_households_is_an_empty_document() -> None:
    assert [] == mx.read(sheet().encode())


@pytest.mark.parametrize("header", ["", "folio;version", ";".join([*mx.COLUMNS, "folio"]), ",".join(mx.COLUMNS)])
def test_a_file_without_its_header_is_refused(header: str) -> None:
    assert (422, "header_invalid") == _refusal(f"{header}\n#TOTAL;0\n".encode())


def test_another_charset_is_refused() -> None:
    assert (415, "charset_unsupported") == _refusal(sheet(mx_row()).encode(), "utf-16")


def test_a_file_that_is_not_in_the_charset_it_names_is_refused() -> None:
    assert (400, "document_unreadable") == _refusal(sheet(mx_row(nombres="Zoë")).encode("latin-1"), "UTF-8")


def test_more_households_than_a_document_may_hold_are_refused() -> None:
    rows = [mx_row(folio=f"MX-{at}") for at in range(5_001)]

    assert 5_000 == len(mx.read(sheet(*rows[1:]).encode()))
    assert (413, "too_many_results") == _refusal(sheet(*rows).encode())
