"""Mexico's system: a spreadsheet saved as CSV, one row a person, `;` between, the number of rows at the end."""

import csv
import io
from collections.abc import Sequence
from datetime import datetime
from random import Random
from zoneinfo import ZoneInfo

from deploy.simulators import identifiers
from deploy.simulators.households import Person, Result

HEADINGS = (
    "folio;version;programa;resultado;fecha_resolucion;vigencia;fecha_registro;refiere;nut;curp;apellido_paterno;"
    "apellido_materno;nombres;fecha_nacimiento;sexo;parentesco;asiste;aparte;entidad;sede;lengua;interprete;"
    "necesidades;telefono;correo;idioma;urgencia"
).split(";")
OUTCOMES = {"eligible": "PROCEDENTE", "ineligible": "IMPROCEDENTE", "review": "EN REVISION", "withdrawn": "DESISTIDO"}
ROLES = {"principal": "TITULAR", "spouse": "CONYUGE", "child": "HIJO", "other": "OTRO"}
SEXES = {"F": "M", "M": "H", "X": "X"}
"""M is *mujer* here."""

WALL_TIME = ZoneInfo("America/Mexico_City")


def document(results: Sequence[Result], sent_at: datetime) -> bytes:
    """UTF-8 with the mark that spreadsheet programs put in front; `sent_at` is not part of this format."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    writer.writerow(HEADINGS)
    rows = [row for result in results for row in _rows(result)]
    writer.writerows(rows)
    writer.writerow(["#TOTAL", len(rows)])
    return out.getvalue().encode("utf-8-sig")


def _rows(result: Result) -> list[list[str]]:
    random = result.random_for_documents()
    nut = identifiers.digits(random, 7)
    return [_row(result, person, nut, random) for person in result.persons]


def _row(result: Result, person: Person, nut: str, random: Random) -> list[str]:
    curp = identifiers.curp(random, person.born, person.sex)
    father, _, mother = person.family.partition(" ")
    return [
        f"MX-{result.registered_at.year}-{result.number:06}",
        str(result.revision),
        result.programme,
        OUTCOMES[result.outcome],
        f"{result.decided_on:%d/%m/%Y}",
        f"{result.valid_until:%d/%m/%Y}",
        f"{result.registered_at.astimezone(WALL_TIME):%d/%m/%Y %H:%M}",
        result.referrer,
        nut,
        curp if result.identifiers_valid else identifiers.wrong_check_digit(curp),
        father,
        mother,
        person.given,
        f"{person.born:%d/%m/%Y}",
        SEXES[person.sex],
        ROLES[person.role],
        "SI",
        _yes(person.apart),
        result.admin_area,
        result.sites[0] if result.sites else "",
        result.language,
        _yes(result.interpreter),
        ",".join(person.needs),
        result.phone,
        result.email,
        result.locale,
        "URGENTE" if result.urgent else "NORMAL",
    ]


def _yes(so: bool) -> str:
    return "SI" if so else "NO"
