"""A household says itself how it is reached: confirmed by a code, kept against its country's revisions, and told of."""

import asyncio
from datetime import timedelta

import pytest

from services.intake.jobs import Jobs
from shared.db import UnitOfWork
from tests.own_contact import NEW, Own
from tests.unit.intake_builders import ndjson, us_message


async def test_a_new_address_counts_once_its_code_came_back(own: Own) -> None:
    before = await own.contact()

    outcome = await own.propose()
    meanwhile = await own.contact()
    shown = (await own.ask()).json()
    done = await own.confirm(own.notifications.codes[0]["code"])

    assert ("proposed", before, "changed") == (outcome, meanwhile, done)
    assert (NEW, own.case_ref) == (own.notifications.codes[0]["email"], own.notifications.codes[0]["case_ref"])
    assert "r…@c….org" == shown["proposed_email"]
    assert (NEW, "yes") == ((await own.contact())["email"], (await own.contact())["reachable"])


async def test_the_address_before_hears_that_it_changed_and_not_to_what(own: Own) -> None:
    before = (await own.contact())["email"]
    await own.change()

    await own.warn()
    await own.warn()

    [warning] = own.notifications.warnings
    assert before == warning["email"]
    assert NEW not in str(warning)
    assert 0 == await own.intake.count("contact_warnings")


async def test_a_warning_waits_for_notifications_and_is_not_lost(own: Own) -> None:
    await own.change()
    own.notifications.status = 503
    await own.warn()
    own.notifications.status = 200
    own.intake.clock.advance(timedelta(minutes=5))

    await own.warn()

    assert 1 == len(own.notifications.warnings)


async def test_the_same_address_again_warns_nobody(own: Own) -> None:
    await own.change((await own.contact())["email"])

    assert 0 == await own.intake.count("contact_warnings")


async def test_a_wrong_code_three_times_ends_the_proposal(own: Own) -> None:
    await own.propose()
    code = own.notifications.codes[0]["code"]
    wrong = f"{(int(code) + 1) % 10**6:06}"
    proposal = (await own.ask()).json()["proposal"]

    outcomes = [await own.confirm(wrong, proposal) for _ in range(3)]

    assert ["wrong", "wrong", "over"] == outcomes
    assert "over" == await own.confirm(code, proposal)
    assert NEW != (await own.contact())["email"]


async def test_a_code_holds_for_half_an_hour_and_for_its_own_proposal(own: Own) -> None:
    await own.propose("first@example.org")
    first = (await own.ask()).json()["proposal"]
    await own.propose()
    second = (await own.ask()).json()["proposal"]
    codes = [each["code"] for each in own.notifications.codes]

    assert "over" == await own.confirm(codes[0], first)
    own.intake.clock.advance(timedelta(minutes=30))
    assert "over" == await own.confirm(codes[1], second)
    assert (await own.ask()).json()["proposal"] is None


async def test_confirming_twice_at_once_changes_it_once_and_says_so_twice(own: Own) -> None:
    await own.propose()
    proposal, code = (await own.ask()).json()["proposal"], own.notifications.codes[0]["code"]

    outcomes = await asyncio.gather(*(own.confirm(code, proposal) for _ in range(4)))

    assert ["changed"] * 4 == outcomes
    assert (1, 1) == (await own.intake.count("contact_changes"), await own.intake.count("contact_warnings"))


async def test_a_sixth_address_in_a_day_is_too_often_and_the_next_day_it_is_not(own: Own) -> None:
    outcomes = [await own.propose(f"a{n}@example.org") for n in range(6)]
    own.intake.clock.advance(timedelta(days=1))

    assert [*["proposed"] * 5, "too_often"] == outcomes
    assert 5 == len(own.notifications.codes)
    assert "proposed" == await own.propose()


@pytest.mark.parametrize("typed", ["", "rosa", "a@b", "a b@c.org", "a@b.org\r\nBcc: x@y.org", "a@-b.org", "ñ@b.org"])
async def test_what_is_no_address_gets_no_mail(own: Own, typed: str) -> None:
    assert "invalid" == await own.propose(typed)
    assert [] == own.notifications.codes


async def test_a_code_that_cannot_be_sent_says_so_and_does_not_count(own: Own) -> None:
    own.notifications.status = 503
    away = [await own.propose() for _ in range(6)]
    own.notifications.status, own.notifications.takes_mail = 200, False

    assert {"cannot_send"} == set(away)
    assert "refused" == await own.propose()
    assert (await own.ask()).json()["proposal"] is None


