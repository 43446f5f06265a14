"""The files in which a page can be heard. Each says what the page says now, or it is not offered."""

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from services.scheduling.web.files import BUILT
from services.scheduling.web.mp3 import seconds_of

MEDIA_TYPE = "audio/mpeg"
SPOKEN = BUILT / "audio"
"""What a machine said. Built by `deploy/audio.py`."""
RECORDED = Path(__file__).parent / "recordings"
"""What a person said: `<language>/<page>.mp3`, with the text that was read as `<page>.txt` beside it."""


@dataclass(frozen=True, slots=True)
class Audio:
    """One file: its address, which changes with it, and how long it lasts and what it weighs, for the text beside the player."""

    path: str
    place: Path
    measures: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class AudioFiles:
    """The folders of what can be heard."""

    spoken: Path = SPOKEN
    recorded: Path = RECORDED

    def find(self, language: str, page: str, text: str) -> Audio | None:
        """The file that says this text: a person's voice before a machine's; None when there is neither.

        Raises: ValueError when a file is no MP3.
        """
        recording = self.recorded / language / f"{page}.mp3"
        places = [recording] if _says(recording, text) else []
        for place in (*places, self.spoken_at(language, page, text)):
            if place.exists():
                return _measured(language, page, place)
        return None

    def spoken_at(self, language: str, page: str, text: str) -> Path:
        """Where a machine's voice says this text."""
        return self.spoken / language / f"{page}-{hashlib.sha256(text.encode()).hexdigest()[:12]}.mp3"

    def has(self, language: str) -> bool:
        """True when something may be heard in this language."""
        return any((folder / language).is_dir() for folder in (self.spoken, self.recorded))


def _says(recording: Path, text: str) -> bool:
    """True when this is the text that was read: an older one would say what does not hold any more."""
    read = recording.with_suffix(".txt")
    return read.exists() and read.read_text(encoding="utf-8").split() == text.split()


def _measured(language: str, page: str, place: Path) -> Audio:
    content = place.read_bytes()
    try:
        minutes, seconds = divmod(round(seconds_of(content)), 60)
    except ValueError as problem:
        raise ValueError(f"{place}: {problem}") from problem
    size = math.ceil(len(content) / 1000)
    path = f"/assets/{page}-{language}-{hashlib.sha256(content).hexdigest()[:12]}.mp3"
    return Audio(path, place, {"minutes": str(minutes), "seconds": str(seconds), "size": str(size)})
