"""An appointment is moved or cancelled, by its household or by staff."""

from datetime import timedelta
from functools import partial
from typing import Any

import httpx
import pytest

from services.scheduling import commands
from services.scheduling.repository import slots
from shared.events import CaseChanged, CaseLanguage
from shared.web.problems import Problem
from tests.builders import days
from tests.scheduling import Scheduling
from tests.scheduling_http import Client

SELVES = ("household", "assistant")
"""Those who move as a household may: it itself, and assistants for it."""

PROGRAMMES = ()
"""Each test says which programmes there are."""


async def first_slot_of(scheduling: Scheduling, appointment: Any) -> int:
    """That which the appointment holds, or what was made of its place when it ended."""
    return await scheduling.count(
        """select slot_id from slot_claims c join slots s on s.id = c.slot_id
           where :id in (appointment_id, freed_place_id) order by s.starts_at limit 1""",
        id=appointment.id,
    )


async def test_a_move_takes_the_new_place_and_frees_the_old_in_one_step(scheduling: Scheduling) -> None:
    case, before = await scheduling.booked()
    far = (await scheduling.slots_of(case, ahead=10))[-1]

    await scheduling.do(lambda uow: commands.move(uow, case.case_ref, far["slot_id"], "assistant"))

    after = await scheduling.live(case)
    assert (after.status, after.replaces) == ("booked", before.id)
    assert (await scheduling.appointment(before.id)).reason == "rescheduled"
    assert (await scheduling.published(case))[-1] == "puente.scheduling.appointment.moved.v1"
    assert await scheduling.held_by_freed_places() == 10


async def test_a_move_onto_ones_own_time_succeeds_even_when_nothing_else_is_free(scheduling: Scheduling) -> None:
    case, before = await scheduling.booked()
    await scheduling.take_all_but(before)
    await scheduling.free_next_step(before)
    overlapping = next(s for s in await scheduling.slots_of(case) if s["instant"] != before.starts_at.isoformat())

    await scheduling.do(lambda uow: commands.move(uow, case.case_ref, overlapping["slot_id"], "scheduler"))

    after = await scheduling.live(case)
    assert after.starts_at - before.starts_at == timedelta(minutes=15)
    assert await scheduling.held_by_freed_places() == 1


async def test_a_household_moves_twice_and_staff_may_once_more(scheduling: Scheduling) -> None:
    case, _ = await scheduling.booked()
    shown = await scheduling.slots_of(case, ahead=12)
    for slot, by in ((shown[-1], "household"), (shown[-20], "assistant")):
        await scheduling.do(commands.move, case.case_ref, slot["slot_id"], by)
    third = shown[-40]["slot_id"]

    codes = [await scheduling.refusal(commands.move, case.case_ref, third, by) for by in SELVES]
    await scheduling.do(commands.move, case.case_ref, third, "scheduler")

    assert codes == ["moved_too_often", "moved_too_often"]


async def test_within_twelve_hours_only_staff_can_move_it(scheduling: Scheduling) -> None:
    case, before = await scheduling.booked()
    scheduling.clock.instant = before.starts_at - timedelta(hours=11)
    slot = (await scheduling.slots_of(case))[-1]["slot_id"]

    codes = [await scheduling.refusal(commands.move, case.case_ref, slot, by) for by in SELVES]
    await scheduling.do(commands.move, case.case_ref, slot, "scheduler")

    assert codes == ["too_late_to_move", "too_late_to_move"]


async def test_nobody_whose_time_has_come_is_shown_a_place_that_cannot_be_had(scheduling: Scheduling) -> None:
    case, appointment = await scheduling.booked()
    scheduling.clock.instant = appointment.starts_at

    with pytest.raises(Problem, match="its time has come"):
        await scheduling.slots_of(case)


async def test_what_is_cancelled_or_missed_cannot_be_moved(scheduling: Scheduling) -> None:
    case, _ = await scheduling.booked()
    slot = (await scheduling.slots_of(case))[0]["slot_id"]
    await scheduling.do(lambda uow: commands.cancel(uow, case.case_ref, "applicant-request", "assistant"))

    assert (
        await scheduling.refusal(lambda uow: commands.move(uow, case.case_ref, slot, "assistant")) == "nothing_booked"
    )