async def test_a_later_revision_keeps_what_the_household_said_and_brings_the_rest(own: Own) -> None:
    await own.change()
    await own.ask("/say", locale="ht", safe_hours="")
    later = us_message(
        2,
        determination__revision=2,
        contact__mobile="+525512345678",
        contact__email="x@example.org",
        contact__locale="en",
    )

    [receipt] = await own.intake.receipts("us", ndjson(later))

    now = await own.contact()
    assert "accepted" == receipt["receipt"]
    assert (NEW, "ht", None, "+525512345678") == (now["email"], now["locale"], now["safe_hours"], now["mobile"])


async def test_language_and_hours_count_at_once(own: Own) -> None:
    said = [await own.ask("/say", locale="fr"), await own.ask("/say", safe_hours="18:00-21:00")]

    shown, now = (await own.ask()).json(), await own.contact()
    assert [{"known": True}] * 2 == [answer.json() for answer in said]
    assert ("fr", "18:00-21:00") == (now["locale"], now["safe_hours"]) == (shown["locale"], shown["safe_hours"])


async def test_the_page_gets_the_address_masked_and_each_look_is_recorded(own: Own) -> None:
    email = (await own.contact())["email"]

    shown = await own.ask()

    assert email not in shown.text and email[0] == shown.json()["email"][0]
    assert "no-store" == shown.headers["cache-control"]
    rows = await own.intake.rows("select who, why from contact_looks order by looked_at, why")
    assert ("service for household", "to show it, masked, to its household") in [(row.who, row.why) for row in rows]


async def test_operations_put_back_what_the_country_says(own: Own) -> None:
    before = await own.contact()
    await own.change()

    answers = [await own.reset(), await own.reset()]

    assert [200, 409] == [answer.status_code for answer in answers]
    assert before == await own.contact()
    assert ["email", "reset"] == [
        row.what for row in await own.intake.rows("select what from contact_changes order by id")
    ]
    assert 403 == (await own.reset("officer")).status_code


async def test_a_contact_that_is_put_back_logs_out_who_took_it_and_a_scheduling_that_is_away_is_asked_again(
    own: Own,
) -> None:
    await own.change()
    own.notifications.scheduling = 503
    away = await own.reset()
    own.notifications.scheduling = 200

    again = await own.reset()

    assert (503, "scheduling_away", 409) == (away.status_code, away.json()["code"], again.status_code)
    assert [own.case_ref] == own.notifications.logged_out


async def test_only_our_services_ask_and_an_unknown_case_is_nobodys(own: Own) -> None:
    paths = [("", {}), ("/say", {"locale": "en"}), ("/propose", {"email": NEW})]
    paths.append(("/confirm", {"proposal": "0b9f6a52-6c1f-4d57-9f8e-0c7f3a6f2f11", "code": "123456"}))

    refused = {(await own.ask(path, "ops", **body)).status_code for path, body in paths}
    unknown = [await own.ask(path, case_ref="NA7K-3QF2-M9X0", **body) for path, body in paths]

    assert {403} == refused
    assert [404, {"known": False}, {"outcome": "unknown"}, {"outcome": "over"}] == [
        unknown[0].status_code, *(answer.json() for answer in unknown[1:]),
    ]  # fmt: skip


async def test_nothing_of_it_can_be_read_in_the_database_or_in_events(own: Own) -> None:
    await own.ask("/say", safe_hours="18:00-21:00")
    await own.propose("other.address@example.org")
    await own.change()

    async def dump(uow: UnitOfWork) -> str:
        tables = ("own_contacts", "contact_proposals", "contact_warnings", "contact_changes", "outbox", "contact_looks")
        rows = [row for table in tables for row in await uow.rows(f"select t::text as text from {table} t")]  # noqa: S608
        return " ".join(row.text for row in rows)

    text = await own.intake.database.run(own.intake.clock.now(), dump)
    code = own.notifications.codes[-1]["code"]
    assert own.case_ref in text and "locale" in text
    for secret in (NEW, "other.address", "correo", "18:00", f",{code},", NEW.encode().hex(), b"18:00".hex()):
        assert secret not in text


async def test_addresses_that_nobody_confirmed_are_forgotten(own: Own) -> None:
    await own.propose()
    own.intake.clock.advance(timedelta(minutes=31))
    service = own.intake.app.state.service

    await Jobs(service.database, service.clock).forget_proposals()

    assert [None] == [row.email for row in await own.intake.rows("select email from contact_proposals")]


async def test_a_code_that_was_sent_a_day_after_the_first_of_them_holds_its_time(own: Own) -> None:
    await own.propose("first.try@example.org")
    own.intake.clock.advance(timedelta(hours=23, minutes=59))
    await own.propose()
    own.intake.clock.advance(timedelta(minutes=5))
    service = own.intake.app.state.service

    await Jobs(service.database, service.clock).forget_proposals()

    assert "changed" == await own.confirm(own.notifications.codes[-1]["code"])
