"""What goes wrong while notices are sent: others at the same time, others away, processes that die."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import TypeVar

import pytest
from opentelemetry.trace import StatusCode
from pydantic import SecretStr, ValidationError

from services.notifications.channels.email import TryAgainLater
from services.notifications.repository import sending
from services.notifications.sending.notices import AT_ONCE
from shared import tracing
from shared.db import Database, DatabaseUnavailable, UnitOfWork
from shared.reference import new_case_ref
from tests.notifications import ADDRESS, Notifications, Spans
from tests.unit.notifications_builders import CASE_REF, a_site, a_snapshot, an_appointment, an_offer, later

T = TypeVar("T")
MINUTES = timedelta(minutes=1)


async def test_two_senders_at_once_send_each_notice_once(notifications: Notifications) -> None:
    snapshots = [a_snapshot(an_appointment("booked"), case_ref=new_case_ref()) for _ in range(60)]
    await notifications.receive(a_site(), *snapshots)

    await asyncio.gather(notifications.send(), notifications.another_sender().send_due_notices())

    ids = [email.notice_id for email in notifications.mail.sent]
    assert len(ids) == len(set(ids)) == 60


async def test_a_date_that_ends_while_intake_is_asked_is_not_announced(notifications: Notifications) -> None:
    offer, snapshot = an_offer()
    await notifications.receive(a_site(), snapshot)

    async def cancel_meanwhile() -> None:
        await notifications.receive(a_snapshot(ended=later(offer, "cancelled"), version=2))

    notifications.contacts.meanwhile = cancel_meanwhile
    await notifications.send()

    assert await notifications.states() == [("offered", "withdrawn")]
    assert notifications.mail.sent == []


async def test_a_cancellation_while_the_message_is_on_its_way_is_told_next(notifications: Notifications) -> None:
    offer, snapshot = an_offer()
    await notifications.receive(a_site(), snapshot)

    async def cancel_meanwhile() -> None:
        notifications.mail.before = None
        await notifications.receive(a_snapshot(ended=later(offer, "cancelled"), version=2))

    notifications.mail.before = cancel_meanwhile
    await notifications.send()

    assert await notifications.states() == [("offered", "sent"), ("cancelled", "sent")]


async def test_a_cancellation_of_an_offer_that_was_turned_away_is_not_told(notifications: Notifications) -> None:
    offer, snapshot = an_offer()
    await notifications.receive(a_site(), snapshot)

    async def cancel_and_turn_away() -> None:
        notifications.mail.before = None
        await notifications.receive(a_snapshot(ended=later(offer, "cancelled"), waiting="declined", version=2))
        raise TryAgainLater("the mail server is away")

    notifications.mail.before = cancel_and_turn_away
    await notifications.send()
    notifications.clock.advance(10 * MINUTES)
    await notifications.send()

    assert await notifications.states() == [("offered", "withdrawn"), ("cancelled", "withdrawn"), ("waiting", "sent")]


async def test_while_intake_is_away_notices_stay_due_and_go_when_it_is_back(notifications: Notifications) -> None:
    notifications.contacts.is_away = True
    await notifications.receive(a_site(), an_offer()[1])
    for _ in range(30):
        await notifications.send()
        notifications.clock.advance(5 * MINUTES)
    assert await notifications.states() == [("offered", "due")]

    notifications.contacts.is_away = False
    await notifications.send()

    assert await notifications.states() == [("offered", "sent")]


async def test_an_outage_of_intake_is_as_short_for_many_notices_as_for_one(notifications: Notifications) -> None:
    notifications.contacts.is_away = True
    offers = [a_snapshot(an_offer()[0], case_ref=new_case_ref()) for _ in range(200)]
    await notifications.receive(a_site(), *offers)
    for _ in range(12):
        await notifications.send()
        notifications.clock.advance(timedelta(seconds=0.25))

    notifications.contacts.is_away = False
    notifications.clock.advance(timedelta(seconds=4))
    await notifications.send()

    assert await notifications.states() == [("offered", "sent")] * 200


async def test_while_the_mail_server_is_away_notices_are_tried_less_and_less_often(
    notifications: Notifications,
) -> None:
    notifications.mail.failure = TryAgainLater("the mail server is away")
    await notifications.receive(a_site(), an_offer()[1])
    waits = []
    for _ in range(4):
        await notifications.send()
        (row,) = await notifications.rows("select state, next_try_at, attempts, may_have_arrived from notices")
        waits.append((row.next_try_at - notifications.clock.now()).total_seconds())
        notifications.clock.instant = row.next_try_at
    assert (row.state, row.attempts, row.may_have_arrived) == ("due", 4, False)
    assert [low <= wait <= 2 * low for low, wait in zip((1, 2, 4, 8), waits, strict=True)] == [True] * 4

    notifications.mail.failure = None
    await notifications.send()

    assert await notifications.states() == [("offered", "sent")]


async def test_a_mailbox_that_stays_full_is_tried_once_an_hour_in_the_end(notifications: Notifications) -> None:
    notifications.mail.failure = TryAgainLater("SMTPRecipientRefused 452", about_recipient=True)
    await notifications.receive(a_site(), a_snapshot(waiting="full"))
    waits = []
    for _ in range(22):
        await notifications.send()
        (row,) = await notifications.rows("select next_try_at from notices")
        waits.append(row.next_try_at - notifications.clock.now())
        notifications.clock.instant = row.next_try_at

    assert max(waits[:20]) <= 5 * MINUTES
    assert [54 * MINUTES <= wait <= 66 * MINUTES for wait in waits[20:]] == [True] * 2


async def test_a_case_that_intake_cannot_answer_for_keeps_no_other_one_from_its_notice(
    notifications: Notifications,
) -> None:
    snapshots = [a_snapshot(an_offer()[0], case_ref=new_case_ref()) for _ in range(AT_ONCE)]
    notifications.contacts.breaks_on = {snapshots[3].case_ref}
    await notifications.receive(a_site(), *snapshots)

    told, within = (
        [("offered", "due")] + [("offered", "sent")] * (AT_ONCE - 1),
        notifications.clock.now() + timedelta(hours=1),
    )
    while sorted(await notifications.states()) != told and notifications.clock.now() < within:
        await notifications.send()
        notifications.clock.advance(timedelta(seconds=0.5))

    assert sorted(await notifications.states()) == told


async def test_a_notice_that_this_release_cannot_read_keeps_no_other_one_from_being_sent(
    notifications: Notifications,
) -> None:
    snapshots = [a_snapshot(an_offer()[0], case_ref=new_case_ref()) for _ in range(3)]
    await notifications.receive(a_site(), *snapshots)
    broken = """update notices set content = '{"appointment": {"id": "of another kind"}}' where n = 1 returning id"""
    await notifications.rows(broken)

    await notifications.send()

    assert await notifications.states() == [("offered", "due"), ("offered", "sent"), ("offered", "sent")]


async def test_a_case_that_this_release_cannot_read_keeps_no_other_one_from_its_notice(
    notifications: Notifications,
) -> None:
    snapshots = [a_snapshot(an_offer()[0], case_ref=new_case_ref()) for _ in range(3)]
    await notifications.receive(a_site(), *snapshots)
    broken = "update cases set snapshot = '{}' where case_ref = :case_ref returning case_ref"
    await notifications.rows(broken, case_ref=snapshots[1].case_ref)

    with pytest.raises(ValidationError):
        await notifications.send()

    assert await notifications.states() == [("offered", "sent"), ("offered", "due"), ("offered", "sent")]


async def for_ever() -> None:
    await asyncio.Event().wait()


async def test_a_sender_that_is_stopped_lets_what_is_on_its_way_arrive_and_begins_nothing_new(
    notifications: Notifications,
) -> None:
    offers = [a_snapshot(an_offer()[0], case_ref=new_case_ref()) for _ in range(20)]
    await notifications.receive(a_site(), *offers)
    said_yes, go_on = asyncio.Semaphore(0), asyncio.Event()

    async def wait_before_the_record() -> None:
        said_yes.release()
        await go_on.wait()

    notifications.mail.after = wait_before_the_record
    sending_now = asyncio.create_task(notifications.send())
    for _ in range(AT_ONCE):
        await said_yes.acquire()
    sending_now.cancel()
    await asyncio.sleep(0.1)
    assert not sending_now.done()
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await sending_now
    assert (
        sorted(await notifications.states()) == [("offered", "due")] * (20 - AT_ONCE) + [("offered", "sent")] * AT_ONCE
    )

    notifications.clock.advance(sending.LEASE)
    await notifications.send()

    ids = [email.notice_id for email in notifications.mail.sent]
    assert len(ids) == len(set(ids)) == 20


async def test_who_changed_its_address_while_others_were_written_to_is_written_to_at_the_new_one(
    notifications: Notifications,
) -> None:
    booked = [a_snapshot(an_appointment("booked"), case_ref=new_case_ref()) for _ in range(AT_ONCE + 1)]
    await notifications.receive(a_site(), *booked)

    async def change_addresses() -> None:
        notifications.contacts.usual = {"email": SecretStr("nueva@example.org"), "locale": "es"}

    notifications.mail.after = change_addresses
    await notifications.send()

    assert [ADDRESS] * AT_ONCE + ["nueva@example.org"] == [email.to for email in notifications.mail.sent]


async def test_a_message_that_is_stopped_between_yes_and_record_is_recorded_as_sent_once(
    notifications: Notifications,
) -> None:
    await notifications.receive(a_site(), an_offer()[1])
    said_yes = asyncio.Event()

    async def stay_a_moment() -> None:
        said_yes.set()
        await asyncio.sleep(0.2)

    notifications.mail.after = stay_a_moment
    sending_now = asyncio.create_task(notifications.send())
    await said_yes.wait()
    sending_now.cancel()
    await asyncio.gather(sending_now, return_exceptions=True)
    notifications.mail.after = None
    notifications.clock.advance(sending.LEASE)
    await notifications.send()

    assert await notifications.states() == [("offered", "sent")]
    assert len(notifications.mail.sent) == 1
    assert len(await notifications.published()) == 1


async def test_a_process_that_dies_before_the_mail_server_said_yes_loses_nothing(notifications: Notifications) -> None:
    await notifications.receive(a_site(), an_offer()[1])
    notifications.mail.before = for_ever
    await notifications.die_while_sending()
    await notifications.send()
    assert await notifications.states() == [("offered", "sending")]

    notifications.clock.advance(sending.LEASE)
    await notifications.send()

    assert await notifications.states() == [("offered", "sent")]
    assert len(notifications.mail.sent) == 1


async def test_a_process_that_dies_between_yes_and_record_sends_twice_under_one_id(
    notifications: Notifications,
) -> None:
    await notifications.receive(a_site(), an_offer()[1])
    notifications.mail.after = for_ever
    await notifications.die_while_sending()

    notifications.clock.advance(sending.LEASE)
    await notifications.send()

    first, second = notifications.mail.sent
    assert first.notice_id == second.notice_id
    assert len(await notifications.published()) == 1


async def test_a_sender_that_was_overtaken_while_it_waited_records_nothing_twice(notifications: Notifications) -> None:
    await notifications.receive(a_site(), an_offer()[1])

    async def be_overtaken() -> None:
        notifications.mail.after = None
        notifications.clock.advance(sending.LEASE)
        await notifications.another_sender().send_due_notices()

    notifications.mail.after = be_overtaken
    await notifications.send()

    assert len({email.notice_id for email in notifications.mail.sent}) == 1
    assert await notifications.states() == [("offered", "sent")]
    assert len(await notifications.published()) == 1


class DatabaseThatLeaves(Database):
    """Is away for the next `absences` units of work."""

    absences = 0

    async def run(self, now: datetime, work: Callable[[UnitOfWork], Awaitable[T]], *, reads: bool = False) -> T:
        if self.absences:
            self.absences -= 1
            raise DatabaseUnavailable("away")
        return await super().run(now, work, reads=reads)


async def test_a_database_that_is_away_after_the_yes_does_not_make_a_second_message(
    notifications: Notifications,
) -> None:
    await notifications.receive(a_site(), an_offer()[1])
    leaving = DatabaseThatLeaves(notifications.database.url)
    notifications.sender.database = leaving

    async def leave() -> None:
        leaving.absences = 1

    notifications.mail.after = leave
    await notifications.send()
    await leaving.close()

    assert await notifications.states() == [("offered", "sent")]
    assert len(notifications.mail.sent) == 1


async def test_an_offer_that_may_have_arrived_when_the_process_died_is_told_as_cancelled_and_not_announced_again(
    notifications: Notifications,
) -> None:
    offer, snapshot = an_offer()
    await notifications.receive(a_site(), snapshot)
    notifications.mail.after = for_ever
    await notifications.die_while_sending()

    await notifications.receive(a_snapshot(ended=later(offer, "cancelled"), version=2))
    notifications.clock.advance(sending.LEASE)
    await notifications.send()

    assert await notifications.states() == [("offered", "withdrawn"), ("cancelled", "sent")]


async def test_every_try_is_a_span_in_the_trace_of_its_event_linked_to_the_try_before(
    notifications: Notifications,
) -> None:
    spans = Spans()
    tracing.configure("notifications", [spans])
    notifications.mail.failure = TryAgainLater("the mail server is away")
    await notifications.receive(a_site(), an_offer()[1])
    await notifications.send()
    notifications.mail.failure = None
    notifications.clock.advance(10 * MINUTES)
    await notifications.send()
    tracing.shutdown()

    (process,) = [span for span in spans.ended if span.name == "process scheduling.cases"]
    first, second = [span for span in spans.ended if span.name == "send notice offered"]
    assert first.parent and second.parent
    assert first.parent.span_id == second.parent.span_id == process.context.span_id
    assert first.context.trace_id == second.context.trace_id == process.context.trace_id
    assert [link.context.span_id for link in second.links] == [first.context.span_id]
    assert (first.status.status_code, second.status.status_code) == (StatusCode.ERROR, StatusCode.UNSET)
    asked = [asked[CASE_REF] for asked in notifications.contacts.asked]
    assert asked == [tracing.to_traceparent(first.context), tracing.to_traceparent(second.context)]
    (event,) = await notifications.published()
    made_in = tracing.from_traceparent(event.attributes["traceparent"])
    assert made_in is not None
    assert made_in.trace_id == process.context.trace_id
    assert event.attributes["causationid"]
    assert "familia" not in str([dict(span.attributes or {}) for span in spans.ended])
