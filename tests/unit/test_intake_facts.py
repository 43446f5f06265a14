"""What a country is told of an interview: by the newest snapshot alone, whatever its type says."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from services.intake.domain.facts import Fact, fact_of, word_for
from tests.unit.notifications_builders import a_referral, a_snapshot, an_appointment, later


@pytest.mark.parametrize(
    ("snapshot", "said"),
    [
        (a_snapshot(an_appointment("pending")), ("offered", None, None)),
        (a_snapshot(an_appointment("booked")), ("booked", None, None)),
        (a_snapshot(waiting="awaiting_draw"), ("waiting", None, "awaiting_draw")),
        (a_snapshot(closed="ineligible"), ("closed", "ineligible", None)),
        (
            a_snapshot(ended=an_appointment("cancelled", reason="applicant-request"), waiting="declined"),
            ("cancelled", "applicant-request", "declined"),
        ),
        (
            a_snapshot(ended=an_appointment("cancelled", reason="ineligible"), closed="ineligible"),
            ("closed", "ineligible", None),
        ),
        (
            a_snapshot(ended=an_appointment("noshow", reason="applicant-unable"), waiting="missed"),
            ("no-show", "applicant-unable", "missed"),
        ),
        (a_snapshot(ended=an_appointment("fulfilled"), closed="fulfilled"), ("fulfilled", None, None)),
        (a_snapshot(closed="withdrawn", referral=a_referral()), ("closed", "referred", None)),
        (a_snapshot(ended=an_appointment("waitlist"), waiting="no_interpreter"), ("waiting", None, "no_interpreter")),
    ],
)
def test_the_snapshot_says_where_the_interview_stands(snapshot: Any, said: tuple[str, str | None, str | None]) -> None:
    fact = fact_of(snapshot)

    assert said == (fact.state, fact.reason, fact.waiting)


def test_an_offer_is_told_with_place_wall_time_zone_instant_and_deadline() -> None:
    offer = an_appointment("pending", deadline=datetime(2026, 12, 2, 15, 0, tzinfo=UTC))

    assert Fact(
        state="offered",
        appointment=str(offer.id),
        site="MX-TAP-01",
        wall_time="2026-12-14T14:30",
        zone="America/Mexico_City",
        starts_at="2026-12-14T20:30:00Z",
        minutes=90,
        deadline="2026-12-02T15:00:00Z",
    ) == fact_of(a_snapshot(offer))


@pytest.mark.parametrize("status", ["arrived", "checked-in"])
def test_who_is_at_the_site_still_has_what_was_booked(status: str) -> None:
    booked = an_appointment("booked")

    assert fact_of(a_snapshot(booked)) == fact_of(a_snapshot(later(booked, status, version=2)))


@pytest.mark.parametrize(
    ("change", "word"),
    [({}, "booked"), ({"wall_time": "2026-12-15T14:30"}, "moved"), ({"starts_at": "2026-12-14T21:30:00Z"}, "moved")],
)
def test_a_booked_date_that_was_told_otherwise_is_one_that_moved(change: dict[str, Any], word: str) -> None:
    told = fact_of(a_snapshot(an_appointment("booked")))

    assert word == word_for(replace(told, appointment="another", **change), told)


@pytest.mark.parametrize(
    "told", [None, fact_of(a_snapshot(an_appointment("pending"))), fact_of(a_snapshot(waiting="x"))]
)
def test_a_first_booked_date_has_not_moved(told: Fact | None) -> None:
    assert "booked" == word_for(fact_of(a_snapshot(an_appointment("booked", wall_time="2026-12-20T08:00"))), told)
