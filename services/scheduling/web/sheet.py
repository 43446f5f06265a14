"""A sheet of paper as a PDF, written from its top in the direction of its language."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from services.scheduling.web.files import BUILT
from services.scheduling.web.letter_page import square_of
from services.scheduling.web.presented import Fact
from shared.languages import direction_of

CHARACTERS = "cp1252"
"""What the fonts can show that every reader of PDF has. A sheet with anything else brings the letters that it needs, and
whatever even our font cannot show is a box on it."""
OWN_FONT: dict[Literal["", "B"], str] = {"": "sheet.ttf", "B": "sheet-bold.ttf"}
"""Arabic and Latin letters, by style. Built by `deploy/assets.py`."""
MARGIN, LABEL, GAP, LINE, SQUARE = 20.0, 48.0, 2.0, 6.0, 52.0
"""In millimetres. A line is so high at 11 points."""


class Sheet:
    """`said` is everything that will be written on it; its metadata say nothing but title and moment."""

    def __init__(self, language: str, title: str, said: str, *, now: datetime) -> None:
        from fpdf import FPDF  # here, since to load it takes a fifth of the service's start, and few sheets are written

        self._pdf = FPDF(format="A4")
        self._pdf.core_fonts_encoding = CHARACTERS
        self._pdf.set_margin(MARGIN)
        self._pdf.set_lang(language)
        self._pdf.set_title(title)
        self._pdf.set_creation_date(now)
        self._pdf.add_page()
        self._mirrored = direction_of(language) == "rtl"
        self._has_own_font = not _fits(said)
        for style, name in OWN_FONT.items() if self._has_own_font else ():
            self._pdf.add_font("sheet", style, BUILT / name)

    def write(self, text: str, *, size: int = 11, bold: bool = False) -> None:
        """A paragraph."""
        self._set_font(size, bold=bold)
        self._cell(text, 0, size)
        self._pdf.ln(2)

    def write_facts(self, facts: Sequence[Fact]) -> None:
        """Each fact in a row of its own, behind its label."""
        wide = self._pdf.epw - LABEL - GAP
        label_at, value_at = (MARGIN + wide + GAP, MARGIN) if self._mirrored else (MARGIN, MARGIN + LABEL + GAP)
        for fact in facts:
            top = self._pdf.get_y()
            self._set_font(11, bold=True)
            self._pdf.set_x(label_at)
            self._cell(fact.label, LABEL, 11)
            below = self._pdf.get_y()
            self._pdf.set_xy(value_at, top)
            self._set_font(11, bold=fact.matters_most)
            self._cell(fact.value, wide, 11)
            self._pdf.set_y(max(below, self._pdf.get_y()) + 1)

    def leave(self, millimetres: float) -> None:
        """Free space."""
        self._pdf.ln(millimetres)

    def draw_square(self, text: str) -> None:
        """The QR code, black modules as rectangles."""
        rows = [bytes(row) for row in square_of(text).matrix_iter(border=4)]
        module, top = SQUARE / len(rows), self._pdf.get_y()
        left = MARGIN + self._pdf.epw - SQUARE if self._mirrored else MARGIN
        self._pdf.set_fill_color(0)
        for y, row in enumerate(rows):
            for x, dark in enumerate(row):
                if dark:
                    self._pdf.rect(left + x * module, top + y * module, module, module, style="F")
        self._pdf.set_y(top + SQUARE + 2)

    def write_signs(self, text: str) -> None:
        """Letters and digits to be typed one by one, from left to right in every language."""
        from fpdf.enums import WrapMode  # here, as above

        self._pdf.set_text_shaping(False)
        self._pdf.set_font("courier", size=8)
        self._pdf.multi_cell(0, 4, text, align="L", wrapmode=WrapMode.CHAR, new_x="LMARGIN", new_y="NEXT")
        self._pdf.ln(2)

    def as_bytes(self) -> bytes:
        return bytes(self._pdf.output())

    def _set_font(self, size: int, *, bold: bool) -> None:
        self._pdf.set_text_shaping(self._has_own_font)  # each text in its own direction, as <bdi> does on the page
        self._pdf.set_font("sheet" if self._has_own_font else "helvetica", style="B" if bold else "", size=size)

    def _cell(self, text: str, wide: float, size: int) -> None:
        align = "R" if self._mirrored else "L"
        self._pdf.multi_cell(wide, LINE * size / 11, text, align=align, new_x="LMARGIN", new_y="NEXT")


def _fits(text: str) -> bool:
    try:
        text.encode(CHARACTERS)
    except UnicodeEncodeError:
        return False
    return True
