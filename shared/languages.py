"""The texts in every language, read once at start from gettext catalogues."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from babel.messages.pofile import read_po

FALLBACKS = ("es", "en")
"""Languages tried in turn when the household's own has no texts. Source: docs/domain.md, "Languages"."""


class MissingText(LookupError):
    """A language has no such text: add it to languages/<language>.po."""


@dataclass(frozen=True)
class Catalogue:
    """The texts of one language."""

    language: str
    texts: Mapping[str, str]

    def text(self, key: str, **values: str) -> str:
        """The text with its placeholders filled in. Values are only inserted, never read as placeholders.

        Raises: MissingText.
        """
        if key not in self.texts:
            raise MissingText(f"{key} in {self.language}")
        return self.texts[key].format(**values)

    def has(self, key: str) -> bool:
        return key in self.texts


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
