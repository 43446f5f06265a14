"""What can be heard as it is sent: in parts, kept for a year, allowed by the page's own policy; and spoken where something can."""

import hashlib
import re
import shutil
import subprocess
import wave
from array import array
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import httpx
import pytest
import pytest_asyncio
from fastapi import FastAPI
from tinytag import TinyTag

from deploy.audio import PROGRAMS, as_said, build, data_with_own_rules
from services.scheduling.web.aloud import aloud
from services.scheduling.web.audio import MOST_PARTS, AudioFiles, at, key_of
from services.scheduling.web.pages import Pages
from services.scheduling.web.scenes import scenes
from services.scheduling.web.start import router
from shared.service import Service
from tests.audio import an_mp3, said_in, spoken
from tests.builders import a_case, a_programme
from tests.portal import Portal

can_speak = pytest.mark.skipif(
    not all(map(shutil.which, PROGRAMS)), reason="nothing speaks here (Debian: apt-get install espeak-ng lame)"
)


SAID = Pages().aloud("case", "ht")
WHOLE = b"".join(an_mp3(7, key_of(paragraph)) for paragraph in SAID)
"""The paragraphs of a page one after the other."""


@dataclass
class Listener:
    """A browser at a portal in which everything can be heard, and the address of what is said of a page."""

    browser: httpx.AsyncClient
    path: str

    async def asks(self, **headers: str) -> httpx.Response:
        return await self.browser.get(self.path, headers=headers)


@pytest_asyncio.fixture
async def listener(tmp_path: Path) -> AsyncIterator[Listener]:
    pages, app = Pages(audio=spoken(tmp_path)), FastAPI()
    app.include_router(router(cast(Service, None), pages, lambda portal, language: None))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://portal") as browser:
        heard = pages.voices["ht"].says(SAID)
        assert heard
        yield Listener(browser, heard.path)


async def test_a_file_may_be_kept_and_is_not_compressed(listener: Listener) -> None:
    heard = await listener.asks(**{"Accept-Encoding": "gzip"})

    assert (200, "audio/mpeg", "bytes") == (
        heard.status_code,
        heard.headers["content-type"],
        heard.headers["accept-ranges"],
    )
    assert "immutable" in heard.headers["cache-control"]
    assert "content-encoding" not in heard.headers
    assert WHOLE == heard.content


@pytest.mark.parametrize(("asked", "first", "last"), [("0-1", 0, 1), ("1000-", 1000, None), ("-100", -100, None)])
async def test_a_browser_gets_the_part_that_it_asks_for(
    listener: Listener, asked: str, first: int, last: int | None
) -> None:
    part = await listener.asks(Range=f"bytes={asked}")

    whole = WHOLE
    assert 206 == part.status_code
    assert whole[first : None if last is None else last + 1] == part.content
    assert part.headers["content-range"].endswith(f"/{len(whole)}")


async def test_a_part_that_is_not_there_is_refused(listener: Listener) -> None:
    part = await listener.asks(Range="bytes=9000000-")

    assert 416 == part.status_code


@pytest.mark.parametrize("names", ["00000000", "0123", "../../etc/passwd", "{name}-00000000", "{name}-", "{many}", ""])
def test_an_address_that_names_anything_but_parts_of_ours_leads_nowhere(tmp_path: Path, names: str) -> None:
    voices = {"ht": (files := spoken(tmp_path)).voice("ht")}
    name = hashlib.sha256(files.spoken_at("ht", SAID[0]).read_bytes()).hexdigest()[:8]
    many = "-".join([name] * (MOST_PARTS + 1))

    assert at(f"/assets/heard-ht-{name}-{name}.mp3", voices)
    assert at(f"/assets/heard-en-{name}.mp3", voices) is None
    assert at(f"/assets/heard-ht-{names.format(name=name, many=many)}.mp3", voices) is None


def test_an_address_cannot_ask_for_more_than_any_page_says(tmp_path: Path) -> None:
    voices = {"ht": (files := spoken(tmp_path, seconds=90)).voice("ht")}
    name = hashlib.sha256(files.spoken_at("ht", SAID[0]).read_bytes()).hexdigest()[:8]

    assert at(f"/assets/heard-ht-{'-'.join([name] * 7)}.mp3", voices)
    assert at(f"/assets/heard-ht-{'-'.join([name] * 8)}.mp3", voices) is None


@pytest.mark.parametrize("path", ["", "/case", "/case/code", "/verify", "/verify/case", "/my-interview"])
async def test_every_main_page_can_be_heard_as_it_comes(portal: Portal, path: str) -> None:
    shown = await portal.browser().open(f"/ht{path}")

    said = aloud(shown.text)
    assert len(said) > 3
    assert [] == [paragraph for paragraph in said if paragraph not in said_in("ht")]
    assert "media-src 'self'" in shown.headers["content-security-policy"]


