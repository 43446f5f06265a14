"""A site has another name or address: who has a date there hears so once, and that its printed letter names the place of before."""

import html
from datetime import timedelta
from uuid import uuid4

import pytest
from icalendar import Calendar

from services.notifications.domain.notice import Matter, Notice, NoticeState, PastNotice
from services.notifications.domain.notices import NoticesDue, is_still_owed, notices_due
from services.notifications.messages import LANGUAGES_DIR
from services.notifications.messages.calendar_entry import EntryIdentity, calendar_entry
from services.notifications.messages.presenter import Letter, Surroundings, present
from services.notifications.messages.render import render_html, render_text
from services.notifications.repository.known import place_of
from shared.events import Appointment, NoticeKind
from shared.languages import read_catalogues
from tests.portal import DRAFTS
from tests.unit.notifications_builders import CASE_REF, NOW, a_site, a_snapshot, an_appointment, later

CATALOGUES = read_catalogues(LANGUAGES_DIR, DRAFTS)
OLD, NEW, NEWEST = place_of(a_site()), "COMAR, Avenida Norte 3, Tapachula", "COMAR, Avenida Sur 9, Tapachula"


def said(notice: Notice, place: str | None = OLD, state: str = "sent", *, may_have_arrived: bool = True) -> PastNotice:
    """A notice whose message named this place."""
    return PastNotice(uuid4(), NoticeState(state), notice, may_have_arrived, place)


def unsent(notice: Notice) -> PastNotice:
    return said(notice, None, "due", may_have_arrived=False)


def due_at(place: str | None, past: list[PastNotice], appointment: Appointment) -> NoticesDue:
    """What is to be done now that the appointment's place is this one."""
    return notices_due(past, a_snapshot(appointment, version=2), NOW, place=place)


def changed(date: Appointment, told: PastNotice, former: str | None = OLD) -> Notice:
    return Notice(NoticeKind.PLACE_CHANGED, date, follows=told.id, former_place=former)


def a_letter(notice: Notice, language: str = "en", address: str = "Avenida Norte 3") -> Letter:
    sites = {"MX-TAP-01": a_site(name="COMAR", address=address)}
    return present(notice, Surroundings(CASE_REF, None, sites, "https://portal.example"), CATALOGUES[language])


@pytest.mark.parametrize(("kind", "status"), [(NoticeKind.BOOKED, "booked"), (NoticeKind.OFFERED, "pending")])
def test_a_household_hears_once_that_its_date_is_at_another_address(kind: NoticeKind, status: str) -> None:
    date = an_appointment(status)
    told = said(Notice(kind, date))

    first = due_at(NEW, [told], date)
    assert NoticesDue(new=changed(date, told)) == first
    assert first.new and Matter.PLACE is first.new.matter
    again = due_at(NEW, [told, said(first.new, NEW)], date)

    assert NoticesDue() == again


def test_it_hears_of_each_change_also_back_and_forth() -> None:
    date = an_appointment("booked")
    told = said(Notice(NoticeKind.BOOKED, date))
    moved = said(changed(date, told), NEW)
    back = due_at(OLD, [told, moved], date)
    assert NoticesDue(new=changed(date, moved, NEW)) == back
    assert back.new
    at_home = said(back.new, OLD)

    assert NoticesDue(new=changed(date, at_home)) == due_at(NEW, [told, moved, at_home], date)


def test_a_change_that_had_not_gone_out_is_said_as_it_is_now_or_not_at_all() -> None:
    date = an_appointment("booked")
    told = said(Notice(NoticeKind.BOOKED, date))
    waits = unsent(changed(date, told))

    assert NoticesDue() == due_at(NEWEST, [told, waits], date)
    assert is_still_owed(waits, [told, waits], a_snapshot(date), NOW, place=NEWEST)
    assert NoticesDue(withdrawn=(waits.id,)) == due_at(OLD, [told, waits], date)


def test_a_change_that_may_have_arrived_is_said_until_it_surely_did_also_when_the_place_went_back() -> None:
    date = an_appointment("booked")
    told = said(Notice(NoticeKind.BOOKED, date))
    tried = said(changed(date, told), NEW, "due")

    for place in (NEW, OLD):
        assert NoticesDue() == due_at(place, [told, tried], date)
        assert is_still_owed(tried, [told, tried], a_snapshot(date), NOW, place=place)


def test_who_was_not_told_of_its_date_yet_hears_only_where_it_is_now() -> None:
    date = an_appointment("booked")
    waits = unsent(Notice(NoticeKind.BOOKED, date))

    assert NoticesDue() == due_at(NEW, [waits], date)


def test_who_was_told_before_this_was_looked_at_or_whose_site_is_not_known_yet_hears_nothing() -> None:
    date = an_appointment("booked")
    told = Notice(NoticeKind.BOOKED, date)

    assert NoticesDue() == due_at(NEW, [said(told, None)], date)
    assert NoticesDue() == due_at(None, [said(told)], date)


def test_whoever_accepts_an_offer_or_gets_another_date_there_hears_of_the_place_with_it() -> None:
    offer = an_appointment("pending")
    booked = later(offer, "booked", version=2)
    moved = an_appointment("booked", wall_time="2026-12-16T09:00")
    told = said(Notice(NoticeKind.OFFERED, offer))

    assert Notice(NoticeKind.BOOKED, booked, former_place=OLD) == due_at(NEW, [told], booked).new
    confirmed = [told, said(Notice(NoticeKind.BOOKED, booked))]
    assert Notice(NoticeKind.MOVED, moved, booked, former_place=OLD) == due_at(NEW, confirmed, moved).new


