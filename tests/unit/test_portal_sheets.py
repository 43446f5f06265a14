"""Sheets to print: every letter is there, in its direction, and only who needs a font brings one."""

import re
import zlib
from datetime import UTC, datetime

import pytest
from fontTools.ttLib import TTFont

from deploy.assets import BUILT as STYLE
from deploy.assets import FONTS
from deploy.assets import build as build_style
from services.scheduling.web.pages import HERE
from services.scheduling.web.presented import Fact
from services.scheduling.web.sheet import Sheet
from shared.languages import read_catalogues
from tests.portal import DRAFTS

NOW = datetime(2026, 11, 24, 18, 0, tzinfo=UTC)
CATALOGUES = read_catalogues(HERE / "languages", DRAFTS)
ON_SHEETS = ("letter.", "pin.", "free.", "fact.", "value.", "mine.")
PLACE, DRAWN = re.compile(rb"BT ([\d.]+) [\d.]+ Td"), re.compile(rb"\((.*?)\) Tj", re.DOTALL)


@pytest.fixture(autouse=True, scope="module")
def fonts() -> None:
    if not all((STYLE.parent / name).exists() for name in FONTS):
        build_style()


def drawing(pdf: bytes) -> bytes:
    """What is drawn on the one page."""
    found = re.search(rb"stream\n(x.*?)\nendstream", pdf, re.DOTALL)
    assert found
    return zlib.decompress(found[1])


def a_sheet(text: str, language: str) -> bytes:
    sheet = Sheet(language, "title", text, now=NOW)
    sheet.write(text)
    return sheet.as_bytes()


@pytest.mark.parametrize("name", FONTS)
def test_our_font_has_every_letter_of_the_drafts(name: str) -> None:
    letters = {
        letter
        for tag in DRAFTS
        for key, text in CATALOGUES[tag].texts.items()
        if key.startswith(ON_SHEETS)
        for letter in text
    }

    assert set() == {letter for letter in letters if ord(letter) not in TTFont(STYLE.parent / name).getBestCmap()}


@pytest.mark.parametrize("language", sorted(CATALOGUES))
def test_only_a_sheet_whose_letters_no_reader_has_brings_them(language: str) -> None:
    pdf = a_sheet(CATALOGUES[language].text("free.text"), language)

    assert (language in DRAFTS) == (b"/FontFile2" in pdf)
    assert len(pdf) < (20_000 if language in DRAFTS else 3_000)


def test_a_name_in_letters_that_no_reader_has_brings_them_in_any_language() -> None:
    assert b"/FontFile2" in a_sheet("Łódź, sala 3", "es")


def test_arabic_letters_join() -> None:
    [joined] = DRAWN.findall(drawing(a_sheet("ممم", "ar")))

    assert 3 == len({joined[at : at + 2] for at in range(0, len(joined), 2)})


def test_the_words_of_an_arabic_line_run_from_right_to_left_and_what_is_latin_in_it_does_not() -> None:
    first, *_, last = DRAWN.findall(drawing(a_sheet("م NA7K", "ar")))

    assert (4, 1) == (len(first) // 2, len(last.strip(b"\x00 ")))


@pytest.mark.parametrize(("language", "mirrored"), [("ar", True), ("es", False)])
def test_labels_stand_where_a_line_begins(language: str, mirrored: bool) -> None:
    sheet = Sheet(language, "title", "م", now=NOW)

    sheet.write_facts([Fact("م", "NA7K-3QF2-M9X0")])
    label, value = (float(x) for x in PLACE.findall(drawing(sheet.as_bytes())))

    assert mirrored == (label > value)


@pytest.mark.parametrize(("language", "mirrored"), [("ar", True), ("es", False)])
def test_the_square_stands_there_too(language: str, mirrored: bool) -> None:
    sheet = Sheet(language, "title", "م", now=NOW)

    sheet.draw_square("NI1:")
    left = min(float(x) for x in re.findall(rb"([\d.]+) [\d.]+ [\d.]+ -?[\d.]+ re", drawing(sheet.as_bytes())))

    assert mirrored == (left > 595 / 2)
