"""What is said aloud of a page: the text that its content shows, but nothing of a household and nothing that changes by itself."""

from collections.abc import Mapping
from html.parser import HTMLParser
from typing import Any

from services.scheduling.domain.logins import CODE_HOLDS

ALOUD: Mapping[str, Mapping[str, Any]] = {
    "start": {},
    "case": {},
    "code": {"minutes": str(int(CODE_HOLDS.total_seconds() // 60))},
    "verify": {"words": {}, "sites": []},
    "asked": {},
}
"""The pages that can be heard, and what their templates are given as long as nobody has typed anything."""

SILENT = {"audio", "dl", "input", "script", "select", "svg", "template", "textarea", "video"}
"""What is not said: what a household typed or has (a `dl` holds facts of its case), and what is no text."""
MARKS = {"data-silent", "hidden"}
"""Attributes of what is not said: what changes without a new text, and what a page shows only with a script."""
IN_A_LINE = {"a", "b", "bdi", "em", "span", "strong"}
"""What does not end a sentence."""
EMPTY = {"br", "hr", "img", "input", "link"}
"""What has no end tag."""


def aloud(html: str) -> str:
    """The paragraphs to be said of a page, a blank line between them."""
    reader = _Reader()
    reader.feed(html)
    said = (" ".join(paragraph.split()) for paragraph in reader.paragraphs)
    return "\n\n".join(paragraph for paragraph in said if paragraph)


class _Reader(HTMLParser):
    """Goes through a page; `silent` are the open tags of what is not said, the outermost first."""

    def __init__(self) -> None:
        super().__init__()
        self.paragraphs = [""]
        self._silent: list[str] = []
        self._in_content = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in IN_A_LINE:
            self.paragraphs.append("")
        self._in_content = self._in_content or tag == "main"
        is_silent = tag in SILENT or any(name in MARKS for name, _ in attrs)
        if tag not in EMPTY and (self._silent or is_silent):
            self._silent.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """A tag that closes itself holds no text."""

    def handle_endtag(self, tag: str) -> None:
        if tag not in IN_A_LINE:
            self.paragraphs.append("")
        self._in_content = self._in_content and tag != "main"
        if tag in self._silent:  # what it holds may have no end tag of its own
            del self._silent[-1 - self._silent[::-1].index(tag) :]

    def handle_data(self, data: str) -> None:
        if self._in_content and not self._silent:
            self.paragraphs[-1] += data
