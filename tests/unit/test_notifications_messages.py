import re
from collections.abc import Callable
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from icalendar import Calendar

from services.notifications.domain.notice import Notice
from services.notifications.messages import LANGUAGES_DIR
from services.notifications.messages.calendar_entry import EntryIdentity, calendar_entry
from services.notifications.messages.codes import present_code
from services.notifications.messages.presenter import Letter, Surroundings, present
from services.notifications.messages.render import render_html, render_text
from shared.clock import use_packaged_zone_data
from shared.events import NoticeKind, SiteChanged
from shared.languages import Catalogue, read_catalogues
from tests.portal import DRAFTS
from tests.unit.notifications_builders import CALENDAR_UID, CASE_REF, a_site, an_appointment, later

NOW = datetime(2026, 11, 24, 18, 0, tzinfo=UTC)
CATALOGUES = read_catalogues(LANGUAGES_DIR, DRAFTS)


@pytest.fixture(autouse=True)
def packaged_zone_data() -> None:
    use_packaged_zone_data()


def a_letter(notice: Notice, language: str = "en", *, site: SiteChanged | None = None) -> Letter:
    around = Surroundings(CASE_REF, None, {"MX-TAP-01": site or a_site()}, "https://portal.example")
    return present(notice, around, CATALOGUES[language])


def without_isolates(text: str) -> str:
    """What is read; the marks around values say only in which direction."""
    return re.sub("[\u2068\u2069]", "", text)


def every_notice() -> list[Notice]:
    booked, offer = an_appointment("booked"), an_appointment("pending")
    return [
        Notice(NoticeKind.WAITING, waiting="no-slot"),
        Notice(NoticeKind.OFFERED, offer),
        Notice(NoticeKind.BOOKED, booked),
        Notice(NoticeKind.MOVED, booked, earlier=an_appointment("booked", starts_at=NOW)),
        Notice(NoticeKind.EXPIRED, offer, waiting="no-slot"),
        Notice(NoticeKind.CANCELLED, booked, earlier=an_appointment("booked", starts_at=NOW)),
        Notice(NoticeKind.CLOSED, closed=True),
        Notice(NoticeKind.CLOCK_CHANGED, booked, earlier=later(booked, "booked", starts_at=NOW)),
        Notice(NoticeKind.PARTY_CHANGED, booked, earlier=an_appointment("booked", party=2)),
        Notice(NoticeKind.PLACE_CHANGED, booked, follows=uuid4(), former_place="Calle Vieja 1"),
        Notice(NoticeKind.ADJUSTMENT_ANSWERED, booked, answered=uuid4()),
        Notice(NoticeKind.REMINDER, booked, days_before=1),
    ]


@pytest.mark.parametrize("language", sorted(CATALOGUES))
@pytest.mark.parametrize("notice", every_notice(), ids=lambda notice: notice.kind)
def test_every_message_reads_to_its_end_in_every_language(notice: Notice, language: str) -> None:
    letter = a_letter(notice, language)

    for shape in (render_text(letter), render_html(letter)):
        assert CASE_REF in shape
        assert "https://portal.example/" in shape
        assert "{" not in shape
        assert "None" not in shape


@pytest.mark.parametrize("language", sorted(CATALOGUES))
@pytest.mark.parametrize("notice", every_notice(), ids=lambda notice: notice.kind)
def test_the_link_leads_to_the_portals_page_in_its_language_and_is_the_same_for_everyone(
    notice: Notice, language: str
) -> None:
    [link] = [section.link for section in a_letter(notice, language).sections if section.link]

    assert link == f"https://portal.example/{language}/my-interview"


@pytest.mark.parametrize("language", sorted(CATALOGUES))
def test_a_code_says_how_long_it_holds_that_nobody_asks_for_it_and_not_whose_it_is(language: str) -> None:
    letter, catalogue = present_code("012345", CATALOGUES[language]), CATALOGUES[language]

    for shape in (render_text(letter), render_html(letter)):
        assert "012345" in shape
        assert re.search(r"\b10\b", shape)
        assert catalogue.text("code.secret") in shape
        assert CASE_REF not in shape
    assert "012345" not in letter.subject
    assert len(letter.subject.split()) <= 2


