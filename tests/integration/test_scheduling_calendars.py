"""Calendars that staff keep: slots follow them, what is right is not touched, nobody is stranded unseen."""

import asyncio
from datetime import date, time, timedelta
from typing import Any

import pytest

from services.scheduling.commands import calendars as keep
from services.scheduling.commands.sites import change_site
from shared.events import Allocation, Counts, Party
from tests.builders import NOW, a_case, a_programme
from tests.calendars import TAP, Calendars, closure, weekday
from tests.scheduling import UNTIL

TIJ, WINDOWS = "MX-TIJ-01", "MX-SCH-01"


async def booked(calendars: Calendars, **changes: Any) -> Any:
    """A booked appointment at the site in Tapachula."""
    case = a_case(**changes)
    await calendars.scheduling.receive(a_programme(), case)
    await calendars.scheduling.accept(case, "scheduler")
    return await calendars.scheduling.live(case)


async def in_window(calendars: Calendars, people: int) -> Any:
    """An offered place for so many in an arrival window, the earliest that has room."""
    programme = {
        "programme": "MX-TVR", "allocation": Allocation.IMMEDIATE, "counts": Counts.PEOPLE, "sites": (WINDOWS,),
        "base_minutes": 20, "per_adult_minutes": 0, "per_child_minutes": 0,
    }  # fmt: skip
    party = Party(attendees=people, adults=people, children=0)
    case = a_case(programme="MX-TVR", sites=(WINDOWS,), party=party)
    await calendars.scheduling.receive(a_programme(**programme), case)
    return await calendars.scheduling.live(case)


# Slots follow the calendar


async def test_a_closure_over_several_days_blocks_each_of_them_and_no_other(calendars: Calendars) -> None:
    monday = weekday()
    before = await calendars.days()

    answer = await calendars.change(closure(monday, monday + timedelta(days=2)))

    assert before - await calendars.days() == {monday + timedelta(days=n) for n in range(3)}
    assert (answer["slots"]["made"], answer["slots"]["changed"], answer["stranded"]) == (0, 0, [])


async def test_a_closure_ends_with_the_day_at_its_own_site(calendars: Calendars) -> None:
    tuesday = weekday() + timedelta(days=1)
    evening = {
        "resource_id": (await calendars.resource("desk 1", TIJ)).id, "rrule": "FREQ=DAILY", "valid_from": NOW.date(),
        "opens": time(16), "closes": time(22),
    }  # fmt: skip
    await calendars.change(keep.add_rule(evening), TIJ)
    elsewhere = await calendars.days()

    await calendars.change(closure(tuesday), TIJ)

    assert await calendars.days() == elsewhere
    assert tuesday not in await calendars.days(TIJ)
    on_tuesday_in_utc = await calendars.scheduling.rows(
        """select distinct local_date from slots where site = :site
           and (starts_at at time zone 'UTC')::date = :day order by 1""",
        site=TIJ,
        day=tuesday,
    )
    assert [row.local_date for row in on_tuesday_in_utc] == [tuesday - timedelta(days=1)]


async def test_slots_that_are_right_already_are_not_touched(calendars: Calendars) -> None:
    before = (await calendars.everything())["slots"]

    answer = await calendars.change(closure(weekday()))

    after = (await calendars.everything())["slots"]
    assert after < before
    assert len(before) - len(after) == answer["slots"]["deleted"] > 0


async def test_a_lifted_closure_opens_its_days_again(calendars: Calendars) -> None:
    before = await calendars.days()
    closed = await calendars.change(closure(weekday()))

    answer = await calendars.change(keep.change_closure(closed["what"]["after"]["id"], {"is_lifted": True}))

    assert await calendars.days() == before
    assert answer["slots"]["made"] == closed["slots"]["deleted"]


async def test_a_holiday_is_open_only_by_a_rule_that_says_so(calendars: Calendars) -> None:
    christmas = date(2026, 12, 25)
    assert christmas not in await calendars.days()

    rule = await calendars.rule_of("desk 1")
    await calendars.change(keep.change_rule(rule.id, {"on_holidays": True}))

    assert christmas in await calendars.days()
    assert christmas not in await calendars.days(name="desk 2")


async def test_hours_that_overlap_make_each_slot_once(calendars: Calendars) -> None:
    longer = {
        "resource_id": (await calendars.resource("desk 1")).id, "rrule": "FREQ=WEEKLY;BYDAY=MO", "valid_from": NOW.date(),
        "valid_until": UNTIL, "opens": time(14), "closes": time(16),
    }  # fmt: skip

    first = await calendars.change(keep.add_rule(longer))
    second = await calendars.change(keep.add_rule(longer))

    mondays = len([day for day in await calendars.days() if day.weekday() == 0])
    assert (first["slots"]["made"], second["slots"]["made"]) == (4 * mondays, 0)


async def test_new_days_with_hours_that_overlap_are_made_once_by_two_who_open_them_at_the_same_time(
    calendars: Calendars,
) -> None:
    longer = {
        "resource_id": (await calendars.resource("desk 1")).id, "rrule": "FREQ=WEEKLY;BYDAY=MO", "valid_from": NOW.date(),
        "opens": time(14), "closes": time(16),
    }  # fmt: skip
    await calendars.change(keep.add_rule(longer))
    before = await calendars.days()
    scheduling = calendars.scheduling
    scheduling.clock.advance(timedelta(days=7))

    await asyncio.gather(scheduling.jobs.open_calendars(), scheduling.jobs.open_calendars())

    new_mondays = [day for day in await calendars.days() - before if day.weekday() == 0]
    assert len(new_mondays) == 1


