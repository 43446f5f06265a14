import re
from datetime import date, time
from pathlib import Path

import pytest

from services.notifications.messages import LANGUAGES_DIR
from shared.dates import language_name, language_names, long_date, time_of_day
from shared.events import NoticeKind
from shared.languages import (
    Catalogue,
    MissingText,
    choose_catalogue,
    direction_of,
    read_catalogue,
    read_catalogues,
)
from tests.catalogues import faults_of, placeholders
from tests.portal import DRAFTS, LANGUAGES


def test_every_language_has_every_message_with_the_same_placeholders() -> None:
    catalogues = {path.stem: read_catalogue(path) for path in LANGUAGES_DIR.glob("*.po")}

    assert catalogues.keys() == set(LANGUAGES)
    assert faults_of(catalogues) == []


def test_a_draft_has_every_message_too_with_the_same_placeholders() -> None:
    english = read_catalogue(LANGUAGES_DIR / "en.po")

    assert {path.stem for path in (LANGUAGES_DIR / "drafts").glob("*.po")} == set(DRAFTS)
    assert [] == [
        fault
        for tag in DRAFTS
        for fault in faults_of({"en": english, tag: read_catalogue(LANGUAGES_DIR / "drafts" / f"{tag}.po")})
    ]


def test_the_guard_sees_a_missing_text_and_a_missing_placeholder() -> None:
    english = Catalogue("en", {"a": "at {time}", "b": "b"})
    french = Catalogue("fr", {"a": "à l’heure"})

    assert sorted(faults_of({"en": english, "fr": french})) == ["fr: a", "fr: b"]


def test_every_kind_of_notice_has_its_first_sentence() -> None:
    catalogues = read_catalogues(LANGUAGES_DIR)

    assert all(catalogues["es"].has(f"lead.{kind}") for kind in NoticeKind)


def test_placeholders_are_plain_names_that_cannot_reach_into_a_value() -> None:
    for catalogue in read_catalogues(LANGUAGES_DIR, DRAFTS).values():
        for text in catalogue.texts.values():
            assert all(re.fullmatch("[a-z_]+", name) for name in placeholders(text)), text


def test_a_value_with_braces_is_shown_and_not_read() -> None:
    catalogue = Catalogue("en", {"place": "at {city}"})

    assert catalogue.text("place", city="{city.__class__}") == "at {city.__class__}"


def test_no_subject_and_no_calendar_title_says_more_than_that_there_is_a_date() -> None:
    for catalogue in read_catalogues(LANGUAGES_DIR, DRAFTS).values():
        for key in ("subject", "calendar.summary"):
            assert placeholders(catalogue.texts[key]) == set()
            assert len(catalogue.texts[key].split()) <= 2


def test_a_service_does_not_start_when_a_language_lacks_a_text(tmp_path: Path) -> None:
    header = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\n'
    (tmp_path / "en.po").write_text(f'{header}msgid "a"\nmsgstr "A"\n\nmsgid "b"\nmsgstr "B"\n')
    (tmp_path / "es.po").write_text(f'{header}msgid "a"\nmsgstr "A"\n\nmsgid "b"\nmsgstr ""\n')

    with pytest.raises(MissingText, match="b in es"):
        read_catalogues(tmp_path)


@pytest.mark.parametrize(
    ("requested", "used"),
    [
        ("ht", "ht"),
        ("pt-BR", "pt"),
        ("pt_BR", "pt"),
        ("FR-ca", "fr"),
        ("es-419", "es"),
        ("mam", "es"),
        ("zh-Hans", "es"),
        ("und", "es"),
        ("", "es"),
        ("zz-Xx", "es"),
        ("ar", "es"),
    ],
)
def test_a_household_gets_its_language_or_the_nearest_one(requested: str, used: str) -> None:
    assert choose_catalogue(requested, read_catalogues(LANGUAGES_DIR)).language == used


def test_a_draft_is_written_only_where_settings_say_so() -> None:
    assert "ar" == choose_catalogue("ar-EG", read_catalogues(LANGUAGES_DIR, DRAFTS)).language


def test_a_value_among_words_from_right_to_left_keeps_its_own_direction() -> None:
    texts = {"time": "{time} ({offset})"}

    assert "\u20689:00\u2069 (\u2068UTC-6\u2069)" == Catalogue("ar", texts).text("time", time="9:00", offset="UTC-6")
    assert "9:00 ص (\u2068UTC-6\u2069)" == Catalogue("ar", texts).text("time", time="9:00 ص", offset="UTC-6")
    assert "9:00 (UTC-6)" == Catalogue("en", texts).text("time", time="9:00", offset="UTC-6")


