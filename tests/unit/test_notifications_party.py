"""Another number of people must come on the same date: a household hears so once, and that its printed letter is not valid."""

import html
from datetime import timedelta
from uuid import uuid4

import pytest
from icalendar import Calendar

from services.notifications.domain.notice import Matter, Notice
from services.notifications.domain.notices import NoticesDue, is_still_owed
from services.notifications.messages import LANGUAGES_DIR
from services.notifications.messages.calendar_entry import EntryIdentity, calendar_entry
from services.notifications.messages.presenter import Letter, Surroundings, present
from services.notifications.messages.render import render_html, render_text
from shared.events import Appointment, NoticeKind
from shared.languages import read_catalogues
from tests.portal import DRAFTS
from tests.unit.notifications_builders import CASE_REF, NOW, a_site, a_snapshot, an_appointment, due_for, later, past

CATALOGUES = read_catalogues(LANGUAGES_DIR, DRAFTS)


def grown(before: Appointment, party: int = 4) -> Appointment:
    """The appointment that takes its place at the same site and time, for more people."""
    return before.model_copy(update={"id": uuid4(), "party": party, "replaces": before.id})


def fewer(before: Appointment, party: int = 2) -> Appointment:
    """The same appointment, once its household has become smaller."""
    return before.model_copy(update={"version": before.version + 1, "party": party})


def a_letter(notice: Notice, language: str = "en") -> Letter:
    around = Surroundings(CASE_REF, None, {"MX-TAP-01": a_site()}, "https://portal.example")
    return present(notice, around, CATALOGUES[language])


def test_a_household_hears_once_that_more_of_it_must_come_on_its_date() -> None:
    before = an_appointment("booked")
    after = grown(before)
    told = past(Notice(NoticeKind.BOOKED, before))

    first = due_for([told], a_snapshot(after, version=2))
    assert NoticesDue(new=Notice(NoticeKind.PARTY_CHANGED, after, before)) == first
    assert first.new
    again = due_for([told, past(first.new)], a_snapshot(after, version=3))

    assert NoticesDue() == again


def test_of_an_offer_it_hears_with_the_offer_how_many_must_come_now() -> None:
    before = an_appointment("pending")
    after = grown(before)
    told = past(Notice(NoticeKind.OFFERED, before))

    offered = due_for([told], a_snapshot(after, version=2))
    accepted = due_for([told], a_snapshot(later(after, "booked", version=2), version=3))

    assert Notice(NoticeKind.OFFERED, after, before) == offered.new
    assert Notice(NoticeKind.BOOKED, later(after, "booked", version=2), before) == accepted.new


def test_who_may_have_heard_of_another_day_hears_that_this_one_is_off_before_all() -> None:
    before = an_appointment("booked")
    elsewhere = an_appointment("booked", wall_time="2026-12-16T09:00")
    after = grown(before)
    told = [
        past(Notice(NoticeKind.BOOKED, before)),
        past(Notice(NoticeKind.MOVED, elsewhere, before), "due", may_have_arrived=True),
    ]

    assert Notice(NoticeKind.MOVED, after, elsewhere) == due_for(told, a_snapshot(after, version=3)).new


def test_only_the_newest_number_is_said_while_the_one_before_has_not_gone_out() -> None:
    before = an_appointment("booked")
    four, five = grown(before), grown(before, 5)
    told = past(Notice(NoticeKind.BOOKED, before))
    unsent = past(Notice(NoticeKind.PARTY_CHANGED, four, before), "due")

    due = due_for([told, unsent], a_snapshot(five, version=3))
    back = due_for([told, unsent], a_snapshot(grown(four, before.party), version=3))

    assert NoticesDue(new=Notice(NoticeKind.PARTY_CHANGED, five, before), withdrawn=(unsent.id,)) == due
    assert (unsent.id,) == back.withdrawn
    assert back.new and NoticeKind.BOOKED == back.new.kind


def test_nothing_is_said_once_the_date_has_begun() -> None:
    before = an_appointment("booked")

    due = due_for([past(Notice(NoticeKind.BOOKED, before))], a_snapshot(grown(before)), before.starts_at)

    assert NoticesDue() == due


def test_a_reminder_of_another_number_is_not_owed_any_more() -> None:
    before = an_appointment("booked")
    reminder = past(Notice(NoticeKind.REMINDER, before, days_before=3), "due")
    told = [past(Notice(NoticeKind.BOOKED, before)), reminder]

    assert is_still_owed(reminder, told, a_snapshot(before), NOW)
    assert not is_still_owed(reminder, told, a_snapshot(grown(before)), NOW)
    assert reminder.id in due_for(told, a_snapshot(grown(before))).withdrawn


