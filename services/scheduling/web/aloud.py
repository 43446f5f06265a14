"""What is said aloud of a page: the text that its content shows, but nothing of a household and nothing that changes by itself."""

from collections import defaultdict
from html.parser import HTMLParser

from shared.languages import Catalogue, MissingText

INSTEAD = "data-aloud"
"""The attribute that names what is said instead of what an element holds; nothing if it is empty."""
SILENT = {"audio", "dl", "input", "script", "select", "svg", "template", "textarea", "video"}
"""What is not said: what a household typed or has (a `dl` holds facts of its case), and what is no text."""
UNSEEN = "govuk-visually-hidden"
"""The class of what is there for programs that read the screen."""
IN_A_LINE = {"a", "b", "bdi", "em", "span", "strong"}
"""What does not end a sentence."""
EMPTY = {"br", "hr", "img", "input", "link"}
"""What has no end tag."""


def aloud(html: str) -> tuple[str, ...]:
    """The paragraphs to be said of a page."""
    reader = _Reader()
    reader.feed(html)
    said = (" ".join(paragraph.split()) for paragraph in reader.paragraphs)
    return tuple(paragraph for paragraph in said if paragraph)


class Aloud(Catalogue):
    """The texts of a language as they are said: "what is written on this page" in place of every date and number."""

    def text(self, key: str, **values: str) -> str:
        """Raises: MissingText."""
        if key not in self.texts:
            raise MissingText(f"{key} in {self.language}")
        return self.texts[key].format_map(defaultdict(lambda: self.texts["listen.written"]))


class _Reader(HTMLParser):
    """Goes through a page; `silent` are the open tags of what is not said, the outermost first."""

    def __init__(self) -> None:
        super().__init__()
        self.paragraphs = [""]
        self._silent: list[str] = []
        self._in_content = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        if tag not in IN_A_LINE or named.get("role") == "button":
            self.paragraphs.append("")
        self._in_content = self._in_content or tag == "main"
        is_silent = tag in SILENT or bool({INSTEAD, "hidden"} & named.keys()) or UNSEEN in (named.get("class") or "")
        if is_silent and self._in_content and not self._silent:
            self.paragraphs[-1] += named.get(INSTEAD) or ""
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
