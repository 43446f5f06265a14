"""The standby list: who can be on it, what staff read and do, when it is forgotten."""

from datetime import timedelta

import httpx
import pytest

from services.scheduling import commands
from services.scheduling.app import build
from services.scheduling.commands import standby
from services.scheduling.views.cases import standby_view
from shared.events import Urgency
from shared.reference import new_case_ref
from shared.web.problems import Problem
from tests.builders import NOW, a_case, days
from tests.calendars import TAP
from tests.scheduling import Scheduling, settings
from tests.standby import booked, let_go, moved_to_a_later_day, shown_to, stand_by, standing_by, waiting


@pytest.mark.parametrize(
    ("site", "days_ahead", "code"),
    [
        ("MX-TIJ-01", 4, "cannot_stand_by"),
        ("NOWHERE", 4, "site_unknown"),
        (TAP, -1, "day_out_of_reach"),
        (TAP, 91, "day_out_of_reach"),
    ],
)
async def test_who_could_have_no_place_there_does_not_stand_by(
    scheduling: Scheduling, site: str, days_ahead: int, code: str
) -> None:
    case = await waiting(scheduling)
    day = NOW.date() + timedelta(days=days_ahead)

    with pytest.raises(Problem) as refused:
        await scheduling.do(lambda uow: standby.stand_by(uow, case.case_ref, site, day, acted_by="officer"))

    assert refused.value.code == code


async def test_who_has_an_appointment_stands_by_for_earlier_days_only(scheduling: Scheduling) -> None:
    case, place = await booked(scheduling)

    with pytest.raises(Problem) as refused:
        await stand_by(scheduling, case, place.wall_time.date())
    await stand_by(scheduling, case, place.wall_time.date() - timedelta(days=1))

    assert refused.value.code == "cannot_stand_by"
    assert await standing_by(scheduling) == {case.case_ref}


async def test_who_has_an_appointment_is_listed_with_it_until_it_has_one_by_then(scheduling: Scheduling) -> None:
    (case, _), (_, place) = await booked(scheduling), await booked(scheduling)
    day = place.wall_time.date()
    later = await moved_to_a_later_day(scheduling, case, day)
    await stand_by(scheduling, case, day)
    await stand_by(scheduling, await waiting(scheduling), day)
    listed = await scheduling.do(lambda uow: standby_view(uow, TAP, day))
    slot = next(place.claims[0][0] for place in await shown_to(scheduling, case) if place.local_date == day)

    await scheduling.do(lambda uow: commands.move(uow, case.case_ref, slot, "officer"))

    wall_time = later.wall_time.strftime("%Y-%m-%dT%H:%M")
    has = {"site": TAP, "status": "booked", "wall_time": wall_time, "zone": later.zone}
    assert [each["appointment"] for each in listed if each["case_ref"] == case.case_ref] == [has]
    assert [each["appointment"] for each in listed if each["case_ref"] != case.case_ref] == [None]
    left = await scheduling.do(lambda uow: standby_view(uow, TAP, day))
    assert case.case_ref not in {each["case_ref"] for each in left}


async def test_staff_move_who_stands_by_to_what_was_freed_that_day_and_opened(scheduling: Scheduling) -> None:
    holder, place = await booked(scheduling)
    case, _ = await booked(scheduling)
    day = place.wall_time.date()
    old = await moved_to_a_later_day(scheduling, case, day)
    await stand_by(scheduling, case, day)
    await scheduling.take_all_but(place)
    scheduling.clock.instant = place.starts_at - timedelta(hours=5)
    await let_go(scheduling, holder)
    before = [each.starts_at for each in await shown_to(scheduling, case)]
    scheduling.clock.advance(timedelta(minutes=61))
    await scheduling.jobs.open_freed_places()
    shown = {each.starts_at: each.claims[0][0] for each in await shown_to(scheduling, case)}

    await scheduling.do(lambda uow: commands.move(uow, case.case_ref, shown[place.starts_at], "officer"))

    got = await scheduling.live(case)
    assert place.starts_at not in before
    assert (got.status, got.starts_at, got.replaces) == ("booked", place.starts_at, old.id)