@pytest.mark.parametrize("language", sorted(CATALOGUES))
def test_the_message_says_that_the_date_stays_who_must_come_now_and_that_the_printed_letter_is_not_valid(
    language: str,
) -> None:
    catalogue, before = CATALOGUES[language], an_appointment("booked")
    notice = Notice(NoticeKind.PARTY_CHANGED, grown(before), before)

    letter = a_letter(notice, language)

    assert catalogue.text("lead.party-changed") == letter.lead
    assert catalogue.text("note.party", now="4", before="3") in letter.notes
    assert catalogue.text("note.letter") in letter.notes
    assert catalogue.text("value.people", count="4") in [fact.value for fact in letter.facts]
    assert catalogue.text("note.earlier", moment="").split(":")[0] not in render_text(letter)
    for note in letter.notes:
        assert note in render_text(letter) and note in html.unescape(render_html(letter))


def test_the_calendar_entry_keeps_its_time() -> None:
    before = an_appointment("booked")
    entry = calendar_entry(
        Notice(NoticeKind.PARTY_CHANGED, grown(before), before),
        EntryIdentity(uuid4(), 2, "no-reply@puente.example"),
        site=a_site(),
        catalogue=CATALOGUES["en"],
        now=NOW,
    )
    assert entry

    [event] = Calendar.from_ical(entry.ics).walk("VEVENT")

    assert ("REQUEST", "CONFIRMED", 2) == (entry.method, event["STATUS"], event["SEQUENCE"])
    assert b"20261214T143000" == event["DTSTART"].to_ical()


def test_whoever_has_a_letter_of_a_date_that_does_not_hold_is_told_to_print_the_new_one() -> None:
    before, offer = an_appointment("booked"), an_appointment("pending")
    moved = an_appointment("booked", wall_time="2026-12-16T09:00")
    another_instant = later(before, "booked", starts_at=before.starts_at - timedelta(hours=1))
    print_again = CATALOGUES["en"].text("note.letter")

    assert print_again in a_letter(Notice(NoticeKind.MOVED, moved, before)).notes
    assert print_again in a_letter(Notice(NoticeKind.CLOCK_CHANGED, another_instant, before)).notes
    assert print_again not in a_letter(Notice(NoticeKind.BOOKED, moved)).notes
    assert print_again not in a_letter(Notice(NoticeKind.MOVED, moved, offer)).notes
    assert print_again not in a_letter(Notice(NoticeKind.OFFERED, offer, before)).notes


def test_a_new_date_for_more_people_says_both() -> None:
    before = an_appointment("booked")
    after = an_appointment("booked", wall_time="2026-12-16T09:00", party=5)

    notes = a_letter(Notice(NoticeKind.MOVED, after, before)).notes

    assert CATALOGUES["en"].text("note.party", now="5", before="3") in notes
    assert any("no longer holds" in note for note in notes)


@pytest.mark.parametrize(("kind", "status"), [(NoticeKind.BOOKED, "booked"), (NoticeKind.OFFERED, "pending")])
def test_a_household_hears_once_that_fewer_of_it_must_come(kind: NoticeKind, status: str) -> None:
    before = an_appointment(status)
    after = fewer(before)
    told = past(Notice(kind, before))

    first = due_for([told], a_snapshot(after, version=2))
    assert NoticesDue(new=Notice(NoticeKind.PARTY_CHANGED, after, before)) == first
    assert first.new and Matter.PARTY is first.new.matter
    again = due_for([told, past(first.new)], a_snapshot(after, version=3))

    assert NoticesDue() == again


def test_who_was_not_told_of_its_date_yet_hears_the_right_number_alone() -> None:
    before = an_appointment("booked")
    unsent = past(Notice(NoticeKind.BOOKED, before), "due")

    due = due_for([unsent], a_snapshot(fewer(before), version=2))

    assert NoticesDue(renewed=(unsent.id, Notice(NoticeKind.BOOKED, fewer(before)))) == due


def test_whoever_became_more_and_then_fewer_hears_of_each() -> None:
    before = an_appointment("booked")
    more = grown(before)
    told = [past(Notice(NoticeKind.BOOKED, before)), past(Notice(NoticeKind.PARTY_CHANGED, more, before))]

    due = due_for(told, a_snapshot(fewer(more, 3), version=3))

    assert NoticesDue(new=Notice(NoticeKind.PARTY_CHANGED, fewer(more, 3), more)) == due


def test_who_still_has_to_answer_its_offer_is_told_so_with_the_number() -> None:
    offer = an_appointment("pending")

    letter = a_letter(Notice(NoticeKind.PARTY_CHANGED, fewer(offer), offer))

    assert "Answer by" in [fact.label for fact in letter.facts]
    assert "How to answer" == letter.sections[0].heading
    assert CATALOGUES["en"].text("note.letter") not in letter.notes


def test_a_clock_that_changed_as_well_is_told_in_the_same_message() -> None:
    before = an_appointment("booked")
    after = fewer(later(before, "booked", starts_at=before.starts_at - timedelta(hours=1)))

    due = due_for([past(Notice(NoticeKind.BOOKED, before))], a_snapshot(after, version=2))

    assert Notice(NoticeKind.CLOCK_CHANGED, after, before) == due.new
    assert due.new and CATALOGUES["en"].text("note.party", now="2", before="3") in a_letter(due.new).notes
