import csv
import http.server
import io
import json
import re
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from random import Random

import phonenumbers
import pytest
from defusedxml import ElementTree
from hypothesis import given
from hypothesis import strategies as st
from stdnum.mx import curp as curp_rules

from deploy.local.state import write_private
from deploy.simulators import identifiers
from deploy.simulators.__main__ import send_next
from deploy.simulators.households import Result, invent, revised, spoiled
from deploy.simulators.reference import open_programmes
from deploy.simulators.sending import (
    FIRST_WAVE,
    Progress,
    Sent,
    read_progress,
    result_of,
    with_next_document,
    write_progress,
)
from services.intake.domain.judge import History, judge_document
from tests.unit.intake_builders import READ, world

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
TODAY = NOW.date()
SYSTEMS = ("us", "mx", "ca")
BIRTHS = st.dates(date(1940, 1, 1), date(2026, 11, 1))


def households(system: str, count: int = 300) -> list[Result]:
    return [invent(open_programmes(system), number, seed="s", day=TODAY) for number in range(1, count + 1)]


def documents(system: str, count: int) -> Iterator[Progress]:
    progress = Progress(seed="s")
    for _ in range(count):
        progress = with_next_document(replace(progress, pending=None), open_programmes(system), system, NOW)
        yield progress


def body(progress: Progress) -> str:
    assert progress.pending is not None
    return progress.pending.body


def revisions(system: str, text: str) -> list[tuple[str, int]]:
    """Result and revision, in the order of the document."""
    if system == "us":
        told = [json.loads(line)["determination"] for line in text.splitlines()]
        return [(each["id"], each["revision"]) for each in told]
    if system == "ca":
        return [(each.attrib["id"], int(each.attrib["revision"])) for each in ElementTree.fromstring(text.encode())]
    rows = [(row[0], int(row[1])) for row in csv.reader(io.StringIO(text), delimiter=";") if row[0].startswith("MX-")]
    return [row for row, before in zip(rows, [None, *rows], strict=False) if row != before]


@given(seed=st.integers(), born=BIRTHS, sex=st.sampled_from("FM"))
def test_an_invented_curp_is_one_that_the_rules_accept(seed: int, born: date, sex: str) -> None:
    curp = identifiers.curp(Random(seed), born, sex)

    assert curp_rules.is_valid(curp)
    assert born == curp_rules.get_birth_date(curp)
    assert not curp_rules.is_valid(identifiers.wrong_check_digit(curp))


def test_the_check_digits_of_a_passport_are_those_of_the_published_example() -> None:
    assert ["6", "2", "9"] == [identifiers.mrz_digit(part) for part in ("L898902C3", "740812", "120415")]


@given(seed=st.integers(), born=BIRTHS)
def test_an_invented_passport_has_two_lines_of_44(seed: int, born: date) -> None:
    lines = identifiers.passport_mrz(Random(seed), "UTOPIAN<<PRINCIPAL", born, "X").splitlines()

    assert [44, 44] == [len(line) for line in lines]
    assert identifiers.mrz_digit(lines[1][0:10] + lines[1][13:20] + lines[1][21:43]) == lines[1][43]


@pytest.mark.parametrize("system", SYSTEMS)
def test_about_half_of_the_households_are_offered_a_slot_at_once(system: str) -> None:
    immediate = {"us": "US-RFA", "mx": "MX-REF", "ca": "CA-RST"}[system]

    share = Counter(each.programme for each in households(system))[immediate] / 300

    assert 0.4 < share < 0.6


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_household_asks_only_for_sites_of_its_programme(system: str) -> None:
    sites = {programme.code: set(programme.areas) for programme in open_programmes(system)}

    assert all(set(each.sites) <= sites[each.programme] for each in households(system))


def test_a_closed_programme_gets_no_household() -> None:
    codes = {programme.code for system in SYSTEMS for programme in open_programmes(system)}

    assert not codes & {"US-CBP1", "CA-FAM"}


def test_dates_lie_around_today() -> None:
    for each in households("us"):
        assert each.registered_at.date() < each.decided_on <= TODAY < each.valid_until
        assert all(person.born < each.decided_on for person in each.persons)
        assert "principal" == each.persons[0].role


def test_contacts_are_invented_addresses_and_possible_numbers_and_some_have_none() -> None:
    made = households("mx")

    assert all(re.fullmatch(r"[a-z0-9.]+@[a-z]+\.example\.org", each.email) for each in made if each.email)
    assert all(phonenumbers.is_possible_number(phonenumbers.parse(each.phone)) for each in made if each.phone)
    assert 0 < sum(not each.email and not each.phone for each in made) < 60