@pytest.mark.parametrize("language", sorted(CATALOGUES))
def test_an_offer_says_everything_that_a_household_must_know(language: str) -> None:
    text = without_isolates(render_text(a_letter(Notice(NoticeKind.OFFERED, an_appointment("pending")), language)))
    catalogue = CATALOGUES[language]

    for fact in ("reference", "date", "time", "place", "people", "interpreter", "bring", "answer_by"):
        assert catalogue.text(f"fact.{fact}") in text
    for word in ("Tapachula", "2026", "UTC-6", "Mam", "COMAR Centro Multiservicios", "Calle Central 12", "3 ("):
        assert word in text
    assert catalogue.text("free.text") in text
    assert catalogue.text("verify.heading") in text


def test_the_deadline_is_in_the_wall_time_of_the_site_with_its_city() -> None:
    offer = an_appointment("pending", deadline=datetime(2026, 12, 2, 5, 30, tzinfo=UTC))

    text = render_text(a_letter(Notice(NoticeKind.OFFERED, offer)))

    assert "Answer by: Tuesday, December 1, 2026, 11:30 PM, Tapachula time (UTC-6)" in text


def test_the_hour_is_the_one_on_the_door_whatever_the_zone_data_say() -> None:
    booked = an_appointment("booked", wall_time="2027-01-15T09:00", starts_at=datetime(2027, 1, 15, 16, tzinfo=UTC))

    text = render_text(a_letter(Notice(NoticeKind.BOOKED, booked)))

    assert "9:00 AM, Tapachula time (UTC-7)" in text


def test_a_household_whose_case_its_country_withdrew_is_not_told_that_it_asked_for_that() -> None:
    asked = CATALOGUES["en"].text("reason.applicant-request")
    ended = an_appointment("cancelled", reason="applicant-request")

    assert asked in render_text(a_letter(Notice(NoticeKind.CANCELLED, ended, waiting="declined")))
    assert asked not in render_text(a_letter(Notice(NoticeKind.CANCELLED, ended, closed=True)))


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("COMAR Centro Multiservicios, Tapachula", "Place: COMAR Centro Multiservicios, Tapachula"),
        ("Calle Central 12, 30700 Tapachula", "Place: COMAR Centro Multiservicios, Calle Central 12, 30700 Tapachula"),
        ("", "Place: COMAR Centro Multiservicios, Tapachula"),
    ],
)
def test_a_place_is_named_once_whatever_its_address_repeats(address: str, said: str) -> None:
    notice = Notice(NoticeKind.BOOKED, an_appointment("booked"))

    assert said in render_text(a_letter(notice, site=a_site(address=address))).splitlines()


def test_no_line_of_a_message_on_a_page_ends_within_the_offset_of_a_clock() -> None:
    """Browsers break lines at a hyphen."""
    page = render_html(a_letter(Notice(NoticeKind.OFFERED, an_appointment("pending"))))

    assert "(UTC\u22126)" in page and "UTC-" not in page


def test_an_example_of_a_place_is_called_one() -> None:
    notice = Notice(NoticeKind.BOOKED, an_appointment("booked"))
    warning = CATALOGUES["en"].text("note.illustrative")

    assert warning in render_text(a_letter(notice, site=a_site(illustrative=True)))
    assert warning not in render_text(a_letter(notice))


def test_a_moved_date_names_the_one_that_no_longer_holds() -> None:
    starts_at = datetime(2026, 12, 10, 15, 0, tzinfo=UTC)
    earlier = an_appointment("booked", starts_at=starts_at, wall_time="2026-12-10T09:00")

    text = render_text(a_letter(Notice(NoticeKind.MOVED, an_appointment("booked"), earlier=earlier)))

    assert "no longer holds: Thursday, December 10, 2026, 9:00 AM" in text


