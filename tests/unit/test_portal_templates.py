"""Forms of the portal: what is filled in goes along into another language, on every page that asks for something."""

import re
from pathlib import Path

import pytest

from services.scheduling.web.pages import HERE

TEMPLATES = sorted((HERE / "templates").glob("*.html"))
FILLED_IN = re.compile(r"\{\{ govuk(?:Input|Textarea|Select|Radios|Checkboxes)\(")
BY_ADDRESS = {"times.html", "taken.html"}
"""Their forms are sent by GET: what is looked at stands in the address, which the other languages have too."""
SHOWN_AGAIN = {"needs-check.html"}
"""An answer that is shown once more; only how to go on is chosen there."""


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_a_page_that_asks_for_something_takes_it_along_into_another_language(template: Path) -> None:
    source = template.read_text()
    asks = bool(FILLED_IN.search(source)) and template.name not in BY_ADDRESS | SHOWN_AGAIN | {"parts.html"}

    assert (asks, asks) == ("{% set asks = " in source, source.count('id="asks")') == 1)
