"""What stands on a letter, on the page and on the sheet. Pure."""

from dataclasses import dataclass

import segno
from markupsafe import Markup

from services.scheduling.domain.letters import Bookings, letter_of
from services.scheduling.letters.signatures import SigningKeys
from services.scheduling.letters.text import encode, readable
from services.scheduling.web.interview import Standing, facts_of
from services.scheduling.web.presented import Fact
from shared.languages import Catalogue


@dataclass(frozen=True, slots=True)
class LetterPage:
    """What is printed: `square_text` is what the square holds, `text` the same for people."""

    facts: tuple[Fact, ...]
    square_text: str
    text: str

    @property
    def square(self) -> Markup:
        """The square as an image in the page."""
        image = square_of(self.square_text).svg_inline(omitsize=True, svgclass=None, lineclass=None)
        return Markup(image)  # noqa: S704 (made of nothing but numbers)


def present_letter(standing: Standing, bookings: Bookings, catalogue: Catalogue, keys: SigningKeys) -> LetterPage:
    """The letter of a booked case. The programme stays out of it: who finds the paper must not read it. Raises: ValueError."""
    live = standing.case.live
    if live is None:
        raise ValueError(f"case {standing.case.case_ref} has no appointment: it is booked first")
    text = encode(letter_of(standing.case.case_ref, live, catalogue.language, bookings), keys)
    facts = (
        Fact(catalogue.text("mine.reference"), standing.case.case_ref, matters_most=True),
        *(fact for fact in facts_of(standing, catalogue) if fact.label != catalogue.text("fact.programme")),
        Fact(catalogue.text("letter.bring"), catalogue.text("letter.bring.text")),
    )
    return LetterPage(facts, text, readable(text))


def square_of(text: str) -> segno.QRCode:
    """The QR code, of which a quarter may be lost."""
    return segno.make(text, error="q", boost_error=False, micro=False)
