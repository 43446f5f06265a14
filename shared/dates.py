"""Dates, times and names of languages as people of each language write them."""

import contextlib
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_time, get_date_format, get_day_names, get_month_names
from babel.lists import format_list

from shared.languages import FALLBACKS

CLOCKS = {"ar": "h:mm a", "es": "h:mm a", "en": "h:mm a", "fr": "HH:mm", "pt": "HH:mm"}
"""How each language writes a time of day; with a. m. and p. m. where half a day could be meant."""
ANY_CLOCK = "HH:mm"
"""How any other language does: 24 hours can be taken for nothing else."""

FIRSTS = {"fr": "1er", "ht": "premye"}
"""The first of a month, where it is not said as the other days are."""

HAITIAN_DAYS = ("lendi", "madi", "mèkredi", "jedi", "vandredi", "samdi", "dimanch")
HAITIAN_MONTHS = (
    "janvye",
    "fevriye",
    "mas",
    "avril",
    "me",
    "jen",
    "jiyè",
    "out",
    "septanm",
    "oktòb",
    "novanm",
    "desanm",
)
"""Ours, since Babel writes French for Haitian Creole."""

LIKE = {"ht": "fr"} | dict.fromkeys(
    "acr cab ixl jac kek kjb mam miq nah poc quc toj tzh tzj tzo und".split(), FALLBACKS[0]
)
"""Whose words are used where Babel knows no language (mam, kek) or not its months (quc writes M12): those of the offices that
its speakers deal with. Nobody has given us better ones. Source: docs/domain.md, "Languages"."""

LANGUAGE_NAMES = {
    "acr": "Achi",
    "ase": "ASL",
    "cab": "Garífuna",
    "ixl": "Ixil",
    "jac": "Popti'",
    "kek": "Q'eqchi'",
    "kjb": "Q'anjob'al",
    "mam": "Mam",
    "mfs": "LSM",
    "miq": "Miskitu",
    "nah": "Nahuatl",
    "quc": "K'iche'",
    "toj": "Tojolabal",
    "tzh": "Tseltal",
    "tzj": "Tz'utujil",
    "tzo": "Tsotsil",
}
"""Names that the speakers use, for languages that Babel does not know or calls otherwise."""

HAITIAN_LANGUAGE_NAMES = {
    "ar": "arab",
    "en": "angle",
    "es": "panyòl",
    "fr": "franse",
    "ht": "kreyòl ayisyen",
    "pt": "pòtigè",
    "ru": "ris",
    "zh": "chinwa",
}


def long_date(day: date, language: str) -> str:
    """Weekday, day, month and year in words."""
    if language == "ht":
        said = f"{HAITIAN_DAYS[day.weekday()]} {day.day} {HAITIAN_MONTHS[day.month - 1]} {day.year}"
    else:
        said = _plain(format_date(day, "full", locale=_known(language)))
    return said.replace(" 1 ", f" {FIRSTS[language]} ", 1) if language in FIRSTS else said


def _plain(said: str) -> str:
    """With plain spaces, so that old phones show them."""
    return said.replace("\u202f", " ").replace("\u00a0", " ")


def _known(language: str) -> Locale:
    """The language as Babel knows it; for one that it does not know, another that is understood. Never fails."""
    tag = language.replace("_", "-")
    with contextlib.suppress(ValueError, UnknownLocaleError):
        return Locale.parse(LIKE.get(tag.split("-")[0].lower(), tag), sep="-")
    return Locale.parse(FALLBACKS[0])


def time_of_day(clock: time, language: str) -> str:
    """The time as it is said."""
    if language == "ht":
        return _haitian_time(clock)
    known = _known(language)
    return _plain(format_time(clock, CLOCKS.get(known.language, ANY_CLOCK), locale=known))


def date_words(language: str) -> dict[str, Any]:
    """What writes dates and times elsewhere as `long_date` and `time_of_day` do: `date`, a text with {weekday}, {day},
    {month} and {year}; `first`, how the first of a month is said; `weekdays` from Monday; `months`; `hours`, for
    each of the day a text with {minute}."""
    if language == "ht":
        pattern, weekdays, months = "{weekday} {day} {month} {year}", HAITIAN_DAYS, HAITIAN_MONTHS
    else:
        fields = {"EEEE": "{weekday}", "d": "{day}", "MMMM": "{month}", "y": "{year}"}
        pattern = str(get_date_format("full", locale=language).format) % fields
        weekdays = tuple(name for _, name in sorted(get_day_names("wide", locale=language).items()))
        months = tuple(name for _, name in sorted(get_month_names("wide", locale=language).items()))
    hours = [time_of_day(time(hour, 59), language).replace("59", "{minute}") for hour in range(24)]
    first = FIRSTS.get(language, "1")
    return {"date": pattern, "first": first, "weekdays": weekdays, "months": months, "hours": hours}


def _haitian_time(clock: time) -> str:
    part = "nan maten" if clock.hour < 12 else "nan apremidi" if clock.hour < 18 else "nan aswè"
    return f"{(clock.hour - 1) % 12 + 1}:{clock.minute:02} {part}"


def utc_offset(wall_time: datetime, instant: datetime) -> str:
    """`UTC-6`, `UTC+5:30`: what the wall time at the site was when the instant was derived from it."""
    offset = wall_time.replace(tzinfo=None) - instant.replace(tzinfo=None)
    minutes = round(abs(offset) / timedelta(minutes=1))
    sign = "-" if offset < timedelta(0) else "+"
    return f"UTC{sign}{minutes // 60}" + (f":{minutes % 60:02}" if minutes % 60 else "")


def unbroken(text: str) -> str:
    """The text with a true minus in its offset, at which no line ends, and with no end of a line within p. m."""
    return text.replace("UTC-", "UTC\u2212").replace(". m.", ".\u00a0m.")


def language_names(tags: str, language: str) -> str:
    """The names of an interpreter's languages, given as `es+mam`, as a list that a reader of `language` would write."""
    return listed([language_name(tag, language) for tag in tags.split("+") if tag], language)


def listed(names: Sequence[str], language: str) -> str:
    """The names as a list that a reader of `language` would write."""
    if language == "ht":
        return " ak ".join(part for part in (", ".join(names[:-1]), names[-1]) if part)
    listed = format_list(names, locale=_known(language))
    if _known(language).language == "es" and len(names) > 1 and names[-1].lower().startswith(("i", "hi")):
        return f" e {names[-1]}".join(listed.rsplit(f" y {names[-1]}", 1))  # Babel does not know that y becomes e
    return listed


def language_name(tag: str, language: str) -> str:
    """The name of an interpreter's language for a reader of `language`; the tag itself when nobody knows a name."""
    primary = tag.replace("_", "-").split("-")[0].lower()
    if primary in LANGUAGE_NAMES:
        return LANGUAGE_NAMES[primary]
    if language == "ht" and primary in HAITIAN_LANGUAGE_NAMES:
        return HAITIAN_LANGUAGE_NAMES[primary]
    return _babel_name(tag, primary, _known(language))


def _babel_name(tag: str, primary: str, reader: Locale) -> str:
    names = reader.languages
    try:
        known = Locale.parse(tag, sep="-" if "-" in tag else "_")
    except (ValueError, UnknownLocaleError):
        return str(names.get(primary, tag))
    with_script = f"{known.language}_{known.script}" if known.script else known.language
    return str(names.get(with_script) or names.get(primary) or tag)
