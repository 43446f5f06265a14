"""Mexico: a spreadsheet as CSV, one row per person, the rows of one household together. Source: docs/formats.md, "MX".

Assumptions:
- Without a charset in the content type: UTF-8 if the bytes are UTF-8 (or start with its mark), else Windows-1252, in which
  the five bytes that it leaves undefined are control characters: they spoil one name, not the file.
- Columns are found by their name in the header; other columns are left alone, and so are empty cells after the last one.
- Household columns: `folio` to `nut`, `entidad`, `sede`, and `telefono` to `urgencia`. Their values are those of the first row.
- A sheet has no person ids, language modes, shared devices or safe hours: ids are the row in the household, languages spoken.
- `refiere` is one of the six words of the other countries, in either case.
- A household whose row has another number of cells than the header has columns is quarantined, its neighbours are not.
- Wall times that a change of clocks skipped or repeated are read with the offset from before the change.
"""

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, tzinfo
from itertools import groupby
from typing import NamedTuple
from zoneinfo import ZoneInfo

from services.intake.adapters.reading import (
    MAX_BYTES,
    DocumentRefused,
    Fields,
    is_blank,
    refuse_too_fine,
    refuse_too_many,
)
from services.intake.domain.facts import State, Telling
from services.intake.domain.identifiers import STATES
from services.intake.domain.results import Language, Person, Pointers, Problem, Problems, Referrer, Reported
from services.intake.vocabulary import is_known_language

SYSTEM = "mx"
COLUMNS = tuple(
    "folio version programa resultado fecha_resolucion vigencia fecha_registro refiere nut curp apellido_paterno"
    " apellido_materno nombres fecha_nacimiento sexo parentesco asiste aparte entidad sede lengua interprete necesidades"
    " telefono correo idioma urgencia".split()
)
HOUSEHOLD_COLUMNS = (*COLUMNS[:9], "entidad", "sede", *COLUMNS[-4:])
OUTCOMES = {"PROCEDENTE": "eligible", "IMPROCEDENTE": "ineligible", "EN REVISION": "review", "DESISTIDO": "withdrawn"}
ROLES = {
    "TITULAR": "principal",
    "CONYUGE": "spouse",
    "HIJO": "child",
    "PADRE": "parent",
    "HERMANO": "sibling",
    "OTRO": "other",
}
REFERRERS = {
    spelt: word for word in ("government", "un", "ngo", "employer", "sponsor", "self") for spelt in (word, word.upper())
}
SEXES = {"M": "F", "H": "M", "X": "X"}
"""M is mujer here and male in the US format."""
URGENCIES = {"NORMAL": "routine", "URGENTE": "urgent"}
CHARSETS = {
    **dict.fromkeys(("utf-8", "utf8", "us-ascii", "ascii"), "utf-8"),
    **dict.fromkeys(("windows-1252", "cp1252", "x-cp1252", "iso-8859-1", "latin1"), "windows-1252"),
}
TOTAL = "#TOTAL"
ZONE = "America/Mexico_City"
_WINDOWS_1252 = {
    byte: bytes([byte]).decode("windows-1252") for byte in range(0x80, 0xA0) if byte not in b"\x81\x8d\x8f\x90\x9d"
}
"""Where Windows-1252 differs from Latin-1; five bytes stay control characters. Source: WHATWG Encoding, index-windows-1252."""


class _Row(NamedTuple):
    line: int
    cells: Mapping[str, str]
    whole: bool


class _RowFields(Fields):
    DAY = re.compile(r"(?P<day>[0-9]{2})/(?P<month>[0-9]{2})/(?P<year>[0-9]{4})")
    INSTANT = re.compile(DAY.pattern + r" +(?P<hour>[01][0-9]|2[0-3]):(?P<minute>[0-5][0-9])")
    FLAGS = {"SI": True, "NO": False}  # noqa: RUF012 - declared a ClassVar by Fields

    def __init__(self, row: _Row, problems: Problems) -> None:
        super().__init__(row.cells if row.whole else None, problems)
        self.line = row.line

    def pointer(self, name: str) -> str:
        return f"line {self.line}, column {name}"

    def zone(self) -> tzinfo:
        return ZoneInfo(ZONE)

    def codes(self, name: str) -> tuple[str, ...]:
        """The words of a cell separated by commas, each once."""
        words = [word for word in (self.string(name, optional=True) or "").split(",") if not is_blank(word)]
        each = _RowFields(_Row(self.line, dict(zip(map(str, range(len(words))), words, strict=True)), True), Problems())
        codes = [each.code(str(at)) for at in range(len(words))]
        self.problems.extend(Problem(self.pointer(name), problem.code, problem.detail) for problem in each.problems)
        return tuple(dict.fromkeys(code for code in codes if code))