async def test_a_household_that_cancels_keeps_its_seniority_and_waits(scheduling: Scheduling) -> None:
    case, _ = await scheduling.booked()

    await scheduling.do(lambda uow: commands.cancel(uow, case.case_ref, "applicant-unable", "assistant"))

    assert await scheduling.waiting(case) == "declined"


async def test_a_cancellation_that_is_not_the_households_offers_another_place_at_once(scheduling: Scheduling) -> None:
    case, before = await scheduling.booked()
    await scheduling.leave_only(await first_slot_of(scheduling, before))

    await scheduling.do(lambda uow: commands.cancel(uow, case.case_ref, "officer-unavailable", "scheduler"))

    after = await scheduling.live(case)
    assert after.status == "pending"
    assert after.id != before.id
    assert (await scheduling.appointment(before.id)).reason == "officer-unavailable"


async def test_a_household_whose_officer_is_ill_stays_booked_where_another_is_free_at_that_time(
    scheduling: Scheduling,
) -> None:
    case, before = await scheduling.booked()

    await scheduling.do(lambda uow: commands.cancel(uow, case.case_ref, "officer-unavailable", "scheduler"))

    after = await scheduling.live(case)
    assert (after.status, after.starts_at, after.replaces) == ("booked", before.starts_at, before.id)
    assert await first_slot_of(scheduling, after) != await first_slot_of(scheduling, before)


@pytest.mark.parametrize("ahead", [20, 1])
async def test_whose_officer_is_ill_stays_though_an_earlier_time_is_free_and_though_it_is_too_near_for_an_offer(
    scheduling: Scheduling, ahead: int
) -> None:
    case, _ = await scheduling.booked()
    later = (await scheduling.slots_of(case, ahead=20))[-1]
    await scheduling.do(lambda uow: commands.move(uow, case.case_ref, later["slot_id"], "scheduler"))
    before = await scheduling.live(case)
    scheduling.clock.instant = before.starts_at - days(ahead)

    await scheduling.do(lambda uow: commands.cancel(uow, case.case_ref, "officer-unavailable", "scheduler"))

    after = await scheduling.live(case)
    assert (after.status, after.starts_at, after.replaces) == ("booked", before.starts_at, before.id)
    assert await first_slot_of(scheduling, after) != await first_slot_of(scheduling, before)


@pytest.mark.parametrize("reason", ["site-closed", "safety"])
async def test_who_cannot_be_heard_at_the_site_then_is_not_told_to_come_then_all_the_same(
    scheduling: Scheduling, reason: str
) -> None:
    case, before = await scheduling.booked()
    scheduling.clock.instant = before.starts_at - days(1)

    await scheduling.do(lambda uow: commands.cancel(uow, case.case_ref, reason, "scheduler"))

    assert (await scheduling.live(case)).wall_time.date() > before.wall_time.date()


@pytest.mark.parametrize(("role", "status"), [("assistant", 403), ("officer", 200)])
async def test_only_the_staff_of_an_authority_cancel_for_its_reasons(
    scheduling: Scheduling, http: Client, role: str, status: int
) -> None:
    case, before = await scheduling.booked()

    answer = await http.call(case, "/appointment/cancel", {"reason": "officer-unavailable"}, role=role)

    assert answer.status_code == status
    assert (before == await scheduling.live(case)) == (status == 403)


async def test_an_assistant_asks_for_no_other_offer_while_an_absence_waits_for_its_review(
    scheduling: Scheduling, http: Client
) -> None:
    case, appointment = await scheduling.booked()
    scheduling.clock.instant = appointment.starts_at + timedelta(hours=1)
    await scheduling.do(lambda uow: commands.miss(uow, appointment.id, "officer"))

    asked = [await http.call(case, "/appointment/offer-again", role=role) for role in ("assistant", "scheduler")]

    assert [(409, "missed"), (200, None)] == [(each.status_code, each.json().get("code")) for each in asked]


