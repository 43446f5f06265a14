"""What no address took: visible at once, tried again while it is owed, sent when an address comes."""

import asyncio
from datetime import timedelta

from pydantic import SecretStr

from services.notifications.channels.email import Refused
from services.notifications.repository.views import counts
from shared.events import NoticeFailed, NoticeSent
from tests.builders import NOW
from tests.conftest import MakeDatabase
from tests.notifications import ADDRESS, AN_OLD_CASE, Notifications, migrate_to, prepared
from tests.unit.notifications_builders import CASE_REF, a_site, a_snapshot, an_offer

MINUTES = timedelta(minutes=1)
HOUR = timedelta(hours=1)


async def test_a_household_without_an_address_is_recorded_as_not_reachable(notifications: Notifications) -> None:
    notifications.contacts.usual["email"] = None
    offer, snapshot = an_offer()
    await notifications.receive(a_site(), snapshot)

    await notifications.send()
    await notifications.receive(a_snapshot(offer, version=2))
    await notifications.send()

    assert await notifications.states() == [("offered", "not_reachable")]
    (event,) = await notifications.published()
    assert event.type == "puente.notifications.notice.failed.v1"
    assert (event.value["reason"], event.value["channel"]) == ("not_reachable", "none")
    found = await notifications.database.run(NOW, counts)
    assert (found["mx"]["not_reachable"], found["mx"]["notices_sent"], found["us"]["not_reachable"]) == (1, 0, 0)


async def test_a_case_that_intake_does_not_know_is_not_reachable(notifications: Notifications) -> None:
    notifications.contacts.unknown.add(CASE_REF)
    await notifications.receive(a_site(), an_offer()[1])

    await notifications.send()

    assert await notifications.states() == [("offered", "not_reachable")]


async def test_a_refused_address_is_recorded_as_failed_and_said_once(notifications: Notifications) -> None:
    notifications.mail.failure = Refused("SMTPRecipientRefused 550")
    await notifications.receive(a_site(), an_offer()[1])

    await notifications.send()
    notifications.clock.advance(HOUR)
    await notifications.send()

    assert await notifications.states() == [("offered", "failed")]
    (event,) = await notifications.published()
    assert event.value["reason"] == "refused"


async def test_a_household_whose_address_comes_later_is_told_of_its_open_offer(notifications: Notifications) -> None:
    notifications.contacts.usual["email"] = None
    await notifications.receive(a_site(), an_offer()[1])
    await notifications.send()
    notifications.contacts.usual["email"] = SecretStr(ADDRESS)
    await notifications.send()
    assert await notifications.states() == [("offered", "not_reachable")]

    notifications.clock.advance(HOUR)
    await notifications.send()

    assert await notifications.states() == [("offered", "sent")]
    assert [email.to for email in notifications.mail.sent] == [ADDRESS]
    failed, sent = await notifications.published()
    assert failed.key == sent.key
    assert (failed.type, sent.type) == (NoticeFailed.type, NoticeSent.type)
    assert (failed.value["version"], sent.value["version"]) == (1, 2)
    found = await notifications.database.run(NOW, counts)
    assert (found["mx"]["not_reachable"], found["mx"]["notices_sent"], found["mx"]["notices_due"]) == (0, 1, 0)


async def test_a_mistyped_address_that_is_put_right_gets_the_notice(notifications: Notifications) -> None:
    notifications.mail.failure = Refused("SMTPRecipientRefused 550")
    await notifications.receive(a_site(), an_offer()[1])
    await notifications.send()

    notifications.mail.failure = None
    notifications.clock.advance(HOUR)
    await notifications.send()

    assert await notifications.states() == [("offered", "sent")]
    assert len(notifications.mail.sent) == 1


async def test_what_no_address_took_is_tried_again_less_and_less_often(notifications: Notifications) -> None:
    notifications.contacts.usual["email"] = None
    await notifications.receive(a_site(), an_offer()[1])
    waits = []
    for _ in range(4):
        await notifications.send()
        (row,) = await notifications.rows("select state, next_try_at, undelivered, closed_at from notices")
        waits.append(row.next_try_at - notifications.clock.now())
        notifications.clock.instant = row.next_try_at

    assert (row.state, row.undelivered, row.closed_at) == ("not_reachable", 4, None)
    usual = [10 * MINUTES, HOUR, 6 * HOUR, 6 * HOUR]
    assert [0.9 <= wait / each <= 1.1 for wait, each in zip(waits, usual, strict=True)] == [True] * 4
    assert len(await notifications.published()) == 1


async def test_what_no_address_took_is_withdrawn_when_it_is_not_owed_any_more(notifications: Notifications) -> None:
    notifications.contacts.usual["email"] = None
    offer, snapshot = an_offer()
    await notifications.receive(a_site(), snapshot)
    await notifications.send()

    assert offer.deadline is not None
    notifications.clock.instant = offer.deadline
    await notifications.send()

    ((state, reason),) = await notifications.rows("select state, reason from notices")
    assert (state, reason) == ("withdrawn", "not_reachable, too late")
    found = await notifications.database.run(NOW, counts)
    assert set(found["mx"].values()) == {0}


async def test_while_intake_is_away_what_has_no_address_stays_not_reachable(notifications: Notifications) -> None:
    notifications.contacts.usual["email"] = None
    await notifications.receive(a_site(), an_offer()[1])
    await notifications.send()

    notifications.contacts.is_away = True
    notifications.clock.advance(HOUR)
    await notifications.send()

    assert await notifications.states() == [("offered", "not_reachable")]


async def test_notices_that_an_older_release_gave_up_are_tried_again(new_database: MakeDatabase) -> None:
    url = await new_database("template0")
    await asyncio.to_thread(migrate_to, url, "0001")
    old = Notifications(url)
    async with old.database.begin(NOW) as uow:
        await uow.execute(AN_OLD_CASE, case_ref=CASE_REF, snapshot=a_snapshot(waiting="no-slot").model_dump_json())
        await uow.execute(AN_OLD_NOTICE, case_ref=CASE_REF, now=NOW)

    await prepared(url)
    await old.send()

    assert await old.states() == [("waiting", "sent")]
    await old.database.close()


AN_OLD_NOTICE = """
insert into notices (id, case_ref, system, kind, matter, subject, content, sites, calendar_uid, sequence, state, next_try_at,
                     correlation_id, traceparent, created_at, closed_at)
values (gen_random_uuid(), :case_ref, 'mx', 'waiting', 'wait', 'no-slot', '{"waiting": "no-slot"}', '{}',
        gen_random_uuid(), 1, 'not_reachable', :now, 'old', '', :now, :now)
"""
