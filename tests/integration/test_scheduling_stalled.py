"""Nobody stands still unseen: who did not answer, could not be reached, was absent, or was never recorded is counted and listed."""

from typing import Any

import httpx
import pytest

from services.scheduling import commands
from services.scheduling.app import build
from services.scheduling.repository import counts
from services.scheduling.repository.stalled import stalled
from shared.events import CaseChanged, Reachable
from tests.builders import NOW, a_case, a_programme, days
from tests.scheduling import Scheduling, settings


async def let_offers_run_out(scheduling: Scheduling) -> None:
    """Three times what two offers without an answer take."""
    for day in (3, 6, 9, 12, 15, 18):
        scheduling.clock.instant = NOW + days(day)
        await scheduling.jobs.expire_offers()
        await scheduling.jobs.open_calendars()
        await scheduling.jobs.look_again()
    scheduling.clock.advance(days(3))
    await scheduling.jobs.expire_offers()


async def booked(scheduling: Scheduling, case: CaseChanged) -> Any:
    await scheduling.receive(case)
    await scheduling.do(lambda uow: commands.accept(uow, case.case_ref, "scheduler"))
    return await scheduling.live(case)


async def counted(scheduling: Scheduling, case: CaseChanged) -> dict[str, int]:
    """What is counted of households that stand still, in the case's country."""
    found: dict[str, int] = (await scheduling.do(counts.by_country))[case.system]
    return {why: found[why] for why in ("unanswered", "unreached", "missed", "unrecorded") if found[why]}


@pytest.mark.parametrize("reachable", [Reachable.RESOURCE_CENTRE, Reachable.NO])
async def test_offers_that_a_household_could_not_read_count_as_no_miss(
    scheduling: Scheduling, reachable: Reachable
) -> None:
    case = a_case(reachable=reachable)
    await scheduling.receive(case)

    await let_offers_run_out(scheduling)

    assert await scheduling.waiting(case) == "offer_expired"
    assert await scheduling.count("select offers_missed from cases") == 0
    assert await counted(scheduling, case) == {"unreached": 1}


@pytest.mark.parametrize(("reachable", "found"), [(Reachable.NO, {"unreached": 1}), (Reachable.YES, {})])
async def test_who_is_to_choose_and_hears_nothing_of_it_is_counted_and_listed(
    scheduling: Scheduling, reachable: Reachable, found: dict[str, int]
) -> None:
    case = a_case(programme="MX-TVH", reachable=reachable)
    await scheduling.receive(a_programme(programme="MX-TVH", allocation="choice"), case)

    assert await scheduling.waiting(case) == "awaiting_choice"
    assert await counted(scheduling, case) == found
    listed = await scheduling.do(lambda uow: stalled(uow, "mx", "unreached", 500))
    assert [case.case_ref] * len(found) == [row.case_ref for row in listed]


async def test_who_answers_no_offer_is_counted_and_listed_until_someone_acts(scheduling: Scheduling) -> None:
    case = a_case()
    await scheduling.receive(case)
    await let_offers_run_out(scheduling)
    assert await scheduling.waiting(case) == "offers_unanswered"

    assert await counted(scheduling, case) == {"unanswered": 1}
    await scheduling.do(lambda uow: commands.offer_again(uow, case.case_ref))

    assert await counted(scheduling, case) == {}


async def test_who_was_absent_is_counted_until_the_absence_is_excused(scheduling: Scheduling) -> None:
    case = a_case()
    appointment = await booked(scheduling, case)
    scheduling.clock.instant = appointment.starts_at + days(0.1)
    await scheduling.do(lambda uow: commands.miss(uow, appointment.id, "officer"))

    assert await counted(scheduling, case) == {"missed": 1}
    await scheduling.do(lambda uow: commands.excuse(uow, appointment.id, "scheduler"))

    assert await counted(scheduling, case) == {}


async def test_an_interview_that_nobody_recorded_anything_of_is_counted_a_day_later(scheduling: Scheduling) -> None:
    case = a_case()
    appointment = await booked(scheduling, case)

    scheduling.clock.instant = appointment.starts_at + days(0.9)
    assert await counted(scheduling, case) == {}
    scheduling.clock.instant = appointment.starts_at + days(1.1)

    assert await counted(scheduling, case) == {"unrecorded": 1}


async def test_who_sees_to_them_reads_whose_time_ends_first_with_the_appointment_it_is_about(
    scheduling: Scheduling,
) -> None:
    later, soon = a_case(), a_case(valid_until=(NOW + days(40)).date())
    unrecorded, missed = await booked(scheduling, later), await booked(scheduling, soon)
    scheduling.clock.instant = max(unrecorded.starts_at, missed.starts_at) + days(2)
    await scheduling.do(lambda uow: commands.miss(uow, missed.id, "officer"))
    app = build(settings(scheduling.database.url), scheduling.clock)
    by, officer = ({"Authorization": f"Bearer {role}"} for role in ("scheduler", "officer"))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://scheduling") as http:
        everyone = (await http.get("/v1/stalled", headers=by)).json()
        some = (await http.get("/v1/stalled", headers=by, params={"why": "unrecorded", "system": "mx"})).json()
        elsewhere = (await http.get("/v1/stalled", headers=by, params={"system": "ca"})).json()
        refused = await http.get("/v1/stalled", headers=officer)
    await app.state.service.database.close()

    assert [(each["case_ref"], each["why"]) for each in everyone["cases"]] == [
        (soon.case_ref, "missed"),
        (later.case_ref, "unrecorded"),
    ]
    assert everyone["cases"][0]["appointment"]["id"] == str(missed.id)
    assert (some["count"], some["cases"][0]["appointment"]["id"]) == (1, str(unrecorded.id))
    assert (elsewhere, refused.status_code) == ({"count": 0, "cases": []}, 403)
