"""The letter that brings a one-time code for the portal. It says neither whose it is nor what it opens."""

from services.notifications.messages.presenter import Fact, Letter
from shared.languages import Catalogue

NOTES = ("code.valid", "code.secret", "code.not_you")
"""How long it holds is the portal's rule: docs/domain.md, "Log-in"."""


def present_code(code: str, catalogue: Catalogue) -> Letter:
    """The letter for a code in the catalogue's language."""
    label = catalogue.text("fact.code")
    line = catalogue.text("fact.line", label=label, value=code)
    return Letter(
        language=catalogue.language,
        subject=catalogue.text("code.subject"),
        greeting=catalogue.text("code.greeting"),
        lead=catalogue.text("code.lead"),
        facts=(Fact(label, code, line, matters_most=True),),
        notes=tuple(catalogue.text(note) for note in NOTES),
        sections=(),
        footer=catalogue.text("code.noreply"),
    )
