"""What can be heard as it is sent: in parts, kept for a year, allowed by the page's own policy; and spoken where something can."""

import re
import shutil
import subprocess
import wave
from array import array
from collections.abc import AsyncIterator
from pathlib import Path
from typing import cast

import httpx
import pytest
import pytest_asyncio
from fastapi import FastAPI

from deploy.audio import PROGRAMS, as_said, build, data_with_own_rules
from services.scheduling.web.aloud import ALOUD, aloud
from services.scheduling.web.audio import AudioFiles
from services.scheduling.web.mp3 import seconds_of
from services.scheduling.web.pages import Pages
from services.scheduling.web.start import router
from shared.service import Service
from tests.audio import an_mp3, spoken
from tests.portal import Portal

can_speak = pytest.mark.skipif(
    not all(map(shutil.which, PROGRAMS)), reason="nothing speaks here (Debian: apt-get install espeak-ng lame)"
)


@pytest_asyncio.fixture
async def browser(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """A browser at a portal whose start page can be heard for 74 seconds."""
    pages, app = Pages(audio=spoken(tmp_path, "start", seconds=74)), FastAPI()
    app.include_router(router(cast(Service, None), pages, lambda portal, language: None))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://portal") as browser:
        [browser.headers["x-path"]] = pages.audio
        yield browser


async def test_a_file_may_be_kept_and_is_not_compressed(browser: httpx.AsyncClient) -> None:
    heard = await browser.get(browser.headers["x-path"], headers={"Accept-Encoding": "gzip"})

    assert (200, "audio/mpeg", "bytes") == (
        heard.status_code,
        heard.headers["content-type"],
        heard.headers["accept-ranges"],
    )
    assert "immutable" in heard.headers["cache-control"]
    assert "content-encoding" not in heard.headers
    assert an_mp3(74) == heard.content


@pytest.mark.parametrize(("asked", "first", "last"), [("0-1", 0, 1), ("1000-", 1000, None), ("-100", -100, None)])
async def test_a_browser_gets_the_part_that_it_asks_for(
    browser: httpx.AsyncClient, asked: str, first: int, last: int | None
) -> None:
    part = await browser.get(browser.headers["x-path"], headers={"Range": f"bytes={asked}"})

    whole = an_mp3(74)
    assert 206 == part.status_code
    assert whole[first : None if last is None else last + 1] == part.content
    assert part.headers["content-range"].endswith(f"/{len(whole)}")


async def test_a_part_that_is_not_there_is_refused(browser: httpx.AsyncClient) -> None:
    part = await browser.get(browser.headers["x-path"], headers={"Range": "bytes=9000000-"})

    assert 416 == part.status_code


@pytest.mark.parametrize(
    ("page", "path"),
    [("start", ""), ("case", "/case"), ("code", "/case/code"), ("verify", "/verify"), ("asked", "/verify/case")],
)
async def test_what_is_said_of_a_page_is_what_the_page_says_when_it_comes(portal: Portal, page: str, path: str) -> None:
    shown = await portal.browser().open(f"/ht{path}")

    assert Pages().aloud(page, "ht") == aloud(shown.text)
    assert "media-src 'self'" in shown.headers["content-security-policy"]


def test_every_page_that_can_be_heard_has_its_place_for_the_player(tmp_path: Path) -> None:
    pages = Pages(audio=spoken(tmp_path, *ALOUD))

    for page, values in ALOUD.items():
        shown = bytes(pages.render(f"{page}.html", "ht", "", **values).body).decode()
        assert 1 == shown.count("<audio "), page


@can_speak
def test_a_machine_says_every_page_for_as_long_as_it_takes_to_say_so_much(tmp_path: Path) -> None:
    files = AudioFiles(tmp_path / "spoken", tmp_path / "recorded")
    (tmp_path / "spoken" / "ht").mkdir(parents=True)
    (tmp_path / "spoken" / "ht" / "start-0123456789ab.mp3").write_bytes(b"what it said before")
    build(files)

    pages = Pages(audio=files)
    assert len(ALOUD) == len(pages.audio) == len(list((tmp_path / "spoken" / "ht").iterdir()))
    for page in ALOUD:
        text = pages.aloud(page, "ht")
        place = files.spoken_at("ht", page, text)
        decoded = tmp_path / "decoded.wav"
        subprocess.run(["lame", "--quiet", "--decode", place, decoded], check=True)
        seconds, loudness = heard_in(decoded)

        assert 60 < len(text.split()) / seconds * 60 < 180, page
        assert seconds_of(place.read_bytes()) == pytest.approx(seconds, abs=0.2)
        assert loudness > 1_000
        assert place.stat().st_size < 250_000


def heard_in(wav: Path) -> tuple[float, float]:
    """How long it lasts, and its mean amplitude, of 32,768 at most."""
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
    said = as_said("NA7K-3QF2-M9X0. Yon PIN, 12 chif, NI1: & <a>")

    assert ["NA7K", "3QF2", "M9X0", "NI1"] == re.findall(r">(\w+)</say-as>", said)
    assert said.endswith("&amp; &lt;a>")
