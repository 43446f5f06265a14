"""Who is to choose a date is told until when that is possible, and hears of it when that changes."""

from datetime import date

import pytest

from services.notifications.domain.notice import Notice
from services.notifications.domain.notices import NoticesDue
from services.notifications.messages import LANGUAGES_DIR
from services.notifications.messages.presenter import Letter, Surroundings, present
from services.notifications.messages.render import render_text
from shared.dates import long_date
from shared.events import Choice, NoticeKind
from shared.languages import read_catalogues
from tests.portal import DRAFTS
from tests.unit.notifications_builders import CASE_REF, a_snapshot, due_for, past

CATALOGUES = read_catalogues(LANGUAGES_DIR, DRAFTS)
CHOICE = Choice(before=date(2027, 2, 25), latest=date(2027, 2, 28))
SOONER = Choice(before=date(2027, 1, 12), latest=date(2027, 1, 15))
INVITED = Notice(NoticeKind.WAITING, waiting="awaiting_choice", choice=CHOICE)


def a_letter(notice: Notice, language: str) -> Letter:
    return present(notice, Surroundings(CASE_REF, None, {}, "https://portal.example"), CATALOGUES[language])


def test_the_invitation_to_choose_knows_until_when() -> None:
    assert NoticesDue(new=INVITED) == due_for([], a_snapshot(waiting="awaiting_choice", choice=CHOICE))


def test_who_is_to_choose_by_another_day_hears_of_it_once() -> None:
    told, sooner = past(INVITED), a_snapshot(waiting="awaiting_choice", choice=SOONER, version=2)

    due = due_for([told], sooner)

    assert due.new and (SOONER, told.id) == (due.new.choice, due.new.follows)
    assert NoticesDue() == due_for([told, past(due.new)], sooner)


def test_an_invitation_that_has_not_gone_out_names_the_newest_day() -> None:
    unsent = past(INVITED, "due")

    due = due_for([unsent], a_snapshot(waiting="awaiting_choice", choice=SOONER, version=2))

    assert due.renewed and (unsent.id, SOONER) == (due.renewed[0], due.renewed[1].choice)


def test_who_was_invited_before_days_were_said_is_not_written_to_for_them() -> None:
    told = past(Notice(NoticeKind.WAITING, waiting="awaiting_choice"))

    assert NoticesDue() == due_for([told], a_snapshot(waiting="awaiting_choice", choice=CHOICE, version=2))


@pytest.mark.parametrize("language", sorted(CATALOGUES))
def test_the_message_names_the_last_day_and_until_when_to_choose(language: str) -> None:
    letter = a_letter(INVITED, language)

    assert long_date(CHOICE.before, language) in [fact.value for fact in letter.facts if fact.matters_most]
    assert CATALOGUES[language].text("note.choose", date=long_date(CHOICE.latest, language)) in letter.notes
    assert long_date(CHOICE.latest, language) in render_text(letter)
    assert CATALOGUES[language].text("waiting.awaiting_choice") in letter.notes