async def soon(scheduling: Scheduling) -> tuple[CaseChanged, Any, int]:
    """A household whose interview is tomorrow, its appointment, and a slot two hours later that day."""
    case, before = await scheduling.booked()
    scheduling.clock.instant = before.starts_at - days(1)
    slot = await scheduling.count(
        """select id from slots where site = :site and kind = 'desk' and taken = 0 and starts_at = :at
           order by id limit 1""",
        site=before.site,
        at=before.starts_at + timedelta(hours=2),
    )
    return case, before, slot


async def test_staff_move_a_household_that_agreed_to_a_time_at_short_notice(
    scheduling: Scheduling, http: Client
) -> None:
    case, before, slot = await soon(scheduling)

    unasked = await http.move(case, slot, role="officer")
    path = "/appointment/move"
    moved = await http.call(case, path, {"slot_id": slot, "agreed": "phone"}, role="officer")

    assert (unasked.status_code, unasked.json()["code"]) == (409, "short_notice")
    assert moved.status_code == 200
    after = await scheduling.live(case)
    assert (after.starts_at - before.starts_at, after.agreed_at_short_notice) == (timedelta(hours=2), "phone")


async def test_only_staff_are_shown_what_is_free_at_short_notice_and_move_there(
    scheduling: Scheduling, http: Client
) -> None:
    case, before, slot = await soon(scheduling)
    shown = {}
    async with httpx.AsyncClient(transport=http.transport, base_url="http://x") as client:
        for role in ("assistant", "officer"):
            url = f"/v1/cases/{case.case_ref}/slots?at_short_notice=true"
            shown[role] = await client.get(url, headers={"Authorization": f"Bearer {role}"})

    refused = await http.call(case, "/appointment/move", {"slot_id": slot, "agreed": "phone"})

    assert (refused.status_code, shown["assistant"].status_code) == (403, 403)
    at = (before.starts_at + timedelta(hours=2)).isoformat()
    assert at in {place["instant"] for place in shown["officer"].json()}
    assert (await scheduling.live(case)).id == before.id


@pytest.mark.parametrize("kind", ["desk", "interpreter"])
async def test_a_stranded_household_that_is_moved_to_its_own_time_gets_who_is_there(
    scheduling: Scheduling, kind: str
) -> None:
    """The interpreter has her calendar at another site."""
    local = (
        "update resources set languages = cast(:languages as text[]) where kind = 'interpreter' and site = 'MX-TAP-01'"
    )
    await scheduling.execute(local, languages=[])
    case, before = await scheduling.booked(languages=(CaseLanguage(tag="mam", mode="spoken", interpreter=True),))
    await scheduling.execute(local, languages=["mam"])
    slot = await first_slot_of(scheduling, before)
    unable = await scheduling.count(
        """with held as (
             select r.* from slot_claims c join slots s on s.id = c.slot_id join resources r on r.id = s.resource_id
             where c.appointment_id = :id and r.kind = :kind),
           unable as (
             update resources r set programmes = '{}', languages = '{}' from held where r.id = held.id
             returning r.id)
           select count(*) from unable""",
        id=before.id,
        kind=kind,
    )
    assert unable == 1
    scheduling.clock.instant = before.starts_at - days(1)

    for _ in range(2):
        await scheduling.do(lambda uow: commands.move(uow, case.case_ref, slot, "scheduler"))

    after = await scheduling.live(case)
    assert (after.status, after.starts_at, after.replaces) == ("booked", before.starts_at, before.id)
    held = (await scheduling.do(lambda uow: slots.resources_held(uow, [after.id])))[after.id]
    assert all(each.programmes if each.kind == "desk" else each.languages for each in held)


async def test_who_cannot_be_heard_at_its_own_time_any_more_is_not_told_that_all_is_well(
    scheduling: Scheduling,
) -> None:
    case, before = await scheduling.booked()
    slot = await first_slot_of(scheduling, before)
    await scheduling.execute("update resources set programmes = '{}' where kind = 'desk'")

    move = partial(commands.move, case_ref=case.case_ref, slot_id=slot, acted_by="scheduler")

    assert await scheduling.refusal(move) == "place_taken"
    assert (await scheduling.live(case)).id == before.id
