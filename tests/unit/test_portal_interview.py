"""What a household reads about its case, and what it can do, for every way in which a case can stand."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from services.scheduling.commands.own_needs import why_not_ask
from services.scheduling.domain.coming import Coming
from services.scheduling.domain.decisions import UNMET, Waiting
from services.scheduling.web.interview import Standing, present
from services.scheduling.web.pages import HERE
from services.scheduling.web.presented import minutes_until
from shared.clock import use_packaged_zone_data
from shared.dates import long_date
from shared.events import Allocation, AppointmentStatus, CaseState, ProgrammeStatus, Reachable
from shared.languages import read_catalogues
from tests.builders import NOW, a_programme
from tests.unit.notifications_builders import an_appointment
from tests.unit.portal_builders import OFFER, SITES, a_standing

CATALOGUES = read_catalogues(HERE / "languages")


@pytest.fixture(autouse=True)
def packaged_zone_data() -> None:
    use_packaged_zone_data()


def said(standing: Standing, language: str = "en", now: datetime = NOW) -> str:
    page = present(standing, CATALOGUES[language], now)
    return "\n".join([page.heading, *(f"{fact.label}: {fact.value}" for fact in page.facts), *page.next])


def can_do(standing: Standing, now: datetime = NOW) -> tuple[str, ...]:
    return present(standing, CATALOGUES["en"], now).actions


def with_programme(standing: Standing, **changes: Any) -> Standing:
    return replace(standing, programme=a_programme(**changes))


@pytest.mark.parametrize("language", sorted(CATALOGUES))
def test_an_offer_says_when_where_for_whom_and_until_when_to_answer(language: str) -> None:
    page = present(a_standing(live=OFFER), CATALOGUES[language], NOW)
    text = said(a_standing(live=OFFER), language)

    for word in ("Tapachula", "2026", "UTC-6", "Mam", "COMAR Centro Multiservicios", "Calle Central 12", "3 ("):
        assert word in text
    assert (page.state, page.appointment_id) == ("offered", str(OFFER.id))
    assert CATALOGUES[language].text("act.accept")
    assert "{" not in text and "None" not in text


def test_times_are_those_of_the_site_whatever_the_servers_zone() -> None:
    text = said(a_standing(live=OFFER))

    assert "Monday, December 14, 2026" in text
    assert "2:30 PM, Tapachula time (UTC-6)" in text
    assert "at the latest on Wednesday, December 2, 2026, 9:00 AM, Tapachula time (UTC\u22126)" in text


@pytest.mark.parametrize("language", sorted(CATALOGUES))
@pytest.mark.parametrize("reason", Waiting)
def test_who_waits_reads_why_and_what_happens_next(reason: Waiting, language: str) -> None:
    text = said(a_standing(reason, rank=3, due_on=date(2027, 5, 29)), language)

    assert CATALOGUES[language].text(f"why.{reason}") in text
    assert CATALOGUES[language].text("mine.waiting") in text
    assert "{" not in text


def test_who_waits_reads_its_rank_and_until_when_a_date_must_be_found() -> None:
    waiting = a_standing(Waiting.NO_CAPACITY, rank=12, due_on=date(2027, 5, 29))

    assert "Households that wait before you in this programme: 12." in said(waiting)
    assert "A date must be found by Saturday, May 29, 2027" in said(waiting)
    assert "Nobody waits before you" in said(replace(waiting, rank=0))


def test_who_waits_for_a_programme_to_open_is_told_no_rank() -> None:
    assert "waits before you" not in said(a_standing(Waiting.PROGRAMME_CLOSED, rank=0))


def test_when_it_is_too_late_that_is_said_and_who_must_act() -> None:
    text = said(a_standing(Waiting.NO_CAPACITY, due_on=date(2026, 11, 1), overdue_since=NOW))

    assert "A date had to be found by Sunday, November 1, 2026, and none was found. The authority knows it" in text


def test_what_no_place_could_give_is_said_beside_another_reason() -> None:
    text = said(a_standing(Waiting.DECLINED, lacks=Waiting.NO_WHEELCHAIR))

    assert CATALOGUES["en"].text("why.declined") in text
    assert CATALOGUES["en"].text("why.no_wheelchair") in text


def test_a_date_that_holds_no_more_is_named_with_its_reason_until_it_has_passed() -> None:
    ended = an_appointment("cancelled", reason="site-closed")

    before = said(a_standing(Waiting.NO_CAPACITY, ended=ended))
    after = said(a_standing(Waiting.NO_CAPACITY, ended=ended), now=ended.starts_at)

    assert (
        "no longer holds: Monday, December 14, 2026, 2:30 PM, Tapachula time (UTC\u22126). Do not travel for it."
        in before
    )
    assert "The office is closed on that day. This is not your fault." in before
    assert "no longer holds" not in after


@pytest.mark.parametrize("state", [CaseState.INELIGIBLE, CaseState.WITHDRAWN, CaseState.EXPIRED])
def test_a_closed_case_says_that_and_not_why(state: CaseState) -> None:
    texts = {said(a_standing(state=each)) for each in (state, CaseState.INELIGIBLE)}

    assert 1 == len(texts)
    assert "closed" in texts.pop()


def test_an_interview_that_took_place_and_one_that_is_taking_place_can_not_be_changed() -> None:
    done = a_standing(ended=an_appointment("fulfilled"))
    arrived = a_standing(live=an_appointment("arrived"))

    assert "Your interview took place" in said(done)
    assert "The staff know that you are there" in said(arrived)
    assert ((), ()) == (can_do(done), can_do(arrived, OFFER.starts_at))


def test_a_date_is_booked_until_a_day_after_it_and_then_over_until_somebody_says_what_became_of_it() -> None:
    booked = an_appointment("booked")
    standing, over = a_standing(live=booked), booked.starts_at + timedelta(minutes=booked.minutes, hours=24)
    before, after = (present(standing, CATALOGUES["en"], over - each) for each in (timedelta(seconds=1), timedelta()))

    assert ("booked", True) == (before.state, before.may_say)
    assert ("past", False, ()) == (after.state, after.may_say, after.actions)
    assert "The day of your interview has passed" == after.heading
    assert "have not told us yet" in after.next[0] and 1 == len(after.next)
    assert "arrived" == present(a_standing(live=an_appointment("arrived")), CATALOGUES["en"], over).state


def test_an_offer_can_be_answered_until_its_deadline_and_no_longer() -> None:
    assert OFFER.deadline is not None
    offered = a_standing(live=OFFER)

    assert ("accept", "places", "decline") == can_do(offered, OFFER.deadline - timedelta(seconds=1))
    assert () == can_do(offered, OFFER.deadline)


@pytest.mark.parametrize("language", sorted(CATALOGUES))
def test_from_the_deadline_on_nothing_on_the_page_says_that_there_is_a_date(language: str) -> None:
    assert OFFER.deadline is not None
    texts, offered = CATALOGUES[language].texts, a_standing(live=OFFER, coming=Coming(1, 0))
    before, after = (
        present(offered, CATALOGUES[language], OFFER.deadline - each) for each in (timedelta(seconds=1), timedelta())
    )

    assert (texts["mine.offered"], texts["mine.over"]) == (before.heading, after.heading)
    assert (texts["next.over"],) == after.next
    assert (True, True, False, False) == (before.may_ask, before.may_say, after.may_ask, after.may_say)


def test_a_booked_interview_can_be_moved_twice_not_near_its_start_and_cancelled_until_then() -> None:
    booked = a_standing(live=an_appointment("booked"))

    assert ("places", "decline") == can_do(booked)
    assert ("decline",) == can_do(replace(booked, moves=2))
    assert ("decline",) == can_do(booked, OFFER.starts_at - timedelta(hours=11))
    assert () == can_do(booked, OFFER.starts_at)


@pytest.mark.parametrize(
    ("reason", "allocation", "actions"),
    [
        (Waiting.CHOICE, Allocation.CHOICE, ("places",)),
        (Waiting.UNANSWERED, Allocation.IMMEDIATE, ("again", "places")),
        (Waiting.DECLINED, Allocation.CHOICE, ("places",)),
        (Waiting.DRAW, Allocation.DRAW, ()),
        (Waiting.NO_CAPACITY, Allocation.IMMEDIATE, ()),
        (Waiting.MISSED, Allocation.IMMEDIATE, ()),
        (Waiting.REFERRED, Allocation.CHOICE, ()),
    ],
)
def test_who_waits_can_do_what_would_end_it(reason: Waiting, allocation: Allocation, actions: tuple[str, ...]) -> None:
    assert actions == can_do(with_programme(a_standing(reason), allocation=allocation))


@pytest.mark.parametrize("status", [ProgrammeStatus.CLOSED, ProgrammeStatus.PAUSED])
def test_nothing_can_be_chosen_while_the_programme_is_not_open(status: ProgrammeStatus) -> None:
    waiting = a_standing(Waiting.CHOICE)
    booked = a_standing(live=an_appointment("booked"))

    assert () == can_do(with_programme(waiting, status=status))
    assert ("decline",) == can_do(with_programme(booked, status=status))


@pytest.mark.parametrize("reason", sorted(UNMET))
def test_who_lacks_a_place_reads_that_we_write_by_ourselves(reason: Waiting) -> None:
    assert "will write to you" in said(a_standing(reason))


def test_who_is_to_choose_reads_until_when_that_is_possible() -> None:
    choosing = a_standing(Waiting.CHOICE)

    latest = choosing.case.snapshot.valid_until
    assert long_date(latest, "en") in said(choosing)
    assert f"Choose before {long_date(latest - timedelta(days=3), 'en')}" in said(choosing)
    assert "at the latest" not in said(a_standing(Waiting.DRAW))


def test_who_finds_no_place_to_choose_reads_that_and_who_sees_to_it() -> None:
    choosing = replace(a_standing(Waiting.CHOICE), due_on=date(2026, 12, 20))
    late = replace(choosing, case=replace(choosing.case, overdue_since=NOW))

    assert all(each in said(choosing) for each in ("taken now", "Choose before", "A date must be found by"))
    assert "none was found" in said(late) and "Choose before" not in said(late)


def test_a_place_that_is_not_confirmed_is_said_to_be_an_example() -> None:
    unsure = replace(a_standing(live=OFFER), sites={"MX-TAP-01": replace(SITES["MX-TAP-01"], illustrative=True)})

    assert CATALOGUES["en"].text("mine.illustrative") in said(unsure)
    assert CATALOGUES["en"].text("mine.illustrative") not in said(a_standing(live=OFFER))


@pytest.mark.parametrize(("seconds", "minutes"), [(0, 1), (1, 1), (60, 1), (61, 2), (3600, 60)])
def test_a_wait_is_never_said_to_be_shorter_than_it_is(seconds: int, minutes: int) -> None:
    now = datetime(2026, 11, 24, tzinfo=UTC)

    assert minutes == minutes_until(now + timedelta(seconds=seconds), now)


def test_every_state_of_a_live_appointment_has_its_page() -> None:
    live = [
        AppointmentStatus.PENDING,
        AppointmentStatus.BOOKED,
        AppointmentStatus.ARRIVED,
        AppointmentStatus.CHECKED_IN,
    ]

    assert ["offered", "booked", "arrived", "arrived"] == [
        present(a_standing(live=an_appointment(status)), CATALOGUES["en"], NOW).state for status in live
    ]


@pytest.mark.parametrize(
    ("standing", "may_ask"),
    [
        (a_standing(live=OFFER), True),
        (a_standing(live=an_appointment("booked")), True),
        (a_standing(live=an_appointment("arrived")), False),
        (a_standing(live=OFFER.model_copy(update={"starts_at": NOW})), False),
        (a_standing(Waiting.NO_CAPACITY), True),
        (a_standing(Waiting.REFERRED), False),
        (a_standing(Waiting.REFERRED, live=OFFER), False),
        (a_standing(Waiting.NO_CAPACITY, state=CaseState.WITHDRAWN), False),
        (a_standing(), False),
    ],
)
def test_who_is_shown_the_way_to_what_it_needs_is_not_refused_there(standing: Standing, may_ask: bool) -> None:
    refusal = why_not_ask(standing.case, NOW)

    assert (may_ask, may_ask) == (present(standing, CATALOGUES["en"], NOW).may_ask, refusal is None)


@pytest.mark.parametrize("reachable", Reachable)
@pytest.mark.parametrize(
    ("stands", "is_written_to"),
    [
        ({"live": OFFER}, True),
        ({"live": an_appointment("booked")}, True),
        ({"waiting": Waiting.NO_CAPACITY}, True),
        ({"state": CaseState.INELIGIBLE}, False),
    ],
)
def test_a_household_without_an_address_reads_that_no_message_comes_while_some_would(
    reachable: Reachable, stands: dict[str, Any], is_written_to: bool
) -> None:
    standing = a_standing(**stands)
    snapshot = standing.case.snapshot.model_copy(update={"reachable": reachable})
    standing = replace(standing, case=replace(standing.case, snapshot=snapshot))

    is_said = "no message reaches you" in said(standing)

    assert (reachable is not Reachable.YES and is_written_to) == is_said
