from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from services.notifications.domain.notice import Notice
from services.notifications.domain.safe_hours import URGENT, earliest_sending
from services.notifications.sending.attempts import WAITS_FOR_ADDRESS
from shared.calendar_entry import ALARMS
from shared.events import NoticeKind
from tests.unit.notifications_builders import an_appointment

FACTS = Path(__file__).parents[2] / "docs" / "domain.md"
MORNING = datetime(2026, 11, 24, 14, 0, tzinfo=UTC)  # 08:00 in Tapachula


@pytest.mark.parametrize(
    ("safe_hours", "expected"),
    [
        ("08:00-20:00", MORNING),
        ("09:30-12:00", MORNING + timedelta(hours=1, minutes=30)),
        ("06:00-08:00", MORNING + timedelta(hours=22)),
        ("20:00-07:00", MORNING + timedelta(hours=12)),
        ("22:00-09:00", MORNING),
        ("whenever", MORNING),
        (None, MORNING),
    ],
)
def test_a_notice_waits_for_the_safe_hours_of_the_household(safe_hours: str | None, expected: datetime) -> None:
    notice = Notice(NoticeKind.BOOKED, an_appointment("booked"))

    assert expected == earliest_sending(notice, safe_hours, MORNING)


def test_a_notice_about_tomorrow_does_not_wait_for_the_safe_hours() -> None:
    near = an_appointment("booked", starts_at=MORNING + timedelta(hours=23))

    assert earliest_sending(Notice(NoticeKind.BOOKED, near), "20:00-21:00", MORNING) == MORNING


def test_a_date_that_was_accepted_does_not_make_its_later_notices_urgent_by_the_deadline_that_its_offer_had() -> None:
    accepted = an_appointment("booked", deadline=MORNING - timedelta(days=2))

    for notice in (Notice(NoticeKind.BOOKED, accepted), Notice(NoticeKind.CANCELLED, accepted)):
        assert earliest_sending(notice, "20:00-21:00", MORNING) == MORNING + timedelta(hours=12)


def test_an_offer_that_must_be_answered_within_a_day_does_not_wait_for_the_safe_hours() -> None:
    offer = an_appointment("pending", deadline=MORNING + timedelta(hours=20))

    assert earliest_sending(Notice(NoticeKind.OFFERED, offer), "06:00-07:00", MORNING) == MORNING


@pytest.mark.parametrize(("hours", "waits"), [(2, False), (23, False), (25, True), (-1, True)])
def test_that_a_date_does_not_hold_any_more_is_said_before_its_household_sets_out(hours: int, waits: bool) -> None:
    gone = an_appointment("cancelled", starts_at=MORNING + timedelta(hours=hours))
    moved = Notice(NoticeKind.MOVED, an_appointment("booked"), earlier=gone)

    assert (earliest_sending(moved, "20:00-21:00", MORNING) > MORNING) == waits


def section_of_the_facts(heading: str) -> str:
    _, _, rest = FACTS.read_text(encoding="utf-8").partition(f"\n## {heading}\n")
    return " ".join(rest.partition("\n## ")[0].split())


def test_the_facts_that_the_code_cites_hold_its_numbers() -> None:
    messages, calendar = section_of_the_facts("Messages"), section_of_the_facts("iCalendar")
    hours, (first, second, third) = timedelta(hours=1), WAITS_FOR_ADDRESS

    assert f"nearer than {URGENT // hours} hours" in messages
    assert f"after {first // (hours / 60)} minutes, after {second // hours} hour and" in messages
    assert f"then every {third // hours} hours" in messages
    assert (timedelta(days=-1), timedelta(hours=-3)) == ALARMS
    assert "two alarms: 1 day and 3 hours before" in calendar