def read(body: bytes, charset: str | None = None) -> list[Reported]:
    """The households of a file, in its order. `charset`: of the content type, if it had one. Raises: DocumentRefused."""
    rows = _rows(_decode(body, charset))
    households = [list(group) for _, group in groupby(rows, key=lambda row: row.cells.get("folio", ""))]
    refuse_too_many(len(households))
    return [_result(household) for household in households]


def _decode(body: bytes, charset: str | None) -> str:
    encoding = CHARSETS.get(charset.strip().strip('"').lower()) if charset else None
    if charset and encoding is None:
        raise DocumentRefused(415, "charset_unsupported", "send the file as UTF-8 or Windows-1252")
    if encoding != "windows-1252" or body.startswith(b"\xef\xbb\xbf"):
        try:
            return body.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            if encoding == "utf-8":
                raise DocumentRefused(400, "document_unreadable", "the file is not in the charset it names") from error
    return body.decode("latin-1").translate(_WINDOWS_1252)


def _rows(text: str) -> list[_Row]:
    """The person rows. Raises: DocumentRefused when the header or the total is not what it must be."""
    lines = _lines(text)
    _, header = next(lines, (0, []))
    columns = [name.strip().lower() for name in header]
    if any(columns.count(name) != 1 for name in COLUMNS):
        raise DocumentRefused(422, "header_invalid", f"the first row names the columns: {';'.join(COLUMNS)}")
    rows, total = [], None
    for line, cells in lines:
        if total is not None:
            raise DocumentRefused(422, "document_cut", f"nothing follows the row {TOTAL}")
        if cells[0].strip() == TOTAL:
            total = ";".join(cells[1:]).strip("; ")
        else:
            rows.append(_row(line, cells, columns))
            refuse_too_fine(len(rows))
    if total is None or not re.fullmatch("[0-9]{1,9}", total) or int(total) != len(rows):
        raise DocumentRefused(
            422, "document_cut", f"the last row is {TOTAL} and the number of person rows; send it again"
        )
    return rows


def _lines(text: str) -> Iterator[tuple[int, list[str]]]:
    """The rows that are not empty, with the line on which each starts."""
    csv.field_size_limit(MAX_BYTES)  # one huge cell is one bad household, not an unreadable file
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=";")
    start = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield start, cells
            start = reader.line_num + 1
    except csv.Error as error:
        raise DocumentRefused(400, "document_unreadable", f"the file is not CSV from line {start} on") from error


def _row(line: int, cells: list[str], columns: list[str]) -> _Row:
    spare = cells[len(columns) :]
    whole = len(cells) >= len(columns) and not any(cell.strip() for cell in spare)
    named = dict(zip(columns, cells, strict=False))
    named["folio"] = named.get("folio", "").strip()
    return _Row(line, named, whole)


def _result(rows: list[_Row]) -> Reported:
    problems = Problems(
        Problem(f"line {row.line}", "field_invalid", "this row has another number of cells than the header")
        for row in rows
        if not row.whole
    )
    whole = [row for row in rows if row.whole]
    first = whole[0] if whole else rows[0]
    problems.extend(_disagreements(first, whole))
    top = _RowFields(first, problems)
    sede = top.code("sede", optional=True)
    sites = (sede,) if sede else ()
    # What cannot be read whole may still say which result it is, so that its sender finds it.
    known_as = _RowFields(first._replace(whole=True), problems if first.whole else Problems())
    return Reported(
        system=SYSTEM,
        result_id=known_as.code("folio"),
        revision=known_as.whole("version"),
        outcome=top.word("resultado", OUTCOMES),
        programme=top.code("programa"),
        decided_on=top.day("fecha_resolucion"),
        valid_until=top.day("vigencia"),
        registered_at=top.instant("fecha_registro"),
        referred_by=Referrer(top.word("refiere", REFERRERS)),
        identifiers=top.identifier("nut", "nut"),
        persons=tuple(_person(at, _RowFields(row, problems)) for at, row in enumerate(rows, start=1)),
        contact=top.contact("telefono", "correo", "idioma", False, None),
        admin_area=top.word("entidad", {state: state for state in STATES}, optional=True),
        sites=sites,
        urgency=top.word("urgencia", URGENCIES),
        problems=tuple(problems),
        pointers=_pointers(top, rows, sites),
    )


