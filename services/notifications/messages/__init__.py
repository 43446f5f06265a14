"""Turns a notice into an e-mail in the household's language: words from the catalogues, dates from the presenter."""

from pathlib import Path

LANGUAGES_DIR = Path(__file__).parent.parent / "languages"
"""What notices say: one gettext catalogue for each language."""
