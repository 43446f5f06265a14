"""Letters that bring one-time codes for the portal, and the one to an address that is no contact any more. None says whose it
is, what it opens, or which other address there is."""

from services.notifications.messages.presenter import Fact, Letter
from shared.languages import Catalogue

NOTES = ("code.valid", "code.secret", "code.not_you")
"""How long it holds is the portal's rule: docs/domain.md, "Log-in"."""
CONTACT_NOTES = ("contact-code.valid", "code.secret", "contact-code.not_you")
"""How long it holds is intake's rule: docs/domain.md, "Own contact"."""
WARNING_NOTES = ("contact-changed.you", "contact-changed.not_you")


def present_code(code: str, catalogue: Catalogue) -> Letter:
    """The letter for a code in the catalogue's language."""
    return _letter("code", _code_fact(code, catalogue), NOTES, catalogue)


def present_contact_code(code: str, catalogue: Catalogue) -> Letter:
    """The letter to a new address: whoever types its code back reads there."""
    return _letter("contact-code", _code_fact(code, catalogue), CONTACT_NOTES, catalogue)


def present_contact_warning(catalogue: Catalogue) -> Letter:
    """The letter to an address that is no contact any more."""
    return _letter("contact-changed", (), WARNING_NOTES, catalogue)


def _code_fact(code: str, catalogue: Catalogue) -> tuple[Fact, ...]:
    label = catalogue.text("fact.code")
    return (Fact(label, code, catalogue.text("fact.line", label=label, value=code), matters_most=True),)


def _letter(kind: str, facts: tuple[Fact, ...], notes: tuple[str, ...], catalogue: Catalogue) -> Letter:
    return Letter(
        language=catalogue.language,
        subject=catalogue.text(f"{kind}.subject"),
        greeting=catalogue.text("code.greeting"),
        lead=catalogue.text(f"{kind}.lead"),
        facts=facts,
        notes=tuple(catalogue.text(note) for note in notes),
        sections=(),
        footer=catalogue.text("code.noreply"),
    )
