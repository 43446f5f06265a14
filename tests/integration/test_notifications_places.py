"""A site with another address, on a real database: who has a date there is told, in chunks that can be cut off."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from services.notifications import places
from services.notifications.channels.email import TryAgainLater
from services.notifications.domain.reminders import moments
from services.notifications.places import Places, look_at_some
from services.notifications.reminders import Reminders
from shared.db import as_json
from shared.reference import new_case_ref
from tests.builders import NOW
from tests.conftest import MakeDatabase
from tests.databases import database_at
from tests.notifications import AN_OLD_CASE, Notifications, migrate_to, prepared
from tests.unit.notifications_builders import CASE_REF, a_site, a_snapshot, an_appointment

OLD = "COMAR Centro Multiservicios, Calle Central 12, Tapachula"
NEW = "COMAR Centro Multiservicios, Avenida Norte 3, Tapachula"


AN_OLD_SITE = "insert into sites (site, version, snapshot) values ('MX-TAP-01', 1, cast(:snapshot as jsonb))"
AN_OLD_NOTICE = """
insert into notices (id, case_ref, system, kind, matter, subject, appointment_id, content, sites, calendar_uid, sequence, state,
                     may_have_arrived, provider_reference, channel, language, attempts, next_try_at, correlation_id, traceparent,
                     created_at, closed_at)
values (:id, :case_ref, 'mx', 'booked', 'confirmation', :subject, :id, cast(:content as jsonb) -> 0,
        '{MX-TAP-01}', :id, 1, 'sent', true, 'r', 'email', 'es', 1, :now, 'c', 't', :now, :now)