def test_a_cancellation_that_names_an_earlier_date_too_sends_nobody_to_either() -> None:
    starts_at = datetime(2026, 12, 10, 15, 0, tzinfo=UTC)
    earlier = an_appointment("booked", starts_at=starts_at, wall_time="2026-12-10T09:00")

    text = render_text(a_letter(Notice(NoticeKind.CANCELLED, an_appointment("cancelled"), earlier=earlier)))

    assert "does not hold either: Thursday, December 10, 2026, 9:00 AM" in text
    assert "Use only the date in this message" not in text


def test_a_cancellation_gives_a_known_reason_and_hides_an_unknown_one() -> None:
    known = render_text(a_letter(Notice(NoticeKind.CANCELLED, an_appointment("cancelled", reason="site-closed"))))
    hidden = render_text(a_letter(Notice(NoticeKind.CANCELLED, an_appointment("cancelled", reason="ineligible"))))

    assert "The office is closed on that day." in known
    assert "ineligible" not in hidden


@pytest.mark.parametrize(
    ("waiting", "key"),
    [
        ("awaiting_choice", "waiting.awaiting_choice"),
        ("programme_closed", "waiting.programme_closed"),
        ("referred", "waiting.referred"),
        ("site_unknown", "note.on_the_list"),
    ],
)
def test_a_household_without_a_date_is_told_what_comes_next(waiting: str, key: str) -> None:
    text = render_text(a_letter(Notice(NoticeKind.WAITING, waiting=waiting)))

    assert CATALOGUES["en"].text(key) in text


def test_an_interpreter_of_two_languages_is_named_by_both() -> None:
    text = render_text(a_letter(Notice(NoticeKind.BOOKED, an_appointment("booked", interpreter="es+mam")), "es"))

    assert "español y Mam" in text
    assert "es+mam" not in text


@pytest.mark.parametrize("language", sorted(CATALOGUES))
@pytest.mark.parametrize("kind", [NoticeKind.CLOSED, NoticeKind.CANCELLED])
def test_a_household_whose_case_is_closed_is_told_so_and_where_to_ask_and_not_why(
    kind: NoticeKind, language: str
) -> None:
    ended = an_appointment("cancelled", reason="ineligible") if kind is NoticeKind.CANCELLED else None

    text = render_text(a_letter(Notice(kind, ended, closed=True), language))

    assert CATALOGUES[language].text("note.closed") in text
    assert CATALOGUES[language].text("note.no_date") not in text
    assert CATALOGUES[language].text("note.on_the_list") not in text
    assert "ineligible" not in text


def test_what_an_event_says_cannot_become_markup() -> None:
    site = a_site(name='<script>alert("x")</script>', address="{{ letter }}")

    html = render_html(a_letter(Notice(NoticeKind.BOOKED, an_appointment("booked")), site=site))

    assert "<script" not in html
    assert "&lt;script&gt;" in html
    assert "{{ letter }}" in html


def test_the_html_names_its_language_and_fetches_nothing() -> None:
    html = render_html(a_letter(Notice(NoticeKind.OFFERED, an_appointment("pending")), "ht"))

    assert '<html lang="ht" dir="ltr">' in html
    assert "src=" not in html
    assert "<script" not in html
    assert "<link" not in html


def test_an_arabic_message_runs_from_right_to_left_also_where_only_its_body_is_shown() -> None:
    letter = a_letter(Notice(NoticeKind.OFFERED, an_appointment("pending")), "ar")
    html, text = render_html(letter), render_text(letter)

    assert '<html lang="ar" dir="rtl">' in html
    assert '<main lang="ar" dir="rtl"' in html
    assert 'href="https://portal.example/ar/my-interview" dir="ltr"' in html
    assert "<bdi>الاثنين، 14 ديسمبر 2026</bdi>" in html
    assert "الساعة: 2:30 م بتوقيت \u2068Tapachula\u2069 (\u2068UTC-6\u2069)" in text
    assert f"الرقم المرجعي: \u2068{CASE_REF}\u2069" in text


@pytest.mark.parametrize("shape", [render_text, render_html])
def test_what_is_latin_among_arabic_words_keeps_its_order(shape: Callable[[Letter], str]) -> None:
    said = shape(a_letter(Notice(NoticeKind.OFFERED, an_appointment("pending")), "ar"))

    for value in ("Tapachula", "UTC-6", "https://portal.example/"):
        assert f"\u2068{value}\u2069" in said.replace("\u2212", "-")