async def test_what_is_said_of_an_offer_and_on_the_way_to_its_answer_tells_nothing_of_the_household(
    portal: Portal,
) -> None:
    case = a_case()
    await portal.scheduling.receive(a_programme(), case)
    browser, known = await portal.logged_in(case.case_ref, "ht"), said_in("ht")

    for page in ("", "/accept", "/extend", "/decline"):
        said = aloud((await browser.open(f"/ht/my-interview{page}")).text)
        assert "Dat la, lè a ak kote a ekri sou paj sa a" in " ".join(said), page
        assert [] == [paragraph for paragraph in said if paragraph not in known], page


def test_every_page_that_can_be_heard_has_its_place_for_the_player(tmp_path: Path) -> None:
    pages = Pages(audio=spoken(tmp_path))

    for page, values in scenes(pages.catalogues["ht"]):
        shown = bytes(pages.render(f"{page}.html", "ht", "", **values).body).decode()
        assert 1 == shown.count("<audio "), (page, values)


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> AudioFiles:
    """What a machine said, in a folder where something older lay. What `make` had spoken is not spoken once more, unless the
    way of speaking is newer."""
    folder = tmp_path_factory.mktemp("machine")
    files = AudioFiles(folder / "spoken", folder / "recorded")
    (files.spoken / "ht").mkdir(parents=True)
    if (before := AudioFiles().spoken / "ht").is_dir():
        shutil.copytree(before, files.spoken / "ht", dirs_exist_ok=True)
    (files.spoken / "ht" / "0123456789abcdef.mp3").write_bytes(b"what it said before")
    build(files)
    return files


@can_speak
def test_a_machine_says_every_paragraph_and_nothing_older(machine: AudioFiles) -> None:
    said = {machine.spoken_at("ht", each) for each in said_in("ht")}

    assert said == set((machine.spoken / "ht").iterdir())


@can_speak
def test_what_a_machine_says_is_heard_for_as_long_as_it_takes_to_say_so_much(
    machine: AudioFiles, tmp_path: Path
) -> None:
    for paragraph in said_in("ht")[::5]:
        place = machine.spoken_at("ht", paragraph)
        seconds, loudness = heard_in(place, tmp_path)

        assert 0.03 < seconds / len(paragraph) < 0.2 or len(paragraph) < 30, paragraph
        assert TinyTag.get(place).duration == pytest.approx(seconds, abs=0.1)
        assert loudness > 500, paragraph


@can_speak
def test_only_what_changed_is_spoken_again(tmp_path: Path) -> None:
    files = spoken(tmp_path, but=(changed := said_in("ht")[:2]))
    build(files)

    made_now = [each for each in said_in("ht") if an_mp3(7, key_of(each)) != files.spoken_at("ht", each).read_bytes()]
    assert list(changed) == made_now


@can_speak
def test_parts_put_one_after_the_other_are_one_file_that_plays(machine: AudioFiles, tmp_path: Path) -> None:
    joined = tmp_path / "joined.mp3"
    joined.write_bytes(b"".join(machine.spoken_at("ht", each).read_bytes() for each in SAID))
    seconds, loudness = heard_in(joined, tmp_path)

    assert seconds == pytest.approx(TinyTag.get(joined).duration, abs=0.1)
    assert loudness > 500


def heard_in(mp3: Path, folder: Path) -> tuple[float, float]:
    """How long it lasts, decoded without a complaint, and its mean amplitude, of 32,768 at most."""
    wav = folder / "decoded.wav"
    done = subprocess.run(["lame", "--quiet", "--decode", mp3, wav], capture_output=True, text=True)
    assert ("", 0) == (done.stderr, done.returncode)
    with wave.open(str(wav)) as file:
        samples = array("h", file.readframes(file.getnframes()))
        return len(samples) / file.getframerate() / file.getnchannels(), sum(map(abs, samples)) / len(samples)


@can_speak
@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("moun", "m'un"),
        ("fanmi", "fA~m'i"),
        ("entèvyou", "E~tEvj'u"),
        ("anile", "anil'e"),
        ("jwenn", "Zw'E~n"),
        ("chemen", "Sem'E~"),
        ("n ap chèche", "n'ap SES'e"),
        ("12 chif", "d'uz S'if"),
    ],
)
def test_haitian_creole_is_said_as_it_is_spelled(tmp_path: Path, written: str, said: str) -> None:
    spoken_as = ["espeak-ng", f"--path={data_with_own_rules(tmp_path)}", "-v", "ht", "-q", "-x", written]

    assert said == subprocess.run(spoken_as, capture_output=True, text=True, check=True).stdout.strip()


def test_a_reference_is_said_letter_by_letter_and_a_word_in_capitals_is_not() -> None:
    said = as_said("NA7K-3QF2-M9X0. Yon PIN, 12 chif, NI1: 0123 4567 & <a>")

    assert ["NA7K", "3QF2", "M9X0", "NI1", "0123 4567"] == re.findall(r">([\w ]+)</say-as>", said)
    assert "&amp; &lt;a>" in said
