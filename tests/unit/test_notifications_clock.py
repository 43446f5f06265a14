"""A country changes its clocks: the hour on the door stays, and the household hears once that it is another instant."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from services.notifications.domain.notice import Notice, PastNotice
from services.notifications.domain.notices import NoticesDue, is_still_owed, is_too_late
from services.notifications.messages import LANGUAGES_DIR
from services.notifications.messages.presenter import Letter, Surroundings, present
from services.notifications.messages.render import render_text
from shared.events import Appointment, NoticeKind
from shared.languages import read_catalogues
from tests.portal import DRAFTS
from tests.unit.notifications_builders import (
    CASE_REF,
    NOW,
    a_site,
    a_snapshot,
    an_appointment,
    due_for,
    later,
    past,
)

CATALOGUES = read_catalogues(LANGUAGES_DIR, DRAFTS)
OLD = datetime(2026, 12, 14, 17, tzinfo=UTC)
NEW = datetime(2026, 12, 14, 16, tzinfo=UTC)


def in_vancouver(status: str = "booked") -> Appointment:
    """At nine on the clock there, as older zone data had it: UTC-8."""
    return an_appointment(
        status, wall_time="2026-12-14T09:00", zone="America/Vancouver", starts_at=OLD, tzdata_version="2025.2"
    )


def moved(before: Appointment, status: str | None = None) -> Appointment:
    return later(before, status or before.status, starts_at=NEW, tzdata_version="2026.6", version=2)


def a_letter(notice: Notice, language: str) -> Letter:
    sites = {"MX-TAP-01": a_site(city="Vancouver")}
    return present(notice, Surroundings(CASE_REF, None, sites, "https://portal.example"), CATALOGUES[language])


@pytest.mark.parametrize(("kind", "status"), [(NoticeKind.BOOKED, "booked"), (NoticeKind.OFFERED, "pending")])
def test_a_household_hears_once_that_its_hour_is_another_instant(kind: NoticeKind, status: str) -> None:
    before = in_vancouver(status)
    after = moved(before)
    told = past(Notice(kind, before))

    first = due_for([told], a_snapshot(after, version=2))
    assert first.new == Notice(NoticeKind.CLOCK_CHANGED, after, before)
    again = due_for([told, past(first.new)], a_snapshot(after, version=3))

    assert NoticesDue() == again


def test_while_it_waits_to_go_it_is_owed_and_not_made_again() -> None:
    before = in_vancouver()
    after = moved(before)
    told, waits = past(Notice(NoticeKind.BOOKED, before)), past(Notice(NoticeKind.CLOCK_CHANGED, after, before), "due")

    assert NoticesDue() == due_for([told, waits], a_snapshot(after, version=3))
    assert is_still_owed(waits, [told, waits], a_snapshot(after, version=3), NOW)


def test_one_that_may_have_arrived_is_tried_again_until_it_surely_did() -> None:
    before = in_vancouver()
    after = moved(before)
    told = past(Notice(NoticeKind.BOOKED, before))
    tried = past(Notice(NoticeKind.CLOCK_CHANGED, after, before), "due", may_have_arrived=True)

    assert NoticesDue() == due_for([told, tried], a_snapshot(after, version=3))
    assert is_still_owed(tried, [told, tried], a_snapshot(after, version=3), NOW)


def test_newer_zone_data_with_the_same_instant_say_nothing() -> None:
    before = in_vancouver()

    due = due_for(
        [past(Notice(NoticeKind.BOOKED, before))], a_snapshot(later(before, "booked", tzdata_version="2026.6"))
    )

    assert NoticesDue() == due


def test_a_date_that_nobody_was_told_of_is_announced_at_its_new_instant_alone() -> None:
    before = in_vancouver()
    unsent = past(Notice(NoticeKind.BOOKED, before), "due")

    due = due_for([unsent], a_snapshot(moved(before), version=2))

    assert NoticesDue(renewed=(unsent.id, Notice(NoticeKind.BOOKED, moved(before)))) == due


def test_an_offer_that_is_accepted_meanwhile_brings_one_message_that_says_both() -> None:
    before = in_vancouver("pending")
    after = moved(before, "booked")
    told = past(Notice(NoticeKind.OFFERED, before))

    due = due_for([told], a_snapshot(after, version=3))
    assert due.new == Notice(NoticeKind.BOOKED, after, before)
    unsent = past(Notice(NoticeKind.CLOCK_CHANGED, moved(before), before), "due")
    overtaken = due_for([told, unsent], a_snapshot(after, version=3))

    assert NoticesDue(new=due.new, withdrawn=(unsent.id,)) == overtaken


def test_a_date_that_was_told_of_another_desk_has_another_instant() -> None:
    before = in_vancouver()
    other_desk = moved(before).model_copy(update={"id": uuid4(), "replaces": before.id})

    due = due_for([past(Notice(NoticeKind.BOOKED, before))], a_snapshot(other_desk, version=3))

    assert due.new and due.new.appointment
    assert (NoticeKind.CLOCK_CHANGED, NEW) == (due.new.kind, due.new.appointment.starts_at)


def test_an_interview_that_took_place_by_a_clock_that_nobody_heard_of_is_not_told_as_cancelled() -> None:
    before = in_vancouver()
    heard = later(moved(before), "fulfilled")

    due = due_for([past(Notice(NoticeKind.BOOKED, before))], a_snapshot(ended=heard, closed="fulfilled", version=3))

    assert NoticesDue() == due


def test_a_second_change_is_told_once_more() -> None:
    before = in_vancouver()
    after = moved(before)
    back = later(after, "booked", starts_at=OLD + timedelta(hours=1), version=3)
    told: list[PastNotice] = [
        past(Notice(NoticeKind.BOOKED, before)),
        past(Notice(NoticeKind.CLOCK_CHANGED, after, before)),
    ]

    due = due_for(told, a_snapshot(back, version=3))

    assert Notice(NoticeKind.CLOCK_CHANGED, back, after) == due.new


def test_nothing_is_said_of_a_date_that_has_begun_and_of_an_offer_that_nobody_can_answer() -> None:
    before = in_vancouver("pending")
    notice = Notice(NoticeKind.CLOCK_CHANGED, moved(before), before)
    assert before.deadline is not None

    assert due_for([past(Notice(NoticeKind.OFFERED, before))], a_snapshot(moved(before)), NEW) == NoticesDue()
    assert [False, True] == [
        is_too_late(notice, now) for now in (before.deadline - timedelta(seconds=1), before.deadline)
    ]


def test_a_date_that_was_told_in_another_hour_of_today_s_zone_data_is_named_as_it_was_told() -> None:
    earlier, booked = in_vancouver(), an_appointment("booked")

    text = render_text(a_letter(Notice(NoticeKind.MOVED, booked, earlier), "en"))

    assert "Monday, December 14, 2026, 9:00 AM, Vancouver time (UTC-8)" in text


@pytest.mark.parametrize("language", sorted(CATALOGUES))
def test_the_message_names_the_same_hour_and_the_clock_before_and_after(language: str) -> None:
    before = in_vancouver()

    letter = a_letter(Notice(NoticeKind.CLOCK_CHANGED, moved(before), before), language)

    assert CATALOGUES[language].text("note.clock", city="Vancouver", before="UTC-8", after="UTC-7") in letter.notes
    assert CATALOGUES[language].text("note.cannot_come") in letter.notes
    assert "9:00" in render_text(letter).replace("09:00", "9:00")
    assert CATALOGUES[language].text("note.earlier", moment="").split(":")[0] not in render_text(letter)


@pytest.mark.parametrize("language", sorted(CATALOGUES))
def test_the_message_about_an_offer_still_says_until_when_to_answer(language: str) -> None:
    before = in_vancouver("pending")

    letter = a_letter(Notice(NoticeKind.CLOCK_CHANGED, moved(before), before), language)

    assert CATALOGUES[language].text("fact.answer_by") in [fact.label for fact in letter.facts]
    assert CATALOGUES[language].text("note.hold") in letter.notes
    assert CATALOGUES[language].text("how.answer.heading") == letter.sections[0].heading
