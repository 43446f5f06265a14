"""Staff answer what a household asked for about its date: it hears once that they did, and reads on its page what they said."""

from uuid import UUID, uuid4

import pytest

from services.notifications.domain.notice import Notice
from services.notifications.domain.notices import NoticesDue, is_still_owed
from services.notifications.messages import LANGUAGES_DIR
from services.notifications.messages.presenter import Letter, Surroundings, present
from services.notifications.messages.render import render_text
from shared.events import Appointment, NoticeKind
from shared.languages import read_catalogues
from tests.portal import DRAFTS
from tests.unit.notifications_builders import CASE_REF, NOW, a_site, a_snapshot, an_appointment, due_for, later, past

CATALOGUES = read_catalogues(LANGUAGES_DIR, DRAFTS)
ANSWER, NEXT = uuid4(), uuid4()


def the_answer(date: Appointment, answered: UUID = ANSWER) -> Notice:
    return Notice(NoticeKind.ADJUSTMENT_ANSWERED, date, answered=answered)


def a_letter(notice: Notice, language: str = "en") -> Letter:
    around = Surroundings(CASE_REF, None, {"MX-TAP-01": a_site()}, "https://portal.example")
    return present(notice, around, CATALOGUES[language])


@pytest.mark.parametrize(("kind", "status"), [(NoticeKind.BOOKED, "booked"), (NoticeKind.OFFERED, "pending")])
def test_who_knows_its_date_hears_of_each_answer_once(kind: NoticeKind, status: str) -> None:
    date = an_appointment(status)
    told = [past(Notice(kind, date))]

    first = due_for(told, a_snapshot(date, answered=ANSWER, version=2))
    told.append(past(the_answer(date)))
    again = due_for(told, a_snapshot(date, answered=ANSWER, version=3))
    other = due_for(told, a_snapshot(date, answered=NEXT, version=4))

    assert NoticesDue(new=the_answer(date)) == first
    assert NoticesDue() == again
    assert NoticesDue(new=the_answer(date, NEXT)) == other


def test_who_was_not_told_its_date_yet_hears_of_both_in_one_message() -> None:
    date = an_appointment("booked")
    unsent, both = past(Notice(NoticeKind.BOOKED, date), "due"), Notice(NoticeKind.BOOKED, date, answered=ANSWER)

    due = due_for([unsent], a_snapshot(date, answered=ANSWER, version=2))

    assert NoticesDue(renewed=(unsent.id, both)) == due
    assert NoticesDue() == due_for([past(both)], a_snapshot(date, answered=ANSWER, version=3))


def test_who_may_know_its_date_without_the_answer_hears_of_both_again() -> None:
    date = an_appointment("booked")
    tried = past(Notice(NoticeKind.BOOKED, date), "due", may_have_arrived=True)

    due = due_for([tried], a_snapshot(date, answered=ANSWER, version=2))

    assert NoticesDue(new=the_answer(date), withdrawn=(tried.id,)) == due


@pytest.mark.parametrize("state", ["due", "sending", "failed", "not_reachable"])
def test_one_that_may_have_arrived_is_tried_again_until_it_surely_did(state: str) -> None:
    date = an_appointment("booked")
    told, tried = past(Notice(NoticeKind.BOOKED, date)), past(the_answer(date), state, may_have_arrived=True)

    assert NoticesDue() == due_for([told, tried], a_snapshot(date, answered=ANSWER, version=3))
    assert is_still_owed(tried, [told, tried], a_snapshot(date, answered=ANSWER, version=3), NOW)


def test_an_answer_that_goes_along_to_another_appointment_of_the_same_date_is_not_said_again() -> None:
    before, after = an_appointment("booked"), an_appointment("booked", party=4)
    told = [past(Notice(NoticeKind.BOOKED, before)), past(the_answer(before))]

    due = due_for(told, a_snapshot(after, answered=ANSWER, version=3))

    assert NoticesDue(new=Notice(NoticeKind.PARTY_CHANGED, after, before)) == due


def test_an_answer_that_did_not_go_yet_goes_along_to_another_appointment_of_the_same_date() -> None:
    before, after = an_appointment("booked"), an_appointment("booked", party=4)
    told, unsent = past(Notice(NoticeKind.BOOKED, before)), past(the_answer(before), "due")

    due = due_for([told, unsent], a_snapshot(after, answered=ANSWER, version=3))

    both = Notice(NoticeKind.PARTY_CHANGED, after, before, answered=ANSWER)
    assert NoticesDue(new=both, withdrawn=(unsent.id,)) == due


def test_an_answer_about_a_date_that_is_none_any_more_is_not_sent() -> None:
    date = an_appointment("booked")
    told, unsent = past(Notice(NoticeKind.BOOKED, date)), past(the_answer(date), "due")

    for snapshot in (
        a_snapshot(ended=later(date, "cancelled"), version=3),
        a_snapshot(later(date, "arrived"), answered=ANSWER, version=3),
        a_snapshot(an_appointment("booked"), version=3),
    ):
        assert (unsent.id,) == due_for([told, unsent], snapshot).withdrawn
    assert NoticesDue() == due_for([told], a_snapshot(date, answered=ANSWER, version=2), date.starts_at)


def test_whose_clock_changed_as_well_hears_of_both_in_one_message() -> None:
    date = an_appointment("booked")
    moved = later(date, "booked", starts_at=date.starts_at.replace(hour=19), version=2)

    due = due_for([past(Notice(NoticeKind.BOOKED, date))], a_snapshot(moved, answered=ANSWER, version=2))

    assert NoticesDue(new=Notice(NoticeKind.CLOCK_CHANGED, moved, date, answered=ANSWER)) == due


@pytest.mark.parametrize("language", sorted(CATALOGUES))
def test_the_message_says_in_each_language_that_there_is_an_answer_and_not_which(language: str) -> None:
    date, catalogue = an_appointment("booked"), CATALOGUES[language]

    alone, with_the_date = (
        a_letter(the_answer(date), language),
        a_letter(Notice(NoticeKind.BOOKED, date, answered=ANSWER), language),
    )

    assert catalogue.text("lead.adjustment-answered") == alone.lead
    assert catalogue.text("note.adjustment_answered") not in alone.notes
    assert catalogue.text("note.adjustment_answered") in with_the_date.notes
    assert str(ANSWER) not in render_text(alone) + render_text(with_the_date)
    assert f"https://portal.example/{language}/my-interview" in render_text(alone)


def test_who_still_has_to_answer_its_offer_is_told_so_again_with_the_answer() -> None:
    asks, says = a_letter(the_answer(an_appointment())), a_letter(the_answer(an_appointment("booked")))

    assert "How to answer" in render_text(asks) and "Answer by" in render_text(asks)
    assert "To see where your case stands" in render_text(says) and "Answer by" not in render_text(says)