async def test_what_is_free_at_short_notice_is_shown_only_to_who_stands_by_and_only_for_its_days_from_three_hours_ahead(
    scheduling: Scheduling,
) -> None:
    (case, place), (other, _) = await booked(scheduling), await booked(scheduling)
    first = await moved_to_a_later_day(scheduling, case, place.wall_time.date())
    day = first.wall_time.date()
    for each in (case, other):
        await moved_to_a_later_day(scheduling, each, day)
    await stand_by(scheduling, case, day)
    caller = await waiting(scheduling)
    await stand_by(scheduling, caller, day)
    scheduling.clock.instant = first.starts_at - timedelta(hours=3)
    usual = scheduling.clock.now() + days(3)

    soon = [
        [each for each in await shown_to(scheduling, who) if each.starts_at < usual] for who in (case, other, caller)
    ]

    assert ({each.local_date for each in soon[0]}, soon[0][0].starts_at) == ({day}, first.starts_at)
    assert soon[1:] == [[], []]
    scheduling.clock.advance(timedelta(minutes=1))
    assert (await shown_to(scheduling, case))[0].starts_at > first.starts_at


@pytest.mark.parametrize("state", ["withdrawn", "ineligible", "expired", "review"])
async def test_a_case_that_may_not_have_an_interview_any_more_is_neither_listed_nor_called(
    scheduling: Scheduling, state: str
) -> None:
    holder, place = await booked(scheduling)
    case = await waiting(scheduling)
    await stand_by(scheduling, case, place.wall_time.date())
    await scheduling.receive(a_case(case_ref=case.case_ref, state=state, version=2))
    scheduling.clock.instant = place.starts_at - timedelta(hours=5)

    await let_go(scheduling, holder)

    listed = await scheduling.do(lambda uow: standby_view(uow, TAP, place.wall_time.date()))
    had = await scheduling.rows("select status from appointments where case_ref = :ref", ref=case.case_ref)
    assert (listed, [row.status for row in had]) == ([], ["cancelled"])


async def test_days_count_by_the_sites_date_and_those_that_are_over_are_forgotten(scheduling: Scheduling) -> None:
    case = await waiting(scheduling)
    scheduling.clock.instant = NOW + timedelta(hours=15)  # 03:00 of the 25th in UTC, 21:00 of the 24th at the site
    await stand_by(scheduling, case, NOW.date())
    seen = []

    for hours in (2, 24):
        scheduling.clock.advance(timedelta(hours=hours))
        await scheduling.jobs.forget_what_is_over()
        seen.append(await standing_by(scheduling))

    assert seen == [{case.case_ref}, set()]


async def test_staff_keep_the_list_over_http_and_read_it_in_the_order_of_calling(scheduling: Scheduling) -> None:
    refs = sorted(new_case_ref() for _ in range(3))
    late = await waiting(scheduling, case_ref=refs[0])
    early = await waiting(scheduling, case_ref=refs[1], registered_at=NOW - days(900))
    urgent = await waiting(scheduling, case_ref=refs[2], urgency=Urgency.URGENT)
    day = {"site": TAP, "day": (NOW.date() + timedelta(days=1)).isoformat()}
    app = build(settings(scheduling.database.url), scheduling.clock)

    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://x") as client:
        client.headers["Authorization"] = "Bearer assistant"
        for case in (late, early, urgent, urgent):
            answer = await client.post(f"/v1/cases/{case.case_ref}/standby", json=day)
        forbidden = await client.get(f"/v1/sites/{TAP}/standby", params={"date": day["day"]})
        client.headers["Authorization"] = "Bearer officer"
        listed = await client.get(f"/v1/sites/{TAP}/standby", params={"date": day["day"]})
        gone = await client.delete(f"/v1/cases/{urgent.case_ref}/standby", params=day)
        left = await client.get(f"/v1/sites/{TAP}/standby", params={"date": day["day"]})

    assert [(each["site"], each["day"]) for each in answer.json()["standby"]] == [(TAP, day["day"])]
    assert forbidden.status_code == 403
    assert [each["case_ref"] for each in listed.json()] == [urgent.case_ref, early.case_ref, late.case_ref]
    assert (listed.json()[0]["party"], listed.json()[0]["acted_by"]) == (3, "assistant")
    assert (gone.json()["standby"], len(left.json())) == ([], 2)
    await app.state.service.database.close()
