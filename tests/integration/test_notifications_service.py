"""Snapshots become notices, and notices become messages: handlers and job on a real database."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from uuid import uuid4

import pytest
from icalendar import Calendar
from sqlalchemy.exc import DBAPIError

from services.notifications.channels.email import TryAgainLater
from services.notifications.domain.reminders import moments
from services.notifications.reminders import Reminders
from services.notifications.repository.views import COUNTS, counts
from services.notifications.sending.notices import AT_ONCE
from services.notifications.tables import metadata
from shared.reference import new_case_ref
from tests.builders import NOW, a_programme
from tests.notifications import Notifications
from tests.unit.notifications_builders import a_site, a_snapshot, an_appointment, an_offer, later

T = TypeVar("T")
HOUR = timedelta(hours=1)
TRANSACTIONS = "select state, count(distinct xmin::text) from notices group by state"
"""How many have written the notices of each state as they stand now."""


async def test_an_offer_becomes_a_message_and_an_event_in_the_language_of_the_household(
    notifications: Notifications,
) -> None:
    offer, snapshot = an_offer()
    notifications.contacts.usual["locale"] = "pt-BR"

    await notifications.receive(a_site(), a_programme(), snapshot)
    await notifications.send()

    (email,) = notifications.mail.sent
    assert email.to == "familia@example.org"
    assert email.subject == "Seu agendamento"
    assert "Refugee status interview (COMAR)" in email.text
    assert email.calendar is not None
    (event,) = await notifications.published()
    assert event.type == "puente.notifications.notice.sent.v1"
    assert event.value["language"] == "pt"
    assert event.value["appointment_id"] == str(offer.id)
    assert event.value["provider_reference"] == f"<{email.notice_id}@puente.example>"


async def test_nothing_of_a_contact_is_stored_or_published(notifications: Notifications) -> None:
    await notifications.receive(a_site(), an_offer()[1])
    await notifications.send()

    everything = await notifications.rows("select n::text from notices n union all select o::text from outbox o")
    assert len(everything) == 2
    assert not [row for row in everything if "familia" in row[0]]


async def test_a_replayed_snapshot_says_nothing_again(notifications: Notifications) -> None:
    offer, snapshot = an_offer()
    await notifications.receive(a_site(), snapshot)
    await notifications.send()

    await notifications.receive(snapshot)
    await notifications.receive(a_snapshot(offer, version=2))
    await notifications.send()

    assert len(notifications.mail.sent) == 1


async def test_an_offer_whose_site_is_unknown_waits_and_goes_when_the_site_comes(notifications: Notifications) -> None:
    await notifications.receive(an_offer()[1])
    await notifications.send()
    assert await notifications.states() == [("offered", "due")]
    assert notifications.mail.sent == []

    await notifications.receive(a_site())
    await notifications.send()

    assert await notifications.states() == [("offered", "sent")]


async def test_a_notice_that_nothing_has_tried_for_over_five_minutes_is_counted_as_late(
    notifications: Notifications,
) -> None:
    """Nobody would see otherwise that the site it names never came."""
    await notifications.receive(an_offer()[1])
    await notifications.send()
    late = [await _late(notifications)]
    for minutes in (5, 1):
        notifications.clock.advance(timedelta(minutes=minutes))
        late.append(await _late(notifications))

    await notifications.receive(a_site())
    await notifications.send()

    assert [0, 0, 1, 0] == [*late, await _late(notifications)]


async def test_sent_notices_are_counted_by_their_index_and_not_by_reading_them(notifications: Notifications) -> None:
    async with notifications.database.begin(NOW) as uow:
        await uow.execute("set local enable_seqscan = off")
        plan = await uow.rows(f"explain {COUNTS}", now=NOW)

    lines = [row[0] for row in plan]
    assert any("Index Only Scan using notices_ended" in line for line in lines)
    assert any("using notices_due" in line for line in lines)


async def _late(notifications: Notifications) -> int:
    found = await notifications.database.run(notifications.clock.now(), counts)
    return found["mx"]["notices_late"]


async def test_a_batch_of_many_cases_takes_few_statements_and_tells_each_once(notifications: Notifications) -> None:
    snapshots = [a_snapshot(an_appointment("booked"), case_ref=new_case_ref()) for _ in range(50)]

    await notifications.receive(a_site(), *snapshots)
    await notifications.send()

    assert len(notifications.mail.sent) == 50
    assert {s.case_ref for s in snapshots} == {ref for asked in notifications.contacts.asked for ref in asked}
    assert len(notifications.contacts.asked) == 7


async def test_notices_that_go_together_are_handed_over_and_recorded_together(notifications: Notifications) -> None:
    snapshots = [a_snapshot(an_appointment("booked"), case_ref=new_case_ref()) for _ in range(AT_ONCE)]
    await notifications.receive(a_site(), *snapshots)
    all_said_yes, handed_over = asyncio.Barrier(AT_ONCE), set()

    async def wait_for_all() -> None:
        handed_over.update(await notifications.rows(TRANSACTIONS))
        await all_said_yes.wait()

    notifications.mail.after = wait_for_all
    await notifications.send()

    assert {("sending", 1)} == handed_over
    assert [("sent", 1)] == await notifications.rows(TRANSACTIONS)


async def test_an_offer_that_ends_before_it_went_out_is_withdrawn_and_never_mentioned(
    notifications: Notifications,
) -> None:
    offer, snapshot = an_offer()
    ended = later(offer, "cancelled", reason="site-closed")
    await notifications.receive(a_site(), snapshot)

    await notifications.receive(a_snapshot(ended=ended, waiting="no_interpreter", version=2))
    await notifications.send()

    assert await notifications.states() == [("offered", "withdrawn"), ("waiting", "sent")]
    assert len(notifications.mail.sent) == 1


async def test_an_interview_that_is_over_is_never_cancelled(notifications: Notifications) -> None:
    booked = an_appointment("booked", starts_at=NOW + HOUR)
    await notifications.receive(a_site(), a_snapshot(booked))
    await notifications.send()

    notifications.clock.advance(timedelta(days=1))
    ended = later(booked, "cancelled", reason="ineligible")
    await notifications.receive(a_snapshot(ended=ended, closed="expired", version=2))
    await notifications.send()

    assert await notifications.states() == [("booked", "sent")]


async def test_a_cancellation_that_could_not_go_before_the_day_is_not_sent_after_it(
    notifications: Notifications,
) -> None:
    booked = an_appointment("booked", starts_at=NOW + HOUR)
    await notifications.receive(a_site(), a_snapshot(booked))
    await notifications.send()
    notifications.mail.failure = TryAgainLater("the mail server is away")
    await notifications.receive(a_snapshot(ended=later(booked, "cancelled", reason="site-closed"), version=2))
    await notifications.send()

    notifications.mail.failure = None
    notifications.clock.advance(HOUR)
    await notifications.send()

    assert await notifications.states() == [("booked", "sent"), ("cancelled", "withdrawn")]


async def test_a_move_that_may_have_arrived_does_not_speak_of_the_earlier_date_once_that_is_over(
    notifications: Notifications,
) -> None:
    before, after = an_appointment("booked", starts_at=NOW + HOUR), an_appointment("booked")
    await notifications.receive(a_site(), a_snapshot(before))
    await notifications.send()
    notifications.mail.failure = TryAgainLater("lost after the whole message", may_have_arrived=True)
    await notifications.receive(a_snapshot(after, version=2))
    await notifications.send()

    notifications.mail.failure = None
    notifications.clock.advance(HOUR)
    await notifications.send()

    assert await notifications.states() == [("booked", "sent"), ("moved", "sent")]
    assert "La fecha que tenía antes ya no vale" not in notifications.mail.sent[-1].text


async def test_a_household_on_the_list_is_told_when_its_case_is_closed_and_when_it_comes_back(
    notifications: Notifications,
) -> None:
    snapshots = [
        a_snapshot(waiting="no_interpreter"),
        a_snapshot(closed="ineligible", version=2),
        a_snapshot(waiting="no_interpreter", version=3),
        a_snapshot(closed="expired", version=4),
    ]

    for snapshot in snapshots:
        await notifications.receive(snapshot)
        await notifications.send()

    assert await notifications.states() == [("waiting", "sent"), ("closed", "sent")] * 2
    assert "La autoridad nos informó que su caso está cerrado." in notifications.mail.sent[1].text
    kinds = [event.value["kind"] for event in await notifications.published()]
    assert kinds == ["waiting", "closed"] * 2


async def test_an_offer_that_nobody_can_answer_any_more_is_not_announced(notifications: Notifications) -> None:
    offer, snapshot = an_offer()
    await notifications.receive(a_site(), snapshot)
    assert offer.deadline is not None
    notifications.clock.instant = offer.deadline

    await notifications.send()

    assert await notifications.states() == [("offered", "withdrawn")]
    assert notifications.mail.sent == []


async def test_a_notice_goes_in_the_safe_hours_of_the_household(notifications: Notifications) -> None:
    notifications.contacts.usual["safe_hours"] = "09:00-11:00"  # now it is 06:00 in Tapachula
    await notifications.receive(a_site(), an_offer()[1])
    await notifications.send()
    assert notifications.mail.sent == []

    notifications.clock.advance(timedelta(hours=3))
    await notifications.send()

    assert len(notifications.mail.sent) == 1


async def test_ended_notices_are_history(notifications: Notifications) -> None:
    await notifications.receive(a_site(), an_offer()[1])
    await notifications.send()

    for change in ("update notices set state = 'due', closed_at = null", "delete from notices"):
        with pytest.raises(DBAPIError, match="never changes"):
            async with notifications.database.begin(NOW) as uow:
                await uow.execute(change)


async def test_the_database_itself_refuses_a_second_notice_about_the_same(notifications: Notifications) -> None:
    await notifications.receive(a_site(), an_offer()[1])

    with pytest.raises(DBAPIError) as refusal:
        async with notifications.database.begin(NOW) as uow:
            await uow.execute(
                """insert into notices (id, case_ref, system, kind, matter, subject, appointment_id, content, sites,
                     calendar_uid, sequence, state, next_try_at, correlation_id, traceparent, created_at)
                   select gen_random_uuid(), case_ref, system, kind, matter, subject, appointment_id, content, sites,
                     calendar_uid, sequence, state, next_try_at, correlation_id, traceparent, created_at from notices"""
            )
    assert "said_once" in str(refusal.value)


async def test_the_tables_as_objects_have_the_columns_of_the_database(notifications: Notifications) -> None:
    found = await notifications.rows(
        "select column_name, is_nullable = 'YES' from information_schema.columns where table_name = 'notices'"
    )

    columns = {(column.name, column.nullable) for column in metadata.tables["notices"].columns}
    assert columns == {tuple(row) for row in found}


async def test_a_changed_clock_is_told_once_and_the_calendar_entry_follows(notifications: Notifications) -> None:
    booked = an_appointment(
        "booked",
        wall_time="2026-12-14T09:00",
        zone="America/Vancouver",
        starts_at=datetime(2026, 12, 14, 17, tzinfo=UTC),
    )
    moved = later(booked, "booked", starts_at=datetime(2026, 12, 14, 16, tzinfo=UTC), version=2)
    await notifications.receive(a_site(), a_snapshot(booked, version=1))
    await notifications.send()

    await notifications.receive(a_snapshot(moved, version=2))
    await notifications.send()
    await notifications.receive(a_snapshot(moved, version=3))
    await notifications.send()

    assert [("booked", "sent"), ("clock-changed", "sent")] == await notifications.states()
    entries = [
        Calendar.from_ical(email.calendar.ics).walk("VEVENT")[0] for email in notifications.mail.sent if email.calendar
    ]
    assert [1, 2] == [entry["SEQUENCE"] for entry in entries]
    assert 1 == len({entry["UID"] for entry in entries})
    assert [b"20261214T090000"] * 2 == [entry["DTSTART"].to_ical() for entry in entries]


@pytest.mark.parametrize("is_another", [True, False])
async def test_another_number_of_people_is_told_once_and_the_calendar_entry_keeps_its_time(
    notifications: Notifications, is_another: bool
) -> None:
    booked = an_appointment("booked")
    changes: dict[str, Any] = (
        {"id": uuid4(), "replaces": booked.id, "party": 4} if is_another else {"version": 2, "party": 2}
    )
    changed = later(booked, "booked", **changes)
    await notifications.receive(a_site(), a_snapshot(booked))
    await notifications.send()

    for version in (2, 3):
        await notifications.receive(a_snapshot(changed, version=version))
        await notifications.send()

    assert [("booked", "sent"), ("party-changed", "sent")] == await notifications.states()
    assert f"Personas que deben venir ahora: {changed.party}. Antes: 3." in notifications.mail.sent[-1].text
    entries = [
        Calendar.from_ical(email.calendar.ics).walk("VEVENT")[0] for email in notifications.mail.sent if email.calendar
    ]
    assert [1, 2] == [entry["SEQUENCE"] for entry in entries]
    assert [b"20261214T143000"] * 2 == [entry["DTSTART"].to_ical() for entry in entries]


async def test_a_reminder_that_waits_is_not_sent_with_the_number_of_people_of_before(
    notifications: Notifications,
) -> None:
    booked = an_appointment("booked")
    await notifications.receive(a_site(), a_snapshot(booked))
    await notifications.send()
    notifications.contacts.usual["safe_hours"] = "18:00-20:00"
    notifications.clock.instant = moments(booked)[1][0]
    await Reminders(notifications.database, notifications.clock).make_reminders()
    await notifications.send()

    await notifications.receive(a_snapshot(later(booked, "booked", id=uuid4(), party=4), version=2))
    notifications.clock.advance(timedelta(hours=8))
    await notifications.send()

    assert [("booked", "sent"), ("reminder", "withdrawn"), ("party-changed", "sent")] == await notifications.states()