async def test_a_closed_site_has_no_free_slots_until_it_opens_again(calendars: Calendars) -> None:
    before = await calendars.days()
    await calendars.change(change_site({"is_open": False}))
    await calendars.scheduling.jobs.open_calendars()
    assert await calendars.days() <= {NOW.date()}

    await calendars.change(change_site({"is_open": True}))

    assert await calendars.days() == before


async def test_a_change_raises_the_version_and_says_the_site_anew(calendars: Calendars) -> None:
    answer = await calendars.change(change_site({"name": "COMAR Tapachula"}))

    said = await calendars.scheduling.rows(
        "select sequence, value from outbox where topic = 'scheduling.sites' and key = :site order by id desc", site=TAP
    )
    assert said[0].sequence == answer["version"] == await calendars.version() == said[1].sequence + 1
    assert "COMAR Tapachula" in said[0].value


# Stranded appointments


async def test_a_stranded_appointment_is_shown_first_and_stays_valid(calendars: Calendars) -> None:
    appointment = await booked(calendars)
    day = appointment.wall_time.date()

    shown = await calendars.change(closure(day), dry_run=True)
    applied = await calendars.change(closure(day))

    assert [each["appointment_id"] for each in shown["stranded"]] == [str(appointment.id)]
    assert shown["stranded"] == applied["stranded"] == await calendars.stranded()
    assert shown["slots"] == applied["slots"]
    assert (shown["stranded"][0]["why"], shown["stranded"][0]["case_ref"]) == (["closed"], appointment.case_ref)
    assert (await calendars.scheduling.appointment(appointment.id)).status == "booked"
    assert await calendars.scheduling.claims_of(appointment.id) > 0


async def test_a_dry_run_changes_nothing(calendars: Calendars) -> None:
    appointment = await booked(calendars)
    before = await calendars.everything()
    rule = await calendars.rule_of("desk 1")

    await calendars.change(closure(appointment.wall_time.date()), dry_run=True)
    await calendars.change(keep.change_rule(rule.id, {"opens": time(9), "closes": time(18)}), dry_run=True)
    await calendars.change(change_site({"is_open": False}), dry_run=True)

    assert await calendars.everything() == before
    assert await calendars.stranded() == []


@pytest.mark.parametrize("why", ["closed", "outside-hours", "resource-ended", "site-closed"])
async def test_it_is_said_why_an_appointment_is_stranded(calendars: Calendars, why: str) -> None:
    appointment = await booked(calendars)
    day = appointment.wall_time.date()
    name = next(r.name for r in await resources_of(calendars, appointment))
    edits = {
        "closed": closure(day),
        "outside-hours": keep.change_rule((await calendars.rule_of(name)).id, {"opens": time(12)}),
        "resource-ended": keep.change_resource(
            (await calendars.resource(name)).id, {"last_day": day - timedelta(days=1)}
        ),
        "site-closed": change_site({"is_open": False}),
    }

    await calendars.change(edits[why])

    stranded = await calendars.stranded()
    assert [(each["appointment_id"], each["why"]) for each in stranded] == [(str(appointment.id), [why])]


async def resources_of(calendars: Calendars, appointment: Any) -> Any:
    return await calendars.scheduling.rows(
        """select distinct r.* from slot_claims c join slots s on s.id = c.slot_id join resources r on r.id = s.resource_id
           where c.appointment_id = :id""",
        id=appointment.id,
    )


async def test_capacity_lowered_below_what_is_taken_becomes_what_is_taken(calendars: Calendars) -> None:
    first = await in_window(calendars, 10)
    calendars.scheduling.clock.advance(timedelta(seconds=1))
    second = await in_window(calendars, 10)
    assert first.starts_at == second.starts_at
    window = await calendars.resource("arrivals", WINDOWS)

    await calendars.change(keep.change_resource(window.id, {"capacity": 12}), WINDOWS)

    stranded = await calendars.stranded(WINDOWS)
    assert [(each["appointment_id"], each["why"]) for each in stranded] == [(str(second.id), ["capacity-lowered"])]
    full = "select capacity from slots where resource_id = :id and starts_at = :at"
    assert await calendars.scheduling.count(full, id=window.id, at=first.starts_at) == 20

    await calendars.scheduling.decline(second, "scheduler")
    await open_all_freed(calendars)

    assert await calendars.scheduling.count(full, id=window.id, at=first.starts_at) == 12
    assert await calendars.stranded(WINDOWS) == []


async def open_all_freed(calendars: Calendars) -> None:
    """As time does it, hours later."""
    await calendars.scheduling.jobs.offer_freed_places()
    calendars.scheduling.clock.advance(timedelta(hours=2))
    await calendars.scheduling.jobs.open_freed_places()


async def test_the_time_of_a_stranded_appointment_goes_to_nobody_when_it_is_let_go(calendars: Calendars) -> None:
    appointment = await booked(calendars)
    await calendars.scheduling.take_all_but(appointment)
    waits = a_case(valid_until=appointment.wall_time.date(), party=Party(attendees=1, adults=1, children=0))
    await calendars.scheduling.receive(waits)
    await calendars.change(closure(appointment.wall_time.date()))

    await calendars.scheduling.decline(appointment, "scheduler")
    await open_all_freed(calendars)

    assert await calendars.scheduling.count("select count(*) from slot_claims") == 0
    assert appointment.wall_time.date() not in await calendars.days()
    assert await calendars.scheduling.waiting(waits) is not None


async def test_an_appointment_is_not_stranded_any_more_when_its_day_opens_again(calendars: Calendars) -> None:
    appointment = await booked(calendars)
    closed = await calendars.change(closure(appointment.wall_time.date()))

    answer = await calendars.change(keep.change_closure(closed["what"]["after"]["id"], {"is_lifted": True}))

    assert answer["not_stranded_any_more"] == closed["stranded"]
    assert await calendars.stranded() == []
