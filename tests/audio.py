"""Files in which pages can be heard, for tests that need none of the programs that speak."""

from collections.abc import Collection
from functools import cache
from pathlib import Path

from deploy.audio import paragraphs
from services.scheduling.web.audio import AudioFiles
from services.scheduling.web.pages import Pages

HEADER = bytes([0xFF, 0xF3, 0x30, 0xC0])
"""MPEG-2 layer III, 24 kbit/s, 22,050 Hz, mono."""
FRAME_BYTES, FRAME_SECONDS = 78, 576 / 22_050


@cache
def said_in(language: str) -> tuple[str, ...]:
    """Every paragraph that is said in the language."""
    return paragraphs(Pages(), language)


def an_mp3(seconds: float, content: str = "") -> bytes:
    """So many frames in which nothing is heard, other ones for each content."""
    frame = (HEADER + bytes(4) + content.encode()[:60]).ljust(FRAME_BYTES, b"\0")
    return frame * round(seconds / FRAME_SECONDS)


def spoken(folder: Path, *, language: str = "ht", seconds: float = 7, but: Collection[str] = ()) -> AudioFiles:
    """A folder in which every paragraph was spoken in so many seconds as it reads now, `but` these."""
    files = AudioFiles(folder / "spoken", folder / "recorded")
    (files.spoken / language).mkdir(parents=True)
    for paragraph in said_in(language):
        if paragraph not in but:
            place = files.spoken_at(language, paragraph)
            place.write_bytes(an_mp3(seconds, place.stem))
    return files


def recorded(files: AudioFiles, page: str, text: str, *, seconds: float = 30, language: str = "ht") -> None:
    """A person's voice that read this text."""
    folder = files.recorded / language
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{page}.mp3").write_bytes(an_mp3(seconds, page))
    (folder / f"{page}.txt").write_text(text, encoding="utf-8")
