"""The letter as a PDF of one sheet."""

from dataclasses import astuple, dataclass
from datetime import datetime

from services.scheduling.web.letter_page import LetterPage
from services.scheduling.web.sheet import Sheet


@dataclass(frozen=True, slots=True)
class Words:
    """What stands on the sheet beside the facts."""

    language: str
    title: str
    free: str
    check: str
    how: str
    changed: str


def letter_pdf(page: LetterPage, words: Words, now: datetime) -> bytes:
    """The sheet; its metadata say nothing of the household."""
    said = "".join((*astuple(words), *(fact.label + fact.value for fact in page.facts)))
    sheet = Sheet(words.language, words.title, said, now=now)
    sheet.write(words.title, size=18, bold=True)
    sheet.write_facts(page.facts)
    sheet.leave(3)
    sheet.write(words.free)
    sheet.write(words.check, size=13, bold=True)
    sheet.write(words.how)
    sheet.draw_square(page.square_text)
    sheet.write_signs(page.text)
    sheet.write(words.changed)
    return sheet.as_bytes()
