"""Mexican files: their encoding, header, total and lines."""

import pytest

from services.intake.adapters import mx
from services.intake.adapters.reading import DocumentRefused
from tests.unit.intake_builders import codes, judged, mx_row, problems_of, sheet


def _refusal(body: bytes, charset: str | None = None) -> tuple[int, str]:
    with pytest.raises(DocumentRefused) as refused:
        mx.read(body, charset)
    return refused.value.status, refused.value.code


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


def test_a_huge_cell_is_read() -> None:
    [reported] = mx.read(sheet(mx_row(nombres="ñ" * 200_000)).encode())

    assert not reported.problems


def test_lines_are_those_of_the_file() -> None:
    text = sheet(mx_row(nombres='"Ana\nLuisa"'), mx_row(folio="F-2", sexo="Q")).replace("\r\nF-2", "\r\n\r\nF-2")

    first, second = mx.read(text.encode())

    assert [("line 2, column nombres", "text_invalid")] == problems_of(first)
    assert [("line 5, column sexo", "field_invalid")] == problems_of(second)


def test_columns_are_found_by_their_name() -> None:
    row = dict(reversed({**mx_row(), "extra": "ours"}.items()))
    text = "\n".join([";".join(name.upper() for name in row), ";".join(row.values()) + ";;", "#TOTAL;1;;;"])

    [reported] = mx.read(text.encode())

    assert reported.problems == ()
    assert "accepted" == judged([reported])[0].receipt


def test_columns_that_a_spreadsheet_adds_without_a_name_are_left_alone() -> None:
    text = sheet(mx_row()).replace("\r\n", ";;\r\n")

    [reported] = mx.read(text.encode())

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
