"""Each country is told in its own form, by its own identifiers and in its own words; the form that the docs show."""

import json
import re
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from deploy.simulators.receiver import SYSTEMS, Line
from services.intake.adapters import ca, mx, us
from services.intake.domain.facts import Fact, Origin, State, Telling
from tests.unit.intake_builders import NOW, ROOT

RENDER = {"us": us.render, "mx": mx.render, "ca": ca.render}
MOVED = Fact(
    state="booked",
    appointment="7d0b7f5c-2f6a-4a60-9b1c-64c4a86f2a51",
    site="MX-TAP-01",
    wall_time="2026-12-14T14:30",
    zone="America/Mexico_City",
    starts_at="2026-12-14T20:30:00Z",
    minutes=90,
)
WAITING = Fact(state="waiting", waiting="awaiting_draw")


def a_telling(system: str, fact: Fact = MOVED, state: State = State.MOVED) -> Telling:
    number = UUID("5f2f0f2e-6a3c-5b4e-8a57-0d6b3e0f9c11")
    return Telling(
        number, f"{system.upper()}-2026-000017", 2, f"{system.upper()}-REF", "NA7K-3QF2-M9X0", 7, state, fact
    )


def told(system: str, *tellings: Telling, sent_at: datetime = NOW) -> list[Line]:
    """What the simulated country reads."""
    return list(SYSTEMS[system][0](RENDER[system](tellings, sent_at).decode()))


@pytest.mark.parametrize(
    ("system", "words"),
    [
        ("us", "OFFERED BOOKED MOVED CANCELLED NO_SHOW FULFILLED WAITING CLOSED"),
        ("mx", "OFRECIDA,CONFIRMADA,REPROGRAMADA,CANCELADA,NO ASISTIO,REALIZADA,EN ESPERA,CERRADA"),
        ("ca", "offered booked moved cancelled no-show fulfilled waiting closed"),
    ],
)
def test_every_state_has_the_country_s_own_word(system: str, words: str) -> None:
    separator = "," if "," in words else " "

    assert words.split(separator) == [
        line["state"] for line in told(system, *(a_telling(system, state=state) for state in State))
    ]


@pytest.mark.parametrize("system", RENDER)
def test_a_message_names_the_result_its_revision_our_case_and_the_place_in_wall_time(system: str) -> None:
    [line] = told(system, a_telling(system))

    values = set(_values(line["said"]))
    assert ("5f2f0f2e-6a3c-5b4e-8a57-0d6b3e0f9c11", "NA7K-3QF2-M9X0") == (line["id"], line["case"])
    assert {f"{system.upper()}-2026-000017", "2", "7", "MX-TAP-01", "America/Mexico_City"} <= values
    assert {"2026-12-14T20:30:00Z", "90"} <= values
    assert {"14/12/2026", "14:30"} <= values or "2026-12-14T14:30" in values


@pytest.mark.parametrize("system", RENDER)
def test_a_case_without_an_interview_has_a_message_without_one(system: str) -> None:
    [line] = told(system, a_telling(system, WAITING, State.WAITING))

    said = line["said"]
    assert "awaiting_draw" in set(_values(said))
    assert not (said.get("interview") or said.get("cita"))


@pytest.mark.parametrize("system", RENDER)
def test_a_household_that_was_referred_is_named_with_its_old_case_and_first_registration(system: str) -> None:
    came = replace(a_telling(system), origin=Origin("ZZZZ-ZZZZ-ZZZB", "2026-03-01T14:30:00Z"))

    [line] = told(system, came)

    assert {"ZZZZ-ZZZZ-ZZZB", "2026-03-01T14:30:00Z"} <= set(_values(line["said"]))


def test_a_sheet_for_mexico_that_was_cut_is_seen() -> None:
    whole = mx.render([a_telling("mx"), a_telling("mx")], NOW).decode()
    cut = "".join(whole.splitlines(keepends=True)[:2])

    with pytest.raises(ValueError, match="cut"):
        list(SYSTEMS["mx"][0](cut))


@pytest.mark.parametrize(("system", "language"), [("us", "json"), ("mx", "csv"), ("ca", "xml")])
def test_the_docs_show_what_is_really_sent(system: str, language: str) -> None:
    shown = _example(ROOT / "docs" / "formats.md", f"told-{system}", language)
    sent = RENDER[system]([a_telling(system)], NOW).decode()

    assert _squeezed(shown) == _squeezed(json.dumps(json.loads(sent)) if system == "us" else sent)


def _example(page: Path, name: str, language: str) -> str:
    found = re.search(rf"<!-- {name} -->\n```{language}\n(.*?)```", page.read_text("utf-8"), re.DOTALL)
    assert found, f"{page.name} shows no {name}"
    return found[1]


def _squeezed(text: str) -> str:
    return re.sub(r"\s+", "", text)


def _values(said: Any) -> list[str]:
    """Every value in it, however deep, as text."""
    if isinstance(said, dict):
        return [value for each in said.values() for value in _values(each)]
    return [str(said)]
