"""How a page is heard: as its paragraphs one after the other, each spoken once, or as a person recorded it whole.

A page can be heard when every paragraph of it was spoken as it reads now, or when the recording reads what the page says.
"""

import hashlib
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from fastapi.responses import Response
from tinytag import TinyTag

from services.scheduling.web.files import BUILT

SPOKEN = BUILT / "audio"
"""What a machine said. Built by `deploy/audio.py`."""
RECORDED = Path(__file__).parent / "recordings"
"""What a person said: `<language>/<page>.mp3`, with the text that was read as `<page>.txt` beside it."""
MOST_PARTS, MOST_BYTES = 60, 2_000_000
"""More paragraphs than any page has, and more than all of them weigh: ten minutes."""
ADDRESS = re.compile(r"/assets/heard-([a-z]+)((?:-[0-9a-f]{8})+)\.mp3")
RANGE = re.compile(r"bytes=(\d{0,12})-(\d{0,12})")


@dataclass(frozen=True, slots=True)
class Audio:
    """What can be heard of a page: its address, which changes with it, and what the text beside the player says of it."""

    path: str
    measures: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Part:
    """An MP3: a paragraph, or a recorded page."""

    content: bytes
    seconds: float

    @property
    def name(self) -> str:
        """By which an address names it: another one when it sounds otherwise."""
        return hashlib.sha256(self.content).hexdigest()[:8]


class Voice:
    """What can be heard in one language, read once at start."""

    def __init__(self, language: str, spoken: Path, recorded: Path) -> None:
        """Raises: ValueError when a file is no MP3."""
        self._language = language
        self._spoken = {path.stem: _part(path) for path in (spoken / language).glob("*.mp3")}
        self._recorded = {_read_in(path): _part(path) for path in (recorded / language).glob("*.mp3")}
        self._named = {part.name: part for part in (*self._spoken.values(), *self._recorded.values())}

    def __bool__(self) -> bool:
        return bool(self._named)

    def says(self, paragraphs: Sequence[str]) -> Audio | None:
        """These paragraphs, a person's voice before a machine's; None when one of them was never said like this."""
        if recorded := self._recorded.get(_plain(" ".join(paragraphs))):
            return self._audio([recorded])
        found = [self._spoken.get(key_of(paragraph)) for paragraph in paragraphs]
        parts = [part for part in found if part]
        return self._audio(parts) if parts and len(parts) == len(paragraphs) else None

    def _audio(self, parts: Sequence[Part]) -> Audio:
        minutes, seconds = divmod(round(sum(part.seconds for part in parts)), 60)
        size = math.ceil(sum(len(part.content) for part in parts) / 1000)
        names = "-".join(part.name for part in parts)
        measures = {"length": f"{minutes}:{seconds:02}", "size": str(size)}
        return Audio(f"/assets/heard-{self._language}-{names}.mp3", measures)

    def joined(self, names: Sequence[str]) -> bytes | None:
        """These parts one after the other; None when one is not known any more, or no page is so long."""
        if len(names) > MOST_PARTS or not self._named.keys() >= set(names):
            return None
        parts = [self._named[name].content for name in names]
        return b"".join(parts) if sum(map(len, parts)) <= MOST_BYTES else None


@dataclass(frozen=True, slots=True)
class AudioFiles:
    """The folders of what can be heard."""

    spoken: Path = SPOKEN
    recorded: Path = RECORDED

    def voice(self, language: str) -> Voice:
        return Voice(language, self.spoken, self.recorded)

    def spoken_at(self, language: str, paragraph: str) -> Path:
        """Where a machine's voice says this paragraph."""
        return self.spoken / language / f"{key_of(paragraph)}.mp3"


def key_of(paragraph: str) -> str:
    return hashlib.sha256(paragraph.encode()).hexdigest()[:16]


def at(path: str, voices: Mapping[str, Voice]) -> bytes | None:
    """What is heard at this address of an `Audio`."""
    asked = ADDRESS.fullmatch(path)
    voice = voices.get(asked[1]) if asked else None
    return voice.joined(asked[2][1:].split("-")) if asked and voice else None


def in_part(content: bytes, asked: str, headers: Mapping[str, str]) -> Response:
    """The file, or the part of it that a browser asks for: Safari plays nothing else.

    Source: RFC 9110, 14. Of several parts at once none is sent alone, which it allows.
    """
    sent, size = {**headers, "Accept-Ranges": "bytes"}, len(content)
    wanted = RANGE.fullmatch(asked)
    if wanted is None or wanted[0] == "bytes=-":
        return Response(content, 200, sent, "audio/mpeg")
    start = int(wanted[1]) if wanted[1] else max(0, size - int(wanted[2]))
    end = min(int(wanted[2]), size - 1) if wanted[1] and wanted[2] else size - 1
    if start > end:
        return Response(b"", 416, {**sent, "Content-Range": f"bytes */{size}"})
    return Response(
        content[start : end + 1], 206, {**sent, "Content-Range": f"bytes {start}-{end}/{size}"}, "audio/mpeg"
    )


def _part(path: Path) -> Part:
    seconds = TinyTag.get(path, tags=False).duration
    if not seconds:
        raise ValueError(f"{path} is no MP3: save it as MPEG layer III, mono, 24 kbit/s or a little more")
    return Part(path.read_bytes(), seconds)


def _read_in(recording: Path) -> str:
    """The text that was read. Raises: ValueError when nobody wrote it down, so that none knows what it says."""
    read = recording.with_suffix(".txt")
    if not read.exists():
        raise ValueError(f"{recording}: put the text that was read beside it as {read.name}")
    return _plain(read.read_text(encoding="utf-8"))


def _plain(text: str) -> str:
    return " ".join(text.split())
