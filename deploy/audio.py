"""Speaks the portal's pages, for those who do not read: `python -m deploy.audio`; `make` calls it where it can.

`python -m deploy.audio ht start` prints what is said of a page, to be read into a recording.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import wave
from collections.abc import Iterator, Mapping
from pathlib import Path

from services.scheduling.web.aloud import ALOUD
from services.scheduling.web.audio import AudioFiles
from services.scheduling.web.pages import Pages

VOICES: Mapping[str, str] = {"ht": "ht"}
"""Languages that many speak and few read, and espeak-ng's voice for each."""
OWN = Path(__file__).parent / "voices"
"""How a voice reads, where espeak-ng's own rules do not do: `<voice>_rules` and `<voice>_list`."""
PROGRAMS = ("espeak-ng", "lame")
MISSING = (
    "the portal's pages are not spoken: espeak-ng and lame are not both there (Debian: apt-get install espeak-ng lame)"
)
WORDS_A_MINUTE = 140
"""A fifth slower than espeak-ng speaks by itself."""
KBITS = 24
"""Enough for a voice; a minute of it is 180 KB."""
CODE = re.compile(r"\b(?=[A-Z0-9]*\d)(?=[A-Z0-9]*[A-Z])[A-Z0-9]+\b-?")
"""Part of a reference, or the beginning of a letter: capitals and digits, which are said one by one."""


def build(files: AudioFiles | None = None) -> None:
    """Writes a file for each page of `ALOUD` in each language of `VOICES`, and forgets those of older texts.

    Raises: SystemExit when a program is missing.
    """
    files, pages = files or AudioFiles(), Pages()
    if not all(map(shutil.which, PROGRAMS)):
        raise SystemExit(MISSING)
    with tempfile.TemporaryDirectory() as folder:
        data = data_with_own_rules(Path(folder))
        for language, voice in VOICES.items():
            texts = [(page, pages.aloud(page, language)) for page in ALOUD]
            said = {files.spoken_at(language, page, text): text for page, text in texts}
            for place, text in said.items():
                _put(speak(text, voice, data, Path(folder)), place)
            for outdated in set((files.spoken / language).iterdir()) - said.keys():
                outdated.unlink()
    (files.spoken / ".spoken").touch()


def speak(text: str, voice: str, data: Path, folder: Path) -> Path:
    """An MP3 in `folder` in which the voice says the text."""
    wav, mp3 = folder / "said.wav", folder / "said.mp3"
    said = ["espeak-ng", f"--path={data}", "-v", voice, "-s", str(WORDS_A_MINUTE), "-m", "-w", str(wav), "--stdin"]
    subprocess.run(said, input=as_said(text).encode(), check=True)  # noqa: S603 our own text, no shell
    with wave.open(str(wav)) as wave_file:
        rate = str(wave_file.getframerate() / 1000)
    small = ["lame", "--quiet", "-m", "m", "--cbr", "-b", str(KBITS), "--resample", rate, "-t", str(wav), str(mp3)]
    subprocess.run(small, check=True)  # noqa: S603 as above
    return mp3


def as_said(text: str) -> str:
    """The text as SSML, with what is said letter by letter marked so."""
    escaped = text.replace("&", "&amp;").replace("<", "&lt;")
    return CODE.sub(lambda code: f'<say-as interpret-as="characters">{code[0].rstrip("-")}</say-as>, ', escaped)


def _put(made: Path, place: Path) -> None:
    """There it is whole or not at all."""
    place.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(made, beside := place.with_suffix(".new"))
    os.replace(beside, place)


def data_with_own_rules(folder: Path) -> Path:
    """A folder for espeak-ng's --path: its data, with the rules of `OWN` in place of its own."""
    about = subprocess.run(["espeak-ng", "--version"], capture_output=True, text=True, check=True).stdout  # noqa: S607
    data = folder / "espeak-ng-data"
    shutil.copytree(about.partition("Data at:")[2].strip(), data)
    for voice in _voices_with_rules():
        (data / f"{voice}_dict").unlink(missing_ok=True)
        compiled = ["espeak-ng", f"--path={folder}", f"--compile={voice}"]
        subprocess.run(compiled, cwd=OWN, check=True, capture_output=True)  # noqa: S603 as above
    return folder


def _voices_with_rules() -> Iterator[str]:
    return (path.name.removesuffix("_rules") for path in sorted(OWN.glob("*_rules")))


if __name__ == "__main__":
    if sys.argv[1:]:
        asked, of_page = sys.argv[1:]
        sys.stdout.write(f"{Pages().aloud(of_page, asked)}\n")
    else:
        build()