def _disagreements(first: _Row, rows: list[_Row]) -> Iterator[Problem]:
    return (
        Problem(f"line {row.line}, column {name}", "household_invalid", f"the rows of a household agree in {name}")
        for row in rows
        for name in HOUSEHOLD_COLUMNS
        if row.cells[name].strip() != first.cells[name].strip()
    )


def _pointers(top: _RowFields, rows: list[_Row], sites: tuple[str, ...]) -> Pointers:
    return Pointers(
        revision=top.pointer("version"),
        programme=top.pointer("programa"),
        decided_on=top.pointer("fecha_resolucion"),
        valid_until=top.pointer("vigencia"),
        household=f"line {rows[0].line}",
        births=tuple(f"line {row.line}, column fecha_nacimiento" for row in rows),
        sites=tuple(top.pointer("sede") for _ in sites),
    )


def _person(at: int, row: _RowFields) -> Person:
    row.need_one("apellido_paterno", "nombres")
    tag = row.tag("lengua")
    interpreter = row.flag("interprete")
    return Person(
        person_id=str(at),
        role=row.word("parentesco", ROLES),
        born_on=row.day("fecha_nacimiento"),
        sex=row.word("sexo", SEXES),
        family_name=row.name("apellido_paterno"),
        second_family_name=row.name("apellido_materno"),
        given_name=row.name("nombres"),
        attends=row.flag("asiste"),
        apart=row.flag("aparte"),
        identifiers=row.identifier("curp", "curp"),
        languages=(Language(tag, "spoken", interpreter, is_known_language(tag)),) if tag else (),
        needs=row.codes("necesidades"),
    )


TELLING_TYPE = "text/csv; charset=utf-8"
TELLING_COLUMNS = tuple(
    "mensaje secuencia folio version programa expediente estado motivo espera cita sede fecha hora huso instante minutos"
    " responder_antes remitido_de fecha_registro".split()
)
STATES_TOLD = {
    State.OFFERED: "OFRECIDA",
    State.BOOKED: "CONFIRMADA",
    State.MOVED: "REPROGRAMADA",
    State.CANCELLED: "CANCELADA",
    State.NO_SHOW: "NO ASISTIO",
    State.FULFILLED: "REALIZADA",
    State.WAITING: "EN ESPERA",
    State.CLOSED: "CERRADA",
}


def render(tellings: Sequence[Telling], sent_at: datetime) -> bytes:
    """What became of interviews, as a sheet with a row each; this format does not say when it was sent."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    writer.writerow(TELLING_COLUMNS)
    writer.writerows(_told(telling) for telling in tellings)
    writer.writerow([TOTAL, len(tellings)])
    return out.getvalue().encode()


def _told(telling: Telling) -> list[object]:
    fact = telling.fact
    starts = datetime.fromisoformat(fact.wall_time) if fact.wall_time else None
    return [
        telling.id,
        telling.version,
        telling.result_id,
        telling.revision,
        telling.programme,
        telling.case_ref,
        STATES_TOLD[telling.state],
        fact.reason,
        fact.waiting,
        fact.appointment,
        fact.site,
        f"{starts:%d/%m/%Y}" if starts else None,
        f"{starts:%H:%M}" if starts else None,
        fact.zone,
        fact.starts_at,
        fact.minutes,
        fact.deadline,
        telling.origin and telling.origin.case_ref,
        telling.origin and telling.origin.registered_at,
    ]