def an_entry(notice: Notice, *, site: SiteChanged | None = None, catalogue: Catalogue = CATALOGUES["en"]) -> Calendar:
    entry = calendar_entry(
        notice,
        EntryIdentity(CALENDAR_UID, 7, "no-reply@puente.example"),
        site=site or a_site(),
        catalogue=catalogue,
        now=NOW,
    )
    assert entry is not None
    assert entry.method == Calendar.from_ical(entry.ics)["METHOD"]
    parsed = Calendar.from_ical(entry.ics)
    assert isinstance(parsed, Calendar)
    return parsed


@pytest.mark.parametrize(
    ("kind", "method", "status", "alarms"),
    [
        (NoticeKind.OFFERED, "REQUEST", "TENTATIVE", 2),
        (NoticeKind.BOOKED, "REQUEST", "CONFIRMED", 2),
        (NoticeKind.MOVED, "REQUEST", "CONFIRMED", 2),
        (NoticeKind.EXPIRED, "CANCEL", "CANCELLED", 0),
        (NoticeKind.CANCELLED, "CANCEL", "CANCELLED", 0),
        (NoticeKind.CLOCK_CHANGED, "REQUEST", "CONFIRMED", 2),
        (NoticeKind.REMINDER, "REQUEST", "CONFIRMED", 2),
    ],
)
def test_the_calendar_follows_the_appointment(kind: NoticeKind, method: str, status: str, alarms: int) -> None:
    calendar = an_entry(Notice(kind, an_appointment("booked")))
    (event,) = calendar.walk("VEVENT")

    assert (calendar["METHOD"], event["STATUS"]) == (method, status)
    assert (event["UID"], event["SEQUENCE"]) == (str(CALENDAR_UID), 7)
    assert len(event.walk("VALARM")) == alarms


def test_a_notice_about_no_date_brings_no_calendar_entry() -> None:
    identity = EntryIdentity(CALENDAR_UID, 7, "no-reply@puente.example")
    notice = Notice(NoticeKind.WAITING, waiting="no-slot")

    assert calendar_entry(notice, identity, site=a_site(), catalogue=CATALOGUES["en"], now=NOW) is None


def test_the_calendar_gives_no_person_no_case_and_no_programme_away() -> None:
    calendar = an_entry(Notice(NoticeKind.BOOKED, an_appointment("booked")), catalogue=CATALOGUES["es"])
    (event,) = calendar.walk("VEVENT")
    whole = calendar.to_ical().decode()

    assert event["SUMMARY"] == "Cita"
    for secret in (CASE_REF, "MX-REF", "ATTENDEE"):
        assert secret not in whole


def test_the_calendar_of_an_arabic_household_says_its_one_word_in_arabic() -> None:
    [event] = an_entry(Notice(NoticeKind.BOOKED, an_appointment("booked")), catalogue=CATALOGUES["ar"]).walk("VEVENT")

    assert ("موعد", "موعد") == (event["SUMMARY"], event.walk("VALARM")[0]["DESCRIPTION"])


@pytest.mark.parametrize(
    ("zone", "wall_time", "offset"),
    [
        ("America/Vancouver", "2027-01-15T09:00", "-0700"),
        ("America/Tijuana", "2027-07-15T09:00", "-0700"),
        ("America/Matamoros", "2027-01-15T09:00", "-0600"),
        ("America/Mexico_City", "2027-07-15T09:00", "-0600"),
    ],
)
def test_the_calendar_brings_the_rules_of_its_zone(zone: str, wall_time: str, offset: str) -> None:
    calendar = an_entry(Notice(NoticeKind.BOOKED, an_appointment("booked", zone=zone, wall_time=wall_time)))
    (rules,) = calendar.timezones
    (event,) = calendar.walk("VEVENT")

    assert event["DTSTART"].params["TZID"] == zone == rules["TZID"]
    in_force = rules.to_tz().utcoffset(datetime.fromisoformat(wall_time))
    assert in_force == datetime.strptime(offset, "%z").utcoffset()