def test_languages_are_those_of_the_portal_and_a_few_that_need_an_interpreter() -> None:
    spoken = Counter(each.language for each in households("ca", count=1000))

    assert {"es", "en", "fr", "ht", "pt", "mam", "quc", "ar"} == set(spoken)
    assert spoken["mam"] + spoken["quc"] + spoken["ar"] < 150


@pytest.mark.parametrize("system", SYSTEMS)
def test_the_first_document_holds_sixty_households_and_the_later_ones_one_or_two(system: str) -> None:
    first, *later = documents(system, count=20)

    assert FIRST_WAVE == len({result for result, _ in revisions(system, body(first))})
    grown = [after.households - before.households for before, after in zip([first, *later], later, strict=False)]
    assert {1, 2} == set(grown)


@pytest.mark.parametrize("system", SYSTEMS)
def test_about_one_in_ten_is_odd_and_a_higher_revision_is_of_a_household_known_before(system: str) -> None:
    highest: dict[str, int] = {}
    duplicates = superseded = 0
    for progress in documents(system, count=300):
        for result, revision in revisions(system, body(progress)):
            duplicates += highest.get(result) == revision
            superseded += revision > 1
            assert revision <= highest.get(result, 0) + 1
            highest[result] = max(revision, highest.get(result, 0))

    assert 3 < duplicates < 40
    assert 3 < superseded < 40


@pytest.mark.parametrize("system", SYSTEMS)
def test_the_same_revision_says_the_same_when_it_comes_again(system: str) -> None:
    sent = Sent(7, TODAY.isoformat(), revision=3)

    once, again = (result_of(sent, "s", open_programmes(system)) for _ in range(2))

    assert once == again
    assert 3 == once.revision


def test_a_spoiled_result_differs_in_one_thing() -> None:
    (result,) = households("us", count=1)

    mistakes = {spoiled(result, Random(seed)) for seed in range(20)}

    assert result not in mistakes
    assert 4 == len(mistakes)


def test_a_revision_never_changes_who_the_household_is() -> None:
    (result,) = households("us", count=1)

    changed = {revised(result, Random(seed)) for seed in range(20)}

    assert {result.persons} == {each.persons for each in changed}
    assert {2} == {each.revision for each in changed}


def test_the_rows_of_a_mexican_file_are_counted_at_its_end() -> None:
    (first,) = documents("mx", count=1)
    rows = list(csv.reader(io.StringIO(body(first).removeprefix("\ufeff")), delimiter=";"))

    assert ["#TOTAL", str(len(rows) - 2)] == rows[-1]
    assert {27} == {len(row) for row in rows[:-1]}


def test_what_was_pending_when_the_system_was_killed_is_pending_when_it_starts_again(tmp_path: Path) -> None:
    (first,) = documents("us", count=1)
    write_progress(tmp_path / "us.json", first)

    assert first == read_progress(tmp_path / "us.json")


def test_the_same_document_goes_again_under_the_same_delivery_id_until_intake_answers(tmp_path: Path) -> None:
    sent: list[tuple[str, bytes]] = []

    class AwayOnce(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            sent.append((self.headers["webhook-id"], self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(503 if len(sent) == 1 else 202)
            self.end_headers()
            self.wfile.write(b'{"receipts": []}')

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), AwayOnce) as intake:
        threading.Thread(target=intake.serve_forever, args=(0.01,), daemon=True).start()
        config = {
            "services": {"intake": f"http://127.0.0.1:{intake.server_address[1]}"},
            "systems": {"us": {"secret": "whsec_AAAA"}},
        }
        write_private(tmp_path / "dev.json", config)
        progress = send_next("us", tmp_path, tmp_path / "us.json", Progress(seed="s"), open_programmes("us"))
        intake.shutdown()

    assert 2 == len(sent)
    assert sent[0] == sent[1]
    assert progress.pending is None
    assert progress == read_progress(tmp_path / "us.json")


@pytest.mark.parametrize("system", SYSTEMS)
def test_intake_accepts_nine_of_ten_and_finds_in_the_rest_only_the_mistakes_that_were_put_in(system: str) -> None:
    history, receipts, codes, warnings = History(), Counter[str](), set[str](), set[str]()
    for progress in documents(system, count=150):
        for verdict in judge_document(READ[system](body(progress).encode()), history, world(), TODAY):
            receipts[verdict.receipt] += 1
            codes |= set(verdict.codes)
            warnings |= set(verdict.warnings)

    assert 0.85 < receipts["accepted"] / receipts.total() < 0.97
    assert {"identifier_invalid", "programme_unknown", "date_invalid", "household_invalid"} == codes
    assert {"no_contact"} == warnings
    assert receipts["duplicate"]
