"""The texts in every language, read once at start from gettext catalogues."""

import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from babel import Locale, UnknownLocaleError
from babel.messages.pofile import read_po

FALLBACKS = ("es", "en")
"""Languages tried in turn when the household's own has no texts. Source: docs/domain.md, "Languages"."""

ISOLATED = "\u2068{}\u2069"
"""What runs from left to right among words that do not: it keeps its direction and turns nothing around it. Source: Unicode
Standard Annex 9, "Explicit Directional Isolates"."""


class MissingText(LookupError):
    """A language has no such text: add it to languages/<language>.po."""


@dataclass(frozen=True)
class Catalogue:
    """The texts of one language."""

    language: str
    texts: Mapping[str, str]

    def text(self, key: str, **values: str) -> str:
        """The text with its placeholders filled in. Values are only inserted, never read as placeholders; each keeps its
        own direction of writing.

        Raises: MissingText.
        """
        if key not in self.texts:
            raise MissingText(f"{key} in {self.language}")
        if direction_of(self.language) == "rtl":
            values = {name: _isolated(value) for name, value in values.items()}
        return self.texts[key].format(**values)

    def has(self, key: str) -> bool:
        return key in self.texts


def _isolated(value: str) -> str:
    """The value, in marks unless its first letter runs from right to left: a line of nothing but marked values has no direction."""
    letters = (unicodedata.bidirectional(each) for each in value)
    first = next((each for each in letters if each in ("L", "R", "AL")), "L")
    return ISOLATED.format(value) if first == "L" else value


@cache
def direction_of(language: str) -> Literal["ltr", "rtl"]:
    """The direction in which a language is written, as HTML names it."""
    try:
        return "rtl" if Locale.parse(language, sep="-").text_direction == "rtl" else "ltr"
    except (ValueError, UnknownLocaleError):
        return "ltr"


def read_catalogues(folder: Path, drafts: Collection[str] = ()) -> dict[str, Catalogue]:
    """The catalogue of every language in a folder of `<language>.po`, by language tag, and those of the drafts.

    Raises: MissingText when one lacks a text that another has; what a draft lacks it says in English.
    """
    found = {path.stem: read_catalogue(path) for path in sorted(folder.glob("*.po"))}
    keys = {key for catalogue in found.values() for key in catalogue.texts}
    for catalogue in found.values():
        missing = sorted(keys - catalogue.texts.keys())
        if missing:
            raise MissingText(f"{', '.join(missing)} in {catalogue.language}: add to languages/{catalogue.language}.po")
    return {**found, **{tag: _draft(folder / "drafts" / f"{tag}.po", found[FALLBACKS[-1]]) for tag in drafts}}


def _draft(path: Path, english: Catalogue) -> Catalogue:
    if not path.exists():
        raise MissingText(f"{path.stem} has no draft: write languages/drafts/{path.name}")
    return Catalogue(path.stem, {**english.texts, **read_catalogue(path).texts})


def read_catalogue(path: Path) -> Catalogue:
    """One language; texts marked fuzzy or left empty count as missing."""
    with path.open("rb") as file:
        messages = read_po(file, locale=None, charset="utf-8")
    texts = {str(each.id): str(each.string) for each in messages if each.id and each.string and not each.fuzzy}
    return Catalogue(path.stem, texts)


def choose_catalogue(requested: str, catalogues: Mapping[str, Catalogue]) -> Catalogue:
    """The catalogue for a BCP 47 tag: the tag, then shorter forms of it, then Spanish, then English.

    Raises: MissingText when there is neither.
    """
    parts = requested.replace("_", "-").lower().split("-")
    shorter = ["-".join(parts[:length]) for length in range(len(parts), 0, -1)]
    for tag in (*shorter, *FALLBACKS):
        if tag in catalogues:
            return catalogues[tag]
    raise MissingText(f"no language of {', '.join(FALLBACKS)}: languages/ is incomplete")