@pytest.mark.parametrize(
    ("language", "direction"),
    [("ar", "rtl"), ("ar-EG", "rtl"), ("es", "ltr"), ("mam", "ltr"), ("zz-Xx", "ltr"), ("", "ltr")],
)
def test_a_language_that_nobody_knows_runs_from_left_to_right(language: str, direction: str) -> None:
    assert direction == direction_of(language)


def test_without_spanish_english_is_used() -> None:
    assert choose_catalogue("mam", {"en": Catalogue("en", {})}).language == "en"


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("ar", "الاثنين، 14 ديسمبر 2026"),
        ("es", "lunes, 14 de diciembre de 2026"),
        ("en", "Monday, December 14, 2026"),
        ("fr", "lundi 14 décembre 2026"),
        ("ht", "lendi 14 desanm 2026"),
        ("pt", "segunda-feira, 14 de dezembro de 2026"),
    ],
)
def test_a_date_is_written_in_words_of_its_language(language: str, expected: str) -> None:
    assert long_date(date(2026, 12, 14), language) == expected


@pytest.mark.parametrize(
    ("language", "first"), [("ht", "vandredi premye janvye 2027"), ("fr", "vendredi 1er janvier 2027")]
)
def test_the_first_of_a_month_is_said_as_such(language: str, first: str) -> None:
    assert first == long_date(date(2027, 1, 1), language)
    assert "1er" not in long_date(date(2027, 1, 11), language)


@pytest.mark.parametrize("language", ["mam", "kek", "quc", "kjb", "MAM", "mam-GT", "und", "zz-Xx", ""])
def test_where_nobody_knows_a_languages_months_they_are_said_in_spanish_and_nothing_fails(language: str) -> None:
    names = language_names("es+kek", language)

    assert "lunes, 14 de diciembre de 2026" == long_date(date(2026, 12, 14), language)
    assert "7:00 p. m." == time_of_day(time(19, 0), language)
    assert "español y Q'eqchi'" == names


def test_a_language_that_babel_knows_speaks_for_itself_with_a_clock_of_24_hours() -> None:
    assert "понедельник, 14 декабря 2026 г." == long_date(date(2026, 12, 14), "ru")
    assert "2026年12月14日星期一" == long_date(date(2026, 12, 14), "zh-Hans")
    assert "19:00" == time_of_day(time(19, 0), "ru")


@pytest.mark.parametrize(
    ("language", "morning", "noon", "evening"),
    [
        ("ar", "9:05 ص", "12:30 م", "7:00 م"),
        ("es", "9:05 a. m.", "12:30 p. m.", "7:00 p. m."),
        ("en", "9:05 AM", "12:30 PM", "7:00 PM"),
        ("fr", "09:05", "12:30", "19:00"),
        ("ht", "9:05 nan maten", "12:30 nan apremidi", "7:00 nan aswè"),
        ("pt", "09:05", "12:30", "19:00"),
    ],
)
def test_a_time_of_day_cannot_be_taken_for_the_other_half_of_the_day(
    language: str, morning: str, noon: str, evening: str
) -> None:
    written = [time_of_day(clock, language) for clock in (time(9, 5), time(12, 30), time(19, 0))]

    assert written == [morning, noon, evening]


@pytest.mark.parametrize(
    ("tag", "language", "name"),
    [
        ("mam", "es", "Mam"),
        ("kek", "en", "Q'eqchi'"),
        ("ht", "es", "criollo haitiano"),
        ("ht", "ht", "kreyòl ayisyen"),
        ("zh-Hans", "en", "Simplified Chinese"),
        ("ar-EG", "fr", "arabe"),
        ("zz-Xx", "es", "zz-Xx"),
    ],
)
def test_an_interpreter_is_named_by_the_language(tag: str, language: str, name: str) -> None:
    assert language_name(tag, language) == name


@pytest.mark.parametrize(
    ("tags", "language", "names"),
    [
        ("mam", "es", "Mam"),
        ("es+mam", "es", "español y Mam"),
        ("en+es", "es", "inglés y español"),
        ("es+ixl", "es", "español e Ixil"),
        ("ixl+mam", "es", "Ixil y Mam"),
        ("es+kek+quc", "es", "español, Q'eqchi' y K'iche'"),
        ("es+mam", "en", "Spanish and Mam"),
        ("ar+es+mam", "en", "Arabic, Spanish, and Mam"),
        ("es+mam", "fr", "espagnol et Mam"),
        ("es+mam", "pt", "espanhol e Mam"),
        ("es+mam", "ht", "panyòl ak Mam"),
        ("ar+es+mam", "ht", "arab, panyòl ak Mam"),
        ("es+zz-Xx", "en", "Spanish and zz-Xx"),
    ],
)
def test_an_interpreter_of_several_languages_is_named_by_all_of_them(tags: str, language: str, names: str) -> None:
    assert language_names(tags, language) == names
