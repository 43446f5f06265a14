"""Speaks the portal's pages, for those who do not read: `python -m deploy.audio`; `make` calls it where it can.

`python -m deploy.audio ht start` prints what is said of a page, to be read into a recording.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from pathlib import Path

from services.scheduling.web.audio import AudioFiles
from services.scheduling.web.pages import Pages
from services.scheduling.web.scenes import scenes

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
KHZ = "22.05"
PAUSE_MS = 300
"""After each paragraph."""
CODE = re.compile(r"\b(?:(?=[A-Z0-9]*\d)(?=[A-Z0-9]*[A-Z])[A-Z0-9]+|0\d+(?: \d+)?)\b-?")
"""What is said one by one: capitals and digits of a reference or at the beginning of a letter, and the digits of a code."""


def build(files: AudioFiles | None = None) -> None:
    """Writes a file for each paragraph that may be said in each language of `VOICES`, and forgets those of older texts.

    Raises: SystemExit when a program is missing.
    """
    files, pages = files or AudioFiles(), Pages()
    if not all(map(shutil.which, PROGRAMS)):
        raise SystemExit(MISSING)
    with tempfile.TemporaryDirectory() as folder:
        data = data_with_own_rules(Path(folder))
        for language, voice in VOICES.items():
            said = {files.spoken_at(language, each): each for each in paragraphs(pages, language)}
            (files.spoken / language).mkdir(parents=True, exist_ok=True)
            with ThreadPoolExecutor() as speakers:
                due = [speakers.submit(speak, said[place], voice, data, place) for place in said if _is_due(place)]
            for each in due:
                each.result()
            for outdated in set((files.spoken / language).iterdir()) - said.keys():
                outdated.unlink()
    (files.spoken / ".spoken").touch()


def paragraphs(pages: Pages, language: str) -> tuple[str, ...]:
    """Everything that pages may say in this language."""
    said = (pages.aloud(page, language, **values) for page, values in scenes(pages.catalogues[language]))
    return tuple(dict.fromkeys(chain.from_iterable(said)))


def speak(paragraph: str, voice: str, data: Path, place: Path) -> None:
    """Makes the MP3 in which the voice says it, and a pause after it. There it is whole or not at all."""
    wav, mp3 = place.with_suffix(".wav"), place.with_suffix(".new")
    said = ["espeak-ng", f"--path={data}", "-v", voice, "-s", str(WORDS_A_MINUTE), "-m", "-w", str(wav), "--stdin"]
    subprocess.run(said, input=as_said(paragraph).encode(), check=True)  # noqa: S603 our own text, no shell
    # Without a reservoir of bits, files can be put one after the other.
    small = ["lame", "--quiet", "-m", "m", "--cbr", "-b", str(KBITS), "--resample", KHZ, "--nores", "-t"]
    subprocess.run([*small, str(wav), str(mp3)], check=True)  # noqa: S603 as above
    wav.unlink()
    os.replace(mp3, place)


def _is_due(place: Path) -> bool:
    """True when it was not spoken yet, or the voice was another one."""
    made_of = [Path(__file__), *OWN.iterdir()]
    return not place.exists() or place.stat().st_mtime < max(each.stat().st_mtime for each in made_of)


def text_of(language: str, page: str) -> str:
    """What is to be read of a page before anything was typed. Raises: SystemExit when there is no such page or language."""
    pages = Pages()
    catalogue = pages.catalogues.get(language, pages.catalogues["en"])
    first = {name: values for name, values in reversed(list(scenes(catalogue)))}
    if language not in pages.catalogues or page not in first:
        raise SystemExit(f"one of {', '.join(pages.catalogues)}, then one of {', '.join(sorted(first))}")
    return "\n\n".join(pages.aloud(page, language, **first[page]))


def as_said(text: str) -> str:
    """The text as SSML, with what is said letter by letter marked so."""
    escaped = text.replace("&", "&amp;").replace("<", "&lt;")
    coded = CODE.sub(lambda code: f'<say-as interpret-as="characters">{code[0].rstrip("-")}</say-as>, ', escaped)
    return f'{coded} <break time="{PAUSE_MS}ms"/>'


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
        sys.stdout.write(f"{text_of(*sys.argv[1:])}\n")
    else:
        build()
