"""The letter as a PDF of one sheet, with the fonts that every reader of PDF has: their letters are those of our five languages."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from fpdf import FPDF
from fpdf.enums import WrapMode, XPos, YPos

from services.scheduling.web.letter_page import LetterPage, square_of
from services.scheduling.web.presented import Fact

CHARACTERS = "cp1252"
"""What these fonts can show; anything else is shown as a question mark."""
MARGIN, LABEL, LINE, SQUARE = 20.0, 50.0, 6.0, 52.0
"""In millimetres."""


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
    pdf = new_sheet(words.language, words.title, now)
    write(pdf, words.title, size=18, style="B")
    write_facts(pdf, page.facts)
    write(pdf, words.free)
    write(pdf, words.check, size=13, style="B")
    write(pdf, words.how)
    _square(pdf, page.square_text)
    pdf.set_font("courier", size=8)
    pdf.multi_cell(0, 4, page.text, wrapmode=WrapMode.CHAR, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    pdf.ln(2)
    write(pdf, words.changed)
    return bytes(pdf.output())


def new_sheet(language: str, title: str, now: datetime) -> FPDF:
    """An empty sheet, with fonts that need not be in the file."""
    pdf = FPDF(format="A4")
    pdf.core_fonts_encoding = CHARACTERS
    pdf.set_margin(MARGIN)
    pdf.set_lang(language)
    pdf.set_title(title)
    pdf.set_creation_date(now)
    pdf.add_page()
    return pdf


def write(pdf: FPDF, text: str, *, size: int = 11, style: str = "") -> None:
    """A paragraph."""
    pdf.set_font("helvetica", style="B" if style else "", size=size)
    pdf.multi_cell(0, LINE * size / 11, _shown(text), align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    pdf.ln(2)


def write_facts(pdf: FPDF, facts: Sequence[Fact]) -> None:
    """Each fact in a row of its own, behind its label."""
    for fact in facts:
        top = pdf.get_y()
        pdf.set_font("helvetica", style="B", size=11)
        pdf.multi_cell(LABEL - 2, LINE, _shown(fact.label), align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        below = pdf.get_y()
        pdf.set_xy(MARGIN + LABEL, top)
        pdf.set_font("helvetica", style="B" if fact.matters_most else "", size=11)
        pdf.multi_cell(0, LINE, _shown(fact.value), align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        pdf.set_y(max(below, pdf.get_y()) + 1)


def _square(pdf: FPDF, text: str) -> None:
    """The QR code, black modules as rectangles."""
    rows = [bytes(row) for row in square_of(text).matrix_iter(border=4)]
    module, left, top = SQUARE / len(rows), pdf.get_x(), pdf.get_y()
    pdf.set_fill_color(0)
    for y, row in enumerate(rows):
        for x, dark in enumerate(row):
            if dark:
                pdf.rect(left + x * module, top + y * module, module, module, style="F")
    pdf.set_y(top + SQUARE + 2)


def _shown(text: str) -> str:
    return text.encode(CHARACTERS, "replace").decode(CHARACTERS)
