"""Files in which a page can be heard, for tests that need none of the programs that speak."""

from pathlib import Path

from services.scheduling.web.audio import AudioFiles
from services.scheduling.web.pages import Pages

FRAME = bytes([0xFF, 0xF3, 0x30, 0xC0]) + bytes(74)
"""Nothing to hear for 576 samples: MPEG-2 layer III, 24 kbit/s, 22,050 Hz, mono."""
FRAME_SECONDS = 576 / 22_050


def an_mp3(seconds: float) -> bytes:
    return FRAME * round(seconds / FRAME_SECONDS)


def spoken(folder: Path, *pages: str, seconds: float = 74, language: str = "ht") -> AudioFiles:
    """A folder in which each of these pages was spoken as it reads now."""
    files, read = AudioFiles(folder / "spoken", folder / "recorded"), Pages(audio=AudioFiles(folder, folder))
    for page in pages:
        place = files.spoken_at(language, page, read.aloud(page, language))
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(an_mp3(seconds))
    return files


def recorded(files: AudioFiles, page: str, text: str, *, seconds: float = 30, language: str = "ht") -> None:
    """A person's voice that read this text."""
    folder = files.recorded / language
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{page}.mp3").write_bytes(an_mp3(seconds))
    (folder / f"{page}.txt").write_text(text, encoding="utf-8")
