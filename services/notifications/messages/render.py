"""Puts a letter into its two shapes: plain text and HTML."""

from functools import lru_cache

from jinja2 import PackageLoader, StrictUndefined, Template
from jinja2.sandbox import SandboxedEnvironment

from services.notifications.messages.presenter import Letter
from shared.dates import unbroken


def render_text(letter: Letter) -> str:
    """The letter as plain text, one line per sentence group, so that any phone wraps it."""
    return _template("notice.txt").render(letter=letter)


def render_html(letter: Letter) -> str:
    """The letter as a small page of its own: no images, no scripts, nothing fetched."""
    return _template("notice.html").render(letter=letter)


@lru_cache
def _template(name: str) -> Template:
    environment = SandboxedEnvironment(
        loader=PackageLoader("services.notifications.messages"),
        autoescape=name.endswith(".html"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["unbroken"] = unbroken
    return environment.get_template(name)
