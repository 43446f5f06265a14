"""What is said of a page, and which file says it: never an older text, never anything of a household."""

from pathlib import Path

import pytest

from services.scheduling.web.aloud import ALOUD, aloud
from services.scheduling.web.audio import AudioFiles
from services.scheduling.web.mp3 import seconds_of
from services.scheduling.web.pages import Pages
from tests.audio import FRAME, FRAME_SECONDS, an_mp3, recorded, spoken

PLAYER = '<audio controls preload="none"'


def start_page(files: AudioFiles, language: str = "ht") -> str:
    return bytes(Pages(audio=files).render("start.html", language, "", countries={}).body).decode()


def test_each_paragraph_of_the_content_is_said_and_nothing_beside_it() -> None:
    page = "<h1>Not this</h1><main><h1>One\n <b>two</b></h1><p>three <a href=x>four</a>.</p><ul><li>five<li>six</ul></main><p>no"

    assert "One two\n\nthree four.\n\nfive\n\nsix" == aloud(page)


@pytest.mark.parametrize(
    "silent",
    [
        "<dl><dt>Date<dd>3 May</dl>",
        '<input value="NA7K-3QF2-M9X0">',
        "<textarea>NI1:9</textarea>",
        "<select><option>Tapachula</select>",
        "<script>1 < 2</script>",
        "<p hidden>later</p>",
        "<div data-silent>open <p>now <br> and</p> here <img src=x></div>",
        '<svg><path d="M1"/><title>arrow</title></svg>',
    ],
)
def test_what_a_household_has_or_typed_and_what_changes_by_itself_is_not_said(silent: str) -> None:
    assert "before\n\nafter" == aloud(f"<main><p>before</p>{silent}<p>after</p></main>")


def test_every_page_that_can_be_heard_says_what_it_is_about_and_leaves_no_gap() -> None:
    pages = Pages()
    for page in ALOUD:
        said = pages.aloud(page, "en")

        assert len(said.split()) > 30, page
        assert [] == [sign for sign in ("{", "}", "Undefined", "  ") if sign in said]


def test_of_the_start_page_all_is_said_but_the_programmes_which_change_by_themselves() -> None:
    text, said = Pages().catalogues["en"].text, Pages().aloud("start", "en")

    ids = (
        "start.title",
        "start.lead",
        "start.case",
        "verify.title",
        "free.title",
        "free.text",
        "how.title",
        "how.told",
    )
    assert [] == [id_ for id_ in ids if text(id_) not in said]
    assert text("programmes.title") not in said


def test_a_page_has_a_player_in_the_language_in_which_it_was_spoken_only(tmp_path: Path) -> None:
    files = spoken(tmp_path, "start")
    haitian = start_page(files)

    assert 1 == haitian.count(PLAYER)
    assert "(1 min 14 s, 221 KB)" in haitian and "<strong>Koute paj sa a</strong>" in haitian
    assert PLAYER not in start_page(files, "en")
    assert PLAYER not in start_page(AudioFiles(tmp_path / "none", tmp_path / "none"))


def test_a_file_that_says_an_older_text_is_not_offered(tmp_path: Path) -> None:
    files = spoken(tmp_path, "start")
    [place] = (tmp_path / "spoken" / "ht").iterdir()
    place.rename(files.spoken_at("ht", "start", "What it said last year"))

    assert PLAYER not in start_page(files)


def test_a_persons_voice_is_heard_before_a_machines_while_it_reads_what_the_page_says(tmp_path: Path) -> None:
    files = spoken(tmp_path, "start", seconds=74)
    text = Pages().aloud("start", "ht")
    recorded(files, "start", text.replace("\n\n", "\n"), seconds=30)
    now = start_page(files)
    recorded(files, "start", text.replace("gratis", "pa gratis"), seconds=30)
    changed = start_page(files)

    assert "(0 min 30 s, 90 KB)" in now
    assert "(1 min 14 s, 221 KB)" in changed


def test_another_recording_has_another_address(tmp_path: Path) -> None:
    files, text = spoken(tmp_path), Pages().aloud("start", "ht")
    recorded(files, "start", text, seconds=30)
    before = set(Pages(audio=files).audio)
    recorded(files, "start", text, seconds=31)

    assert 1 == len(before)
    assert not before & set(Pages(audio=files).audio)


def test_a_recording_that_is_no_mp3_is_named(tmp_path: Path) -> None:
    files = spoken(tmp_path)
    recorded(files, "start", Pages().aloud("start", "ht"))
    (files.recorded / "ht" / "start.mp3").write_bytes(b"RIFF....WAVE")

    with pytest.raises(ValueError, match=r"recorded/ht/start\.mp3: this is no MP3"):
        Pages(audio=files)


@pytest.mark.parametrize(
    ("header", "length", "seconds"),
    [
        (0xFFFB_9000, 417, 1152 / 44_100),  # MPEG-1, 128 kbit/s
        (0xFFFB_9200, 418, 1152 / 44_100),  # the same, padded
        (0xFFF3_30C0, 78, 576 / 22_050),  # MPEG-2, 24 kbit/s
        (0xFFE3_10C0, 52, 576 / 11_025),  # MPEG-2.5, 8 kbit/s
    ],
)
def test_the_length_of_an_mp3_is_the_sum_of_its_frames(header: int, length: int, seconds: float) -> None:
    frame = header.to_bytes(4) + bytes(length - 4)

    assert seconds_of(frame * 100) == pytest.approx(100 * seconds)


def test_titles_before_and_after_the_frames_last_no_time() -> None:
    title, end = b"ID3\x04\x00\x00\x00\x00\x01\x05" + bytes(133), b"TAG" + bytes(125)

    assert seconds_of(title + FRAME * 10 + end) == pytest.approx(10 * FRAME_SECONDS)
    assert seconds_of(an_mp3(60)) == pytest.approx(60, abs=FRAME_SECONDS)