"""


def a_moved_site(version: int = 2, **changes: Any) -> Any:
    return a_site(version=version, **{"address": "Avenida Norte 3", **changes})


async def tell(notifications: Notifications) -> None:
    await Places(notifications.database, notifications.clock).tell_of_changes()
    await notifications.send()


async def test_a_household_is_told_once_of_the_new_address_and_where_it_was_before(
    notifications: Notifications,
) -> None:
    booked = an_appointment("booked")
    await notifications.receive(a_site(), a_snapshot(booked))
    await notifications.send()

    for version in (2, 3):
        await notifications.receive(a_moved_site(version))
        await tell(notifications)
    await notifications.receive(a_snapshot(booked, version=2))
    await tell(notifications)

    assert [("booked", "sent"), ("place-changed", "sent")] == await notifications.states()
    assert f"El lugar es ahora: {NEW}. Antes era: {OLD}." in notifications.mail.sent[-1].text
    assert [OLD, NEW] == [row.place for row in await notifications.rows("select place from notices order by n")]


@pytest.mark.parametrize(
    "changes", [{"is_open": False}, {"programmes": ("MX-REF",)}, {"address": " Calle  Central 12"}]
)
async def test_what_else_changes_at_a_site_is_told_to_nobody(
    notifications: Notifications, changes: dict[str, Any]
) -> None:
    await notifications.receive(a_site(), a_snapshot(an_appointment("booked")))
    await notifications.send()

    await notifications.receive(a_site(version=2, **changes))
    await tell(notifications)

    assert [("booked", "sent")] == await notifications.states()


async def test_who_was_not_told_of_its_date_yet_reads_only_the_new_address(notifications: Notifications) -> None:
    await notifications.receive(a_site(), a_snapshot(an_appointment("booked")))

    await notifications.receive(a_moved_site())
    await tell(notifications)

    assert [("booked", "sent")] == await notifications.states()
    assert NEW in notifications.mail.sent[0].text and OLD not in notifications.mail.sent[0].text


async def test_what_the_mail_server_took_only_later_named_the_place_of_then(notifications: Notifications) -> None:
    notifications.mail.failure = TryAgainLater("greylisted")
    await notifications.receive(a_site(), a_snapshot(an_appointment("booked")))
    await notifications.send()
    notifications.mail.failure = None

    await notifications.receive(a_moved_site())
    notifications.clock.advance(timedelta(hours=1))
    await tell(notifications)
    await notifications.receive(a_snapshot(an_appointment("booked"), version=2, case_ref=new_case_ref()))
    await tell(notifications)

    assert [("booked", "sent"), ("booked", "sent")] == await notifications.states()
    assert [NEW, NEW] == [row.place for row in await notifications.rows("select place from notices")]


async def test_a_place_that_went_back_before_the_message_went_out_is_not_spoken_of(
    notifications: Notifications,
) -> None:
    await notifications.receive(a_site(), a_snapshot(an_appointment("booked")))
    await notifications.send()
    await notifications.receive(a_moved_site())
    await Places(notifications.database, notifications.clock).tell_of_changes()

    await notifications.receive(a_site(version=3))
    await notifications.send()
    await tell(notifications)

    assert [("booked", "sent"), ("place-changed", "withdrawn")] == await notifications.states()


async def test_everyone_with_a_date_there_is_looked_at_in_chunks_and_a_walk_that_was_cut_off_goes_on(
    notifications: Notifications, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(places, "AT_ONCE", 2)
    there = [a_snapshot(an_appointment("booked"), case_ref=new_case_ref()) for _ in range(5)]
    elsewhere = a_snapshot(an_appointment("booked", site="MX-TIJ-01"), case_ref=new_case_ref())
    await notifications.receive(a_site(), a_site(site="MX-TIJ-01", city="Tijuana"), *there, elsewhere)
    await notifications.send()
    await notifications.receive(a_moved_site())

    told = []
    for _ in range(3):
        assert await notifications.database.run(NOW, look_at_some)
        told.append(len(await notifications.rows("select id from notices where kind = 'place-changed'")))
    await tell(notifications)

    assert [2, 4, 5] == told
    sent = await notifications.rows("select case_ref from notices where kind = 'place-changed' and state = 'sent'")
    assert {each.case_ref for each in there} == {row.case_ref for row in sent}
    assert not await notifications.database.run(NOW, look_at_some)


async def test_a_change_while_the_households_are_told_begins_anew(
    notifications: Notifications, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(places, "AT_ONCE", 1)
    there = [a_snapshot(an_appointment("booked"), case_ref=new_case_ref()) for _ in range(2)]
    await notifications.receive(a_site(), *there)
    await notifications.send()
    await notifications.receive(a_moved_site())
    await notifications.database.run(NOW, look_at_some)
    await notifications.send()

    await notifications.receive(a_moved_site(3, address="Avenida Sur 9"))
    await tell(notifications)

    last = [email.text for email in notifications.mail.sent if "Avenida Sur 9" in email.text]
    assert 2 == len(last)
    assert [1, 1] == [sum(f"Antes era: {before}" in text for text in last) for before in (OLD, NEW)]


async def test_a_notice_that_cannot_be_read_keeps_nobody_else_from_being_told(notifications: Notifications) -> None:
    refs = sorted(new_case_ref() for _ in range(3))
    await notifications.receive(a_site(), *(a_snapshot(an_appointment("booked"), case_ref=ref) for ref in refs))
    await notifications.send()
    async with notifications.database.begin(NOW) as uow:
        await uow.execute("alter table notices disable trigger stays")
        unreadable = """update notices set content = '{"appointment": {"id": 7}}' where case_ref = :ref"""
        await uow.execute(unreadable, ref=refs[0])
        await uow.execute("alter table notices enable trigger stays")

    await notifications.receive(a_moved_site())
    await tell(notifications)

    told = await notifications.rows("select case_ref from notices where kind = 'place-changed' order by case_ref")
    assert refs[1:] == [row.case_ref for row in told]


async def test_a_reminder_that_waits_goes_out_with_no_place_that_was_not_told(notifications: Notifications) -> None:
    booked = an_appointment("booked")
    await notifications.receive(a_site(), a_snapshot(booked))
    await notifications.send()
    notifications.clock.instant = moments(booked)[1][0]
    await Reminders(notifications.database, notifications.clock).make_reminders()

    await notifications.receive(a_moved_site())
    await notifications.send()

    assert [("booked", "sent"), ("reminder", "withdrawn"), ("place-changed", "sent")] == await notifications.states()


async def test_who_was_told_of_its_date_by_the_release_before_is_told_of_a_new_address(
    new_database: MakeDatabase,
) -> None:
    url, booked = await new_database("template0"), an_appointment("booked")
    await asyncio.to_thread(migrate_to, url, "0008")
    old = database_at(url)
    async with old.begin(NOW) as uow:
        await uow.execute(AN_OLD_CASE, case_ref=CASE_REF, snapshot=a_snapshot(booked).model_dump_json())
        await uow.execute(AN_OLD_SITE, snapshot=a_site().model_dump_json())
        content = as_json([{"appointment": booked.model_dump(mode="json"), "n": 0}])
        about = {"id": booked.id, "subject": str(booked.id), "case_ref": CASE_REF}
        await uow.execute(AN_OLD_NOTICE, **about, content=content, now=NOW)
    await old.close()
    await prepared(url)
    notifications = Notifications(url)

    await notifications.receive(a_moved_site())
    await tell(notifications)

    assert [("booked", "sent"), ("place-changed", "sent")] == await notifications.states()
    assert f"Antes era: {OLD}." in notifications.mail.sent[-1].text
    await notifications.database.close()
