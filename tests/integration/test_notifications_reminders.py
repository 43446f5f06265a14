"""Reminders: made when their moment comes, once, and never of a date that does not stand."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from icalendar import Calendar

from services.notifications.domain.reminders import moments
from services.notifications.reminders import Reminders
from shared import tracing
from shared.events import Appointment
from shared.reference import new_case_ref
from tests.builders import NOW
from tests.conftest import MakeDatabase
from tests.notifications import AN_OLD_CASE, Notifications, Spans, migrate_to, prepared
from tests.unit.notifications_builders import CASE_REF, a_site, a_snapshot, an_appointment, later

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


async def at_each_moment(notifications: Notifications, date: Appointment) -> None:
    """Time goes on from moment to moment of the date, and what is due is sent each time."""
    for moment, _ in moments(date):
        if moment > notifications.clock.instant:
            notifications.clock.instant = moment
        await Reminders(notifications.database, notifications.clock).make_reminders()
        await notifications.send()


async def a_booked(notifications: Notifications, **changes: Any) -> Appointment:
    """A date of which its household was told."""
    date = an_appointment("booked", **changes)
    await notifications.receive(a_site(), a_snapshot(date))
    await notifications.send()
    return date


async def test_a_household_is_reminded_three_times_each_with_weekday_date_and_place(
    notifications: Notifications,
) -> None:
    date = await a_booked(notifications)

    await at_each_moment(notifications, date)
    await at_each_moment(notifications, date)

    assert [("booked", "sent"), *[("reminder", "sent")] * 3] == await notifications.states()
    last = notifications.mail.sent[-1]
    assert "lunes, 14 de diciembre de 2026" in last.text
    assert "COMAR Centro Multiservicios" in last.text
    assert last.calendar is not None
    uids = {
        str(Calendar.from_ical(m.calendar.ics).walk("VEVENT")[0]["uid"]) for m in notifications.mail.sent if m.calendar
    }
    assert len(uids) == 1


async def test_before_its_moment_nothing_is_made(notifications: Notifications) -> None:
    date = await a_booked(notifications)
    notifications.clock.instant = moments(date)[0][0] - timedelta(seconds=1)

    await Reminders(notifications.database, notifications.clock).make_reminders()

    assert [("booked", "sent")] == await notifications.states()


async def test_who_moves_is_reminded_of_the_new_date_alone(notifications: Notifications) -> None:
    old = await a_booked(notifications)
    new = an_appointment("booked", wall_time="2026-12-21T14:30", starts_at=old.starts_at + 7 * DAY, replaces=old.id)
    await notifications.receive(a_snapshot(new, version=2))
    await notifications.send()

    await at_each_moment(notifications, old)
    await at_each_moment(notifications, new)

    of = await notifications.rows("select appointment_id, content from notices where kind = 'reminder' order by n")
    assert [(new.id, days) for days in (7, 3, 1)] == [(row.appointment_id, row.content["days_before"]) for row in of]


@pytest.mark.parametrize("status", ["cancelled", "fulfilled", "noshow"])
async def test_what_has_ended_is_not_reminded_of(notifications: Notifications, status: str) -> None:
    date = await a_booked(notifications)
    await notifications.receive(a_snapshot(ended=later(date, status), waiting="no-slot", version=2))

    await at_each_moment(notifications, date)

    assert "reminder" not in {kind for kind, _ in await notifications.states()}


async def test_a_date_that_ends_while_the_reminder_waits_for_safe_hours_is_not_spoken_of_again(
    notifications: Notifications,
) -> None:
    date = await a_booked(notifications)
    notifications.contacts.usual["safe_hours"] = "18:00-20:00"
    notifications.clock.instant = moments(date)[2][0]
    await Reminders(notifications.database, notifications.clock).make_reminders()
    await notifications.send()
    assert ("reminder", "due") in await notifications.states()

    await notifications.receive(a_snapshot(ended=later(date, "cancelled"), waiting="no-slot", version=2))
    notifications.clock.advance(8 * HOUR)
    await notifications.send()

    assert [("booked", "sent"), ("reminder", "withdrawn"), ("cancelled", "sent")] == await notifications.states()


async def test_what_is_said_again_of_the_same_date_neither_doubles_nor_delays_a_reminder(
    notifications: Notifications,
) -> None:
    date = await a_booked(notifications)
    notifications.clock.instant = moments(date)[0][0] - HOUR
    await notifications.receive(a_snapshot(date, version=2))

    await at_each_moment(notifications, date)
    await notifications.receive(a_snapshot(date, version=3))
    await at_each_moment(notifications, date)

    assert 3 == (await notifications.states()).count(("reminder", "sent"))


async def test_the_same_date_at_another_desk_keeps_its_moments(notifications: Notifications) -> None:
    date = await a_booked(notifications)
    notifications.clock.instant = moments(date)[0][0] - HOUR
    other_desk = an_appointment("booked", replaces=date.id)
    await notifications.receive(a_snapshot(other_desk, version=2))
    await notifications.send()

    await at_each_moment(notifications, date)

    assert 3 == (await notifications.states()).count(("reminder", "sent"))


async def test_two_at_work_at_once_make_each_reminder_once(notifications: Notifications) -> None:
    dates = [an_appointment("booked") for _ in range(30)]
    await notifications.receive(a_site(), *(a_snapshot(date, case_ref=new_case_ref()) for date in dates))
    await notifications.send()
    notifications.clock.instant = moments(dates[0])[0][0]

    both = [Reminders(notifications.database, notifications.clock).make_reminders() for _ in range(2)]
    await asyncio.gather(*both)

    made = await notifications.rows("select case_ref from notices where kind = 'reminder'")
    assert (30, 30) == (len(made), len({row.case_ref for row in made}))


async def test_a_reminder_has_a_trace_of_its_own_linked_to_the_one_that_told_of_the_date(
    notifications: Notifications,
) -> None:
    spans = Spans()
    tracing.configure("notifications", [spans])
    date = await a_booked(notifications)

    await at_each_moment(notifications, date)
    tracing.shutdown()

    [told] = [span for span in spans.ended if span.name == "process scheduling.cases"]
    first = next(span for span in spans.ended if span.name == "remind")
    sent = next(span for span in spans.ended if span.name == "send notice reminder")
    assert told.context and first.context and sent.parent
    assert [told.context.trace_id] == [link.context.trace_id for link in first.links]
    assert first.context.trace_id == sent.parent.trace_id != told.context.trace_id
    assert first.attributes and set(first.attributes) == {tracing.CASE}


async def test_dates_that_an_older_release_knew_are_reminded_of_too(new_database: MakeDatabase) -> None:
    url = await new_database("template0")
    await asyncio.to_thread(migrate_to, url, "0005")
    notifications, date = Notifications(url), an_appointment("booked")
    snapshot = a_snapshot(date).model_dump_json(exclude_none=True)
    async with notifications.database.begin(NOW) as uow:
        await uow.execute(AN_OLD_CASE, case_ref=CASE_REF, snapshot=snapshot)

    await prepared(url)
    known = await notifications.rows("select remind_at, remind_of from cases")
    await notifications.receive(a_site(), a_snapshot(date, version=2))
    same = await notifications.rows("select remind_at, remind_of from cases")
    await notifications.send()
    await at_each_moment(notifications, date)

    assert known == same
    assert 3 == (await notifications.states()).count(("reminder", "sent"))
    await notifications.database.close()


@pytest.mark.parametrize(
    "sql",
    [
        "update cases set snapshot = snapshot - 'system' where case_ref = :ref",
        'update notices set content = content || \'{"appointment": {"id": 1}}\' where case_ref = :ref',
    ],
)
async def test_a_case_that_cannot_be_read_keeps_no_other_from_being_reminded(
    notifications: Notifications, sql: str
) -> None:
    unreadable, other = sorted([new_case_ref(), new_case_ref()])
    dates = {ref: an_appointment("booked") for ref in (unreadable, other)}
    await notifications.receive(a_site(), *[a_snapshot(date, case_ref=ref) for ref, date in dates.items()])
    await notifications.database.run(NOW, lambda uow: uow.execute("alter table notices disable trigger stays"))
    await notifications.send()
    await notifications.database.run(NOW, lambda uow: uow.execute(sql, ref=unreadable))
    notifications.clock.instant = moments(dates[other])[0][0]

    await Reminders(notifications.database, notifications.clock).make_reminders()

    reminders = await notifications.rows("select case_ref from notices where kind = 'reminder'")
    assert [row.case_ref for row in reminders] == [other]
    [row] = await notifications.rows("select remind_at from cases where case_ref = :ref", ref=unreadable)
    assert row.remind_at == notifications.clock.instant + HOUR
