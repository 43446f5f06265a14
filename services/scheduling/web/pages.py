"""How a page is made: the language of its address, its template, its headers."""

import re
from collections.abc import Collection, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse
from jinja2 import ChoiceLoader, Environment, PackageLoader, PrefixLoader
from markupsafe import Markup, escape

from services.scheduling.web.aloud import Aloud, aloud
from services.scheduling.web.audio import AudioFiles, Voice
from services.scheduling.web.files import read_file
from shared.languages import FALLBACKS, Catalogue, direction_of, read_catalogues

HERE = Path(__file__).parent
STYLES = {"ltr": "portal.css", "rtl": "portal-rtl.css"}
"""The style sheet of each direction of writing, one the mirror of the other. Built by `deploy/assets.py`."""
CONTENT = (
    "default-src 'none'; style-src 'self'; img-src 'self'; media-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""Content-Security-Policy of pages: our own style sheet, images and voices, no script."""
WITH_SCRIPT = f"{CONTENT}; script-src 'self'"
"""That of pages with buttons and errors, which our own script makes easier; all work without it."""
SCRIPT = "portal.js"
FOR_A_YEAR = "public, max-age=31536000, immutable"
"""Cache-Control of files whose name changes when they do."""

EXIT_TO = "https://www.wikipedia.org/"
"""Where "Exit this page" leads: light enough to be there at once on a slow phone, in every language, and of no subject."""
OF_A_CASE = ("/case", "/my-interview", "/assist/pin")
"""How addresses of the pages begin that say something of a case or lead to one."""

REFERENCE = re.compile(r"\b([0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4})\b([.,:;]?)")
"""As texts name one for an example, with what must not begin the next line."""
MASKED = re.compile(r"(\S…@\S…\.[\w-]+)([.,:;]?)")
"""An address as intake shows it: a line may end after each of its dots."""
UNBROKEN = r'<span class="puente-unbroken"><bdi class="{}" dir="ltr">\1</bdi>\2</span>'

MACROS = PrefixLoader({"govuk_frontend_jinja": PackageLoader("govuk_frontend_jinja")})
"""The components of GOV.UK Frontend, under the name by which they import each other."""


class Pages:
    """Renders templates in every language that has a catalogue, and in those drafts of one that are asked for."""

    def __init__(self, drafts: Collection[str] = (), audio: AudioFiles | None = None) -> None:
        self.catalogues: Mapping[str, Catalogue] = read_catalogues(HERE / "languages", drafts)
        self._styles = {direction: read_file(name) for direction, name in STYLES.items()}
        self._script = read_file(SCRIPT)
        self.files = {file.path: file for file in (*self._styles.values(), self._script)}
        self._templates = Environment(
            loader=ChoiceLoader([PackageLoader("services.scheduling.web"), MACROS]),
            autoescape=True,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.filters["whole"] = whole
        voices = {language: (audio or AudioFiles()).voice(language) for language in self.catalogues}
        self.voices: Mapping[str, Voice] = {language: voice for language, voice in voices.items() if voice}

    def render(self, template: str, language: str, path: str, *, status: int = 200, **values: Any) -> HTMLResponse:
        """The page in that language. `path` is its address after the language, for the links to the other languages."""
        html = self._html(template, language, path, **values)
        voice = self.voices.get(language)
        if voice and (heard := voice.says(aloud(html))):
            html = self._html(template, language, path, **values, heard=heard)
        policy = WITH_SCRIPT if path else CONTENT
        headers = {"Content-Security-Policy": policy, "Content-Language": language, "Vary": "Accept-Language"}
        return HTMLResponse(html, status, headers)

    def aloud(self, page: str, language: str, /, **values: Any) -> tuple[str, ...]:
        """The paragraphs that are said aloud of a page."""
        return aloud(self._html(f"{page}.html", language, "", **values))

    def _html(self, template: str, language: str, path: str, **values: Any) -> str:
        return self._templates.get_template(template).render(
            t=self.catalogues[language].text,
            aloud=Aloud(language, self.catalogues[language].texts).text,
            has=self.catalogues[language].has,
            language=language,
            direction=direction_of(language),
            others=[(tag, catalogue.text("language.own")) for tag, catalogue in self.catalogues.items()],
            path=path,
            exit_to=EXIT_TO if path.startswith(OF_A_CASE) else None,
            style_path=self.style_of(language),
            script_path=self._script.path if path else None,
            **values,
        )

    def style_of(self, language: str) -> str:
        """The address of the style sheet of pages in that language."""
        return self._styles[direction_of(language)].path

    def language_for(self, request: Request) -> str:
        """The language that the browser asks for first and that we speak, else Spanish."""
        asked = [_weighed(part) for part in request.headers.get("accept-language", "").split(",")]
        for _, tag in sorted(asked, key=lambda each: -each[0]):
            if tag in self.catalogues:
                return tag
        return FALLBACKS[0]

    def redirect(self, request: Request, path: str = "") -> RedirectResponse:
        """To the page of this path in the browser's language."""
        to = f"/{self.language_for(request)}{path}"
        return RedirectResponse(to, status_code=303, headers={"Vary": "Accept-Language"})


def whole(text: str) -> Markup:
    """The text as HTML, in which a reference or a masked address stands on one line, if one has room for it, and runs from
    left to right."""
    said = REFERENCE.sub(UNBROKEN.format("puente-code"), str(escape(text)))
    said = MASKED.sub(UNBROKEN.format("puente-whole"), said)
    return Markup(said)  # noqa: S704  escaped above, and our own tags put in


@cache
def the_pages(drafts: frozenset[str] = frozenset()) -> Pages:
    """Those of this process: texts are read and templates compiled once, a fifth of a second of a core."""
    return Pages(drafts)


def _weighed(part: str) -> tuple[float, str]:
    """The weight and the primary language of one part of an Accept-Language header."""
    tag, _, quality = part.strip().partition(";q=")
    try:
        return float(quality or 1), tag.split("-")[0].lower()
    except ValueError:
        return 0.0, ""
