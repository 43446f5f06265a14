"""What is said of a page, and which files say it: never an older text, never anything of a household."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from deploy.audio import paragraphs, text_of
from services.scheduling.domain.coming import Coming, everyone
from services.scheduling.domain.decisions import Waiting
from services.scheduling.web.aloud import aloud
from services.scheduling.web.audio import AudioFiles
from services.scheduling.web.interview import Standing, present
from services.scheduling.web.pages import Pages
from services.scheduling.web.presented import rows
from services.scheduling.web.requests import Asked
from services.scheduling.web.scenes import scenes
from tests.audio import an_mp3, recorded, said_in, spoken
from tests.builders import NOW, a_case
from tests.unit.notifications_builders import an_appointment
from tests.unit.portal_builders import OFFER, SITES, a_standing

PLAYER = '<audio controls preload="none"'


def shown(files: AudioFiles, page: str = "start", language: str = "ht", **values: Any) -> str:
    return bytes(Pages(audio=files).render(f"{page}.html", language, "", **values).body).decode()


def test_each_paragraph_of_the_content_is_said_and_nothing_beside_it() -> None:
    page = (
        "<h1>Not this</h1><main><h1>One\n <b>two</b></h1><p>three <a href=x>four</a>.</p><ul><li>five<li>six</ul>"
        "<a role=button>seven</a> <a role=button>eight</a></main><p>no"
    )

    assert ("One two", "three four.", "five", "six", "seven", "eight") == aloud(page)


@pytest.mark.parametrize(
    ("element", "instead"),
    [
        ("<dl><dt>Date<dd>3 May</dl>", []),
        ('<dl data-aloud="See the page"><dt>Date<dd>3 May</dl>', ["See the page"]),
        ('<p data-aloud="Until what is written">Until 3 May</p>', ["Until what is written"]),
        ('<input value="NA7K-3QF2-M9X0">', []),
        ("<textarea>NI1:9</textarea>", []),
        ("<select><option>Tapachula</select>", []),
        ("<script>1 < 2</script>", []),
        ("<p hidden>later</p>", []),
        ('<div data-aloud="">open <p data-aloud="x">now <br> and</p> here <img src=x></div>', []),
        ('<svg><path d="M1"/><title>arrow</title></svg>', []),
        ('<p><span class="govuk-visually-hidden">Error:</span> Type it</p>', ["Type it"]),
    ],
)
def test_what_a_household_has_or_typed_and_what_changes_by_itself_is_not_said(element: str, instead: list[str]) -> None:
    assert ("before", *instead, "after") == aloud(f"<main><p>before</p>{element}<p>after</p></main>")


def test_every_page_that_can_be_heard_says_something_and_leaves_no_gap() -> None:
    pages = Pages()

    said = [(page, pages.aloud(page, "en", **values)) for page, values in scenes(pages.catalogues["en"])]
    assert [] == [page for page, paragraphs in said if len(" ".join(paragraphs).split()) < 15]
    assert [] == [text for text in paragraphs(pages, "en") if any(sign in text for sign in ("{", "}", "Undefined"))]


def test_of_the_start_page_all_is_said_but_the_programmes_which_change_by_themselves() -> None:
    text, said = Pages().catalogues["en"].text, text_of("en", "start")

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


def test_who_asks_for_the_text_of_what_cannot_be_heard_reads_what_can() -> None:
    with pytest.raises(SystemExit, match=r"one of en, es, fr, ht, pt, then one of accept, .* start, verify"):
        text_of("ht", "contact")


EXTENDED = an_appointment(first_deadline=OFFER.deadline)
EARLIER = an_appointment("cancelled", reason="site-closed")
STANDINGS: dict[str, Standing] = {
    "offered": a_standing(live=OFFER),
    "offered, with more time": a_standing(live=EXTENDED),
    "offered at an example of a place": replace(
        a_standing(live=OFFER), sites={OFFER.site: replace(SITES[OFFER.site], illustrative=True)}
    ),
    "too late to answer": a_standing(live=an_appointment(deadline=NOW)),
    "booked": a_standing(live=an_appointment("booked")),
    "begun": a_standing(live=an_appointment("booked", starts_at=NOW)),
    "arrived": a_standing(live=an_appointment("arrived")),
    "done": a_standing(ended=an_appointment("fulfilled")),
    "closed": a_standing(),
    "first in line": a_standing(Waiting.NO_CAPACITY, rank=0, ended=EARLIER),
    "too late": a_standing(Waiting.NO_CAPACITY, rank=12, due_on=NOW.date(), overdue_since=NOW),
    "not all come": a_standing(live=OFFER, coming=Coming(1, 0)),
    "all come": a_standing(live=OFFER, coming=everyone(a_case().party)),
    **{
        f"asked: {answer}, to be answered {due_at}": a_standing(
            live=OFFER, requests=(Asked(("wheelchair", "interpreter:ht"), due_at, answer),)
        )
        for due_at in (NOW, NOW - timedelta(days=1))
        for answer in (None, "arranged", "not-possible")
    },
    **{f"waiting: {reason}": a_standing(reason, rank=3, due_on=NOW.date()) for reason in Waiting},
}


@pytest.mark.parametrize("name", STANDINGS)
def test_however_a_case_stands_its_page_can_be_heard_and_says_no_date_no_number_and_no_reference(name: str) -> None:
    pages, standing = Pages(), STANDINGS[name]
    page = present(standing, pages.catalogues["ht"], NOW)
    said = pages.aloud(
        "my-interview", "ht", page=page, rows=rows(page.facts), case_ref=standing.case.case_ref, is_logged_in=True
    )

    assert page.heading in said
    assert [] == [paragraph for paragraph in said if paragraph not in said_in("ht")]
    assert [] == [paragraph for paragraph in said if any(map(str.isdigit, paragraph))]


def test_in_place_of_dates_and_numbers_it_is_said_that_they_are_written() -> None:
    page = present(a_standing(Waiting.NO_CAPACITY, rank=12), Pages().catalogues["en"], NOW)

    assert "before you in this programme: 12." in page.next[-1]
    assert "before you in this programme: what is written on this page." in page.next_aloud[-1]


def test_a_page_has_a_player_in_the_language_in_which_it_was_spoken_only(tmp_path: Path) -> None:
    files = spoken(tmp_path)
    haitian = shown(files)

    assert 1 == haitian.count(PLAYER)
    assert "<strong>Koute paj sa a</strong>" in haitian
    assert "(1:10 min, 210 KB)" in haitian  # ten paragraphs of seven seconds
    assert PLAYER not in shown(files, language="en")
    assert PLAYER not in shown(AudioFiles(tmp_path / "none", tmp_path / "none"))


def test_a_page_with_a_paragraph_that_nobody_said_has_no_player(tmp_path: Path) -> None:
    changed = Pages().catalogues["ht"].text("free.text")
    files = spoken(tmp_path, but=[changed])

    assert PLAYER not in shown(files)
    assert PLAYER in shown(files, "case")


def test_what_is_wrong_with_what_was_typed_is_said_too(tmp_path: Path) -> None:
    files = spoken(tmp_path)
    fine, wrong = shown(files, "case"), shown(files, "case", error="case.error.form", typed="NA7K-0000")

    assert PLAYER in fine and PLAYER in wrong
    assert fine[fine.index(PLAYER) :].split("aria")[0] != wrong[wrong.index(PLAYER) :].split("aria")[0]


def test_a_persons_voice_is_heard_before_a_machines_while_it_reads_what_the_page_says(tmp_path: Path) -> None:
    files, text = spoken(tmp_path), text_of("ht", "start")
    recorded(files, "start", text.replace("\n\n", "\n"))
    now = shown(files)
    recorded(files, "start", text.replace("gratis", "pa gratis"))
    changed = shown(files)

    assert "(0:30 min, 90 KB)" in now
    assert "(1:10 min, 210 KB)" in changed


def test_another_recording_has_another_address(tmp_path: Path) -> None:
    files, text = AudioFiles(tmp_path / "spoken", tmp_path / "recorded"), text_of("ht", "start")
    recorded(files, "start", text, seconds=30)
    before = files.voice("ht").says([text])
    recorded(files, "start", text.replace("\n", " "), seconds=31)
    after = files.voice("ht").says([text])

    assert before and after
    assert before.path != after.path


@pytest.mark.parametrize(
    ("content", "text", "fault"),
    [
        (b"RIFF....WAVE", "Chemen ou", r"recorded/ht/start\.mp3 is no MP3"),
        (an_mp3(1), None, r"recorded/ht/start\.mp3: put the text that was read beside it as start\.txt"),
    ],
)
def test_a_recording_that_cannot_be_used_is_named_with_the_remedy(
    tmp_path: Path, content: bytes, text: str | None, fault: str
) -> None:
    files = AudioFiles(tmp_path / "spoken", tmp_path / "recorded")
    recorded(files, "start", text or "")
    (files.recorded / "ht" / "start.mp3").write_bytes(content)
    if text is None:
        (files.recorded / "ht" / "start.txt").unlink()

    with pytest.raises(ValueError, match=fault):
        Pages(audio=files)
