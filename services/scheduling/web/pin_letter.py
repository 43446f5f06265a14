"""The sheet with a household's reference and PIN, by which it comes to its pages without e-mail."""

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.scheduling.access.pins import MadePin
from services.scheduling.web.presented import Fact
from services.scheduling.web.sheet import Sheet
from shared.crypto import Sealer, Undecipherable
from shared.dates import long_date
from shared.languages import Catalogue

CASE = "/case"
"""Where the reference is typed, after the language."""


@dataclass(frozen=True, slots=True)
class PinLetter:
    """What is printed, in order. It names no programme and nobody: who finds it learns no more than the PIN opens."""

    language: str
    title: str
    facts: tuple[Fact, ...]
    sentences: Sequence[str]


def present_pin(made: MadePin, catalogue: Catalogue, host: str) -> PinLetter:
    """The sheet in the catalogue's language; `host` is the portal's, as people type it. The last day is one anywhere on Earth."""
    last_day = (made.holds_until - timedelta(days=1)).date()
    facts = (
        Fact(catalogue.text("mine.reference"), made.case_ref, matters_most=True),
        Fact(catalogue.text("pin.pin"), made.in_groups, matters_most=True),
        Fact(catalogue.text("pin.until"), long_date(last_day, catalogue.language)),
        Fact(catalogue.text("pin.address"), f"{host}/{catalogue.language}{CASE}"),
    )
    free = f"{catalogue.text('free.title')}. {catalogue.text('free.text')}"
    sentences = (*(catalogue.text(f"pin.{key}") for key in ("how", "secret", "lost")), free)
    return PinLetter(catalogue.language, catalogue.text("pin.title"), facts, sentences)


def sealed(made: MadePin, sealer: Sealer, session: str) -> str:
    """What the page takes along into another language. It opens in the session that made it, and nothing of it is kept here."""
    said = json.dumps([made.pin, made.holds_until.isoformat(), made.locale])
    return base64.urlsafe_b64encode(sealer.seal(said.encode(), _place(made.case_ref, session))).decode()


def opened(text: str, sealer: Sealer, case_ref: str, session: str) -> MadePin | None:
    """The PIN again; None when it is of another case or session, or not ours."""
    try:
        said = sealer.open(base64.urlsafe_b64decode(text), _place(case_ref, session))
    except (Undecipherable, binascii.Error, ValueError):
        return None
    pin, holds_until, locale = json.loads(said)
    return MadePin(case_ref, pin, datetime.fromisoformat(holds_until), locale)


def _place(case_ref: str, session: str) -> str:
    return f"pin sheet {case_ref} {session}"


def pin_pdf(letter: PinLetter, now: datetime) -> bytes:
    """The same as one sheet; its metadata say nothing of the household."""
    said = "".join((letter.title, *(fact.label + fact.value for fact in letter.facts), *letter.sentences))
    sheet = Sheet(letter.language, letter.title, said, now=now)
    sheet.write(letter.title, size=18, bold=True)
    sheet.write_facts(letter.facts)
    sheet.leave(4)
    for sentence in letter.sentences:
        sheet.write(sentence, size=12)
    return sheet.as_bytes()