def test_a_date_at_another_site_says_nothing_of_the_place_of_the_first() -> None:
    before, elsewhere = an_appointment("booked"), an_appointment("booked", site="MX-TIJ-01")

    due = due_at(NEW, [said(Notice(NoticeKind.BOOKED, before))], elsewhere)

    assert Notice(NoticeKind.MOVED, elsewhere, before) == due.new


def test_a_clock_that_changed_as_well_is_told_in_the_same_message() -> None:
    before = an_appointment("booked")
    after = later(before, "booked", starts_at=before.starts_at - timedelta(hours=1))
    told = said(Notice(NoticeKind.BOOKED, before))

    due = due_at(NEW, [told], after)

    assert Notice(NoticeKind.CLOCK_CHANGED, after, before, former_place=OLD) == due.new
    assert due.new and CATALOGUES["en"].text("note.place", now=NEW, before=OLD) in a_letter(due.new).notes


def test_who_heard_of_its_date_only_by_a_changed_clock_hears_of_a_changed_place() -> None:
    before = an_appointment("booked")
    after = later(before, "booked", starts_at=before.starts_at - timedelta(hours=1))
    tried = said(Notice(NoticeKind.BOOKED, before), OLD, "withdrawn")
    told = said(Notice(NoticeKind.CLOCK_CHANGED, after, before))

    assert NoticesDue(new=changed(after, told)) == due_at(NEW, [tried, told], after)


def test_nothing_is_said_once_the_date_has_begun() -> None:
    date = an_appointment("booked")
    told = said(Notice(NoticeKind.BOOKED, date))

    assert NoticesDue() == notices_due([told], a_snapshot(date), date.starts_at, place=NEW)
    assert NoticesDue() == due_at(NEW, [told], later(date, "arrived"))


def test_a_reminder_says_nothing_of_a_place_that_its_household_was_not_told() -> None:
    date = an_appointment("booked")
    reminder = unsent(Notice(NoticeKind.REMINDER, date, days_before=3))
    told = said(Notice(NoticeKind.BOOKED, date))

    assert is_still_owed(reminder, [told, reminder], a_snapshot(date), NOW, place=OLD)
    assert not is_still_owed(reminder, [told, reminder], a_snapshot(date), NOW, place=NEW)
    assert NoticesDue(new=changed(date, told), withdrawn=(reminder.id,)) == due_at(NEW, [told, reminder], date)


def test_an_answer_that_is_to_be_told_as_well_goes_along() -> None:
    date, answer = an_appointment("booked"), uuid4()
    told = said(Notice(NoticeKind.BOOKED, date))

    due = notices_due([told], a_snapshot(date, answered=answer), NOW, place=NEW)

    assert due.new and (NoticeKind.PLACE_CHANGED, answer) == (due.new.kind, due.new.answered)


@pytest.mark.parametrize("language", sorted(CATALOGUES))
def test_the_message_says_that_the_date_stays_where_it_is_now_and_that_the_printed_letter_names_the_place_of_before(
    language: str,
) -> None:
    catalogue, date = CATALOGUES[language], an_appointment("booked")

    letter = a_letter(changed(date, said(Notice(NoticeKind.BOOKED, date))), language)

    assert catalogue.text("lead.place-changed") == letter.lead
    assert catalogue.text("note.place", now=NEW, before=OLD) in letter.notes
    assert catalogue.text("note.letter_place") in letter.notes
    assert (NEW, True) in [(fact.value, fact.matters_most) for fact in letter.facts]
    for note in letter.notes:
        assert note in render_text(letter) and note in html.unescape(render_html(letter))


def test_of_an_offer_no_letter_is_printed_anew_and_it_says_until_when_to_answer() -> None:
    offer = an_appointment("pending")

    letter = a_letter(changed(offer, said(Notice(NoticeKind.OFFERED, offer))))

    assert CATALOGUES["en"].text("note.letter_place") not in letter.notes
    assert "Answer by" in [fact.label for fact in letter.facts]


def test_a_place_that_went_back_before_the_message_goes_out_again_is_not_named_as_the_one_of_before() -> None:
    date = an_appointment("booked")

    letter = a_letter(changed(date, said(Notice(NoticeKind.BOOKED, date)), NEW))

    assert not any("Before, it was" in note for note in letter.notes)


def test_the_calendar_entry_keeps_its_time_and_has_the_new_place() -> None:
    date = an_appointment("booked")
    entry = calendar_entry(
        changed(date, said(Notice(NoticeKind.BOOKED, date))),
        EntryIdentity(uuid4(), 1, "no-reply@puente.example"),
        site=a_site(name="COMAR", address="Avenida Norte 3"),
        catalogue=CATALOGUES["en"],
        now=NOW,
    )
    assert entry

    [event] = Calendar.from_ical(entry.ics).walk("VEVENT")

    assert ("REQUEST", "CONFIRMED", NEW) == (entry.method, event["STATUS"], event["LOCATION"])
    assert b"20261214T143000" == event["DTSTART"].to_ical()
