"""Invented results of the three countries, valid as of NOW, and what becomes of them."""

import csv
import json
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID
from xml.sax.saxutils import quoteattr

from services.intake.adapters import ca, mx, us
from services.intake.domain.judge import History, Programme, Verdict, World, judge_document
from services.intake.domain.results import Reported

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "tests" / "samples"
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
TODAY = NOW.date()
YESTERDAY, TOMORROW = "2026-11-23", "2026-11-25"
ABSENT = object()
"""As a change of a message: take the field away."""


def world() -> World:
    """The programmes and sites of the reference data."""
    return World({row["programme"]: _programme(row) for row in _rows("programmes")}, _states())


def _rows(name: str) -> list[dict[str, str]]:
    with (ROOT / "deploy" / "reference" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _states() -> Mapping[str, str | None]:
    return {row["site"]: row["admin_area"] or None for row in _rows("sites")}


def _programme(row: dict[str, str]) -> Programme:
    return Programme(
        code=row["programme"],
        system=row["system"].lower(),
        status=row["status"],
        opens_on=date.fromisoformat(row["opens_on"]),
        closes_on=date.fromisoformat(row["closes_on"]) if row["closes_on"] else None,
        sites=frozenset(row["sites"].split("|")),
    )


def us_message(number: int = 1, /, **changes: object) -> dict[str, object]:
    """A US message; each change is `determination__outcome="WITHDRAWN"` or `applicants__0__role=ABSENT`."""
    message: dict[str, object] = {
        "messageId": str(UUID(int=number)),
        "sentAt": "2026-11-20T15:04:05Z",
        "determination": {
            "id": "US-2026-000001",
            "revision": 1,
            "outcome": "ELIGIBLE",
            "programCode": "US-RFA",
            "decidedOn": "2026-11-05",
            "validUntil": "2027-03-05",
            "reason": None,
        },
        "case": {
            "registeredAt": "2026-07-25T22:25:00Z",
            "referredBy": {"kind": "NGO", "code": "REF-01"},
            "receiptNumber": "IOE2844780884",
        },
        "applicants": [us_person()],
        "contact": {"mobile": "+50258545204", "email": None, "locale": "es", "sharedDevice": False, "safeHours": None},
        "interview": {"sites": [], "urgency": "ROUTINE"},
    }
    for path, value in changes.items():
        change(message, path.split("__"), value)
    return message


def us_person(**changes: object) -> dict[str, object]:
    person: dict[str, object] = {
        "personId": "p1",
        "role": "PRINCIPAL",
        "dateOfBirth": "1983-10-03",
        "sex": "F",
        "attends": True,
        "interviewApart": False,
        "languages": [{"tag": "es", "mode": "spoken", "interpreter": False}],
        "needs": [],
        "familyName": "Yat",
        "givenName": "Zoila",
    }
    for path, value in changes.items():
        change(person, path.split("__"), value)
    return person


def change(document: Any, path: list[str], value: object) -> None:
    at = [int(step) if step.isdigit() else step for step in path]
    for step in at[:-1]:
        document = document[step]
    if value is ABSENT:
        del document[at[-1]]
    else:
        document[at[-1]] = value


def ndjson(*messages: object) -> bytes:
    return b"".join(json.dumps(message).encode() + b"\n" for message in messages)


MX_ROW = {
    "folio": "MX-2026-000001",
    "version": "1",
    "programa": "MX-REF",
    "resultado": "PROCEDENTE",
    "fecha_resolucion": "07/11/2026",
    "vigencia": "06/05/2027",
    "fecha_registro": "13/10/2025 08:49",
    "refiere": "un",
    "nut": "6698591",
    "curp": "PEPJ900115HNERRN09",
    "apellido_paterno": "Yat",
    "apellido_materno": "",
    "nombres": "Xóchitl",
    "fecha_nacimiento": "15/01/1990",
    "sexo": "H",
    "parentesco": "TITULAR",
    "asiste": "SI",
    "aparte": "NO",
    "entidad": "CS",
    "sede": "MX-TAP-01",
    "lengua": "mam",
    "interprete": "SI",
    "necesidades": "",
    "telefono": "+529612345678",
    "correo": "",
    "idioma": "es",
    "urgencia": "NORMAL",
}


def mx_row(**changes: str) -> dict[str, str]:
    return {**MX_ROW, **changes}


def sheet(*rows: dict[str, str], total: int | None = None) -> str:
    """The file of these person rows, as text."""
    lines = [";".join(mx.COLUMNS), *(";".join(row.values()) for row in rows)]
    return "\r\n".join([*lines, f"#TOTAL;{len(rows) if total is None else total}", ""])


def ca_result(**changes: object) -> str:
    """A CA result; a change is `outcome="review"`, `Application__number="W1"`, and `Person` or `Site` whole elements."""
    elements: dict[str, object] = {
        "Application": {"number": "W123456789", "registered": "2026-03-01T09:30:00-05:00"},
        "Referral": {"kind": "un", "code": "UNHCR-HT"},
        "Person": ca_person(),
        "Contact": {
            "locale": "fr",
            "phone": "+50934567890",
            "email": "",
            "sharedDevice": "false",
            "safeHours": "",
        },
        "Site": '<Site code="CA-VAC-PAP"/>',
    }
    attributes: dict[str, object] = {
        "id": "CA-2026-000001",
        "revision": "1",
        "outcome": "eligible",
        "programme": "CA-RST",
        "decided": "2026-11-18",
        "validUntil": "2027-05-17",
        "urgency": "routine",
    }
    for path, value in changes.items():
        change(elements if path.split("__")[0] in elements else attributes, path.split("__"), value)
    inner = "".join(
        each if isinstance(each, str) else f"<{name}{_attributes(each)}/>" for name, each in elements.items()
    )
    return f"<Result{_attributes(attributes)}>{inner}</Result>\n"


def ca_person(inner: str = '<Name family="Jean-Baptiste" given="Rose"/>', /, **changes: object) -> str:
    attributes: dict[str, object] = {
        "id": "1",
        "uci": "11-2345-6789",
        "role": "principal",
        "born": "1988-05-02",
        "sex": "F",
        "attends": "true",
        "apart": "false",
    }
    for name, value in changes.items():
        change(attributes, [name], value)
    language = "" if "<Language" in inner else '<Language tag="ht" mode="spoken" interpreter="true"/>'
    return f"<Person{_attributes(attributes)}>{inner}{language}</Person>"


def _attributes(values: object) -> str:
    assert isinstance(values, dict)
    return "".join(f" {name}={quoteattr(str(value))}" for name, value in values.items())


def results(*elements: str) -> bytes:
    """The XML document of these results."""
    head = (
        '<?xml version="1.0" encoding="UTF-8"?>\n<EligibilityResults xmlns="urn:example:ca:eligibility:1" sent="x">\n'
    )
    return (head + "".join(elements) + "</EligibilityResults>").encode()


READ: dict[str, Callable[[bytes], list[Reported]]] = {"us": us.read, "mx": mx.read, "ca": ca.read}


def judged(results: list[Reported], *, today: date = TODAY) -> list[Verdict]:
    return judge_document(results, History(), world(), today)


def judge_us(*messages: object) -> list[Verdict]:
    return judged(us.read(ndjson(*messages)))


def judge_mx(*rows: dict[str, str]) -> list[Verdict]:
    return judged(mx.read(sheet(*rows).encode()))


def judge_ca(*elements: str) -> list[Verdict]:
    return judged(ca.read(results(*elements)))


def codes(verdict: Verdict) -> list[str]:
    """The codes of a quarantined result; `accepted` and others fail here, since their codes must be looked at by receipt."""
    assert verdict.receipt == "quarantined"
    return list(verdict.codes)


def problems_of(reported: Reported) -> list[tuple[str, str]]:
    """Pointer and code of what could not be read."""
    return [(problem.pointer, problem.code) for problem in reported.problems]
