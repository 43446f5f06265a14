"""What the script of the page that checks letters says: the same texts as the server, given to it as data."""

from typing import Any

from services.scheduling.domain.letters import Verdict
from shared.dates import date_words
from shared.languages import Catalogue

STALE = "stale"
"""The script's own verdict: signed by us, but nobody here knows whether it was superseded since."""


def words(catalogue: Catalogue) -> dict[str, Any]:
    """Every text, with its placeholders, and the words of dates."""
    text = catalogue.text
    return {
        "headings": {
            **{verdict: text(f"verify.{verdict}") for verdict in Verdict if catalogue.has(f"verify.{verdict}")},
            STALE: text("verify.cannot"),
            "not": text("verify.not"),
        },
        "verdicts": {verdict: text(f"verify.{verdict}.text") for verdict in (*Verdict, STALE)},
        "offline": text("verify.offline", date="{date}", time="{time}"),
        "reference": text("verify.reference"),
        "day": text("fact.date"),
        "time": text("fact.time"),
        "time_at": text("value.time", time="{time}", city="{city}", offset="{offset}"),
        "place": text("fact.place"),
        "address": text("mine.address"),
        "people": text("fact.people"),
        "site_name": text("site.name"),
        **date_words(catalogue.language),
    }
