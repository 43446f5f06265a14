"""No place before the last day is a state with a clock and an owner, never silence."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy.exc import IntegrityError

from services.scheduling.app import build
from services.scheduling.commands.unmet import Plan, acknowledge
from services.scheduling.repository import unmet as repository
from services.scheduling.repository.counts import by_country
from services.scheduling.views.cases import clock_view, why
from shared.events import CaseChanged, CaseLanguage
from shared.web.problems import Problem
from tests.builders import NOW, a_case, a_programme, days
from tests.scheduling import Scheduling, settings

WAITING = "puente.scheduling.case.waiting.v1"


PROGRAMMES = ()
"""Each test says which programmes there are."""


def in_vain(**changes: Any) -> CaseChanged:
    """A household whose language no interpreter has."""
    return a_case(languages=(CaseLanguage(tag="zz", mode="spoken", interpreter=True),), **changes)


async def clock(scheduling: Scheduling, case: CaseChanged) -> dict[str, Any] | None:
    row = await scheduling.do(lambda uow: repository.clock_of(uow, case.case_ref))
    return clock_view(row) if row else None


async def said_of(scheduling: Scheduling, case: CaseChanged) -> list[Any]:
    rows = await scheduling.rows(
        "select type, value::jsonb as value from outbox where key = :ref order by sequence", ref=case.case_ref
    )
    return [(row.type, row.value.get("overdue_since")) for row in rows]


async def test_a_household_without_a_place_has_a_clock_and_the_schedulers_of_its_system_own_it(
    scheduling: Scheduling,
) -> None:
    case = in_vain()

    await scheduling.receive(a_programme(), case)

    found = await clock(scheduling, case)
    assert found is not None
    assert (found["reason"], found["unmet_since"], found["acknowledged_by"]) == (
        "no_interpreter",
        NOW.isoformat(),
        None,
    )
    assert found["owner"] == {"system": "mx", "role": "scheduler"}
    assert found["due_on"] == (case.valid_until - days(3)).isoformat()
    assert (await scheduling.do(lambda uow: why(uow, case.case_ref)))["clock"] == found


async def test_the_clock_goes_on_from_where_it_began_and_ends_with_a_place(scheduling: Scheduling) -> None:
    case = in_vain()
    await scheduling.receive(a_programme(), case)
    await scheduling.do(lambda uow: acknowledge(uow, case.case_ref, Plan.INTERPRETER, "scheduler"))
    scheduling.clock.advance(days(1))

    await scheduling.receive(in_vain(case_ref=case.case_ref, version=2, sites=("MX-MTY-01",)))
    still = await clock(scheduling, case)
    await scheduling.receive(a_case(case_ref=case.case_ref, version=3))

    assert still is not None
    assert (still["unmet_since"], still["plan"]) == (NOW.isoformat(), "interpreter")
    assert (await scheduling.live(case)).status == "pending"
    assert await clock(scheduling, case) is None


async def test_past_its_clock_it_is_said_once_that_it_is_too_late(scheduling: Scheduling) -> None:
    case = in_vain(valid_until=(NOW + days(5)).date())
    await scheduling.receive(a_programme(), case)
    await scheduling.jobs.watch_clocks()
    assert await said_of(scheduling, case) == [(WAITING, None)]

    scheduling.clock.advance(days(3))
    for _ in range(2):
        await scheduling.jobs.watch_clocks()

    too_late = scheduling.clock.now().isoformat().replace("+00:00", "Z")
    assert await said_of(scheduling, case) == [(WAITING, None), (WAITING, too_late)]
    assert await scheduling.waiting(case) == "no_interpreter"
    counted = await scheduling.do(by_country)
    assert (counted["mx"]["unmet"], counted["mx"]["unmet_overdue"], counted["mx"]["unmet_oldest_days"]) == (1, 1, 3)
    assert counted["mx"]["unmet_unacknowledged"] == 1


async def test_it_is_not_too_late_while_the_last_good_day_goes_on_at_a_site(scheduling: Scheduling) -> None:
    """23:30 in Tijuana is 07:30 of the next day in UTC."""
    case = in_vain(valid_until=(NOW + days(5)).date(), sites=("MX-TIJ-01",))
    await scheduling.receive(a_programme(), case)

    scheduling.clock.instant = datetime(2026, 11, 27, 7, 30, tzinfo=UTC)
    await scheduling.jobs.watch_clocks()
    assert [overdue for _, overdue in await said_of(scheduling, case)] == [None]
    scheduling.clock.advance(timedelta(hours=5))
    await scheduling.jobs.watch_clocks()

    assert [overdue for _, overdue in await said_of(scheduling, case)] == [None, "2026-11-27T12:30:00Z"]


async def test_a_case_that_is_valid_for_longer_has_time_again(scheduling: Scheduling) -> None:
    case = in_vain(valid_until=(NOW + days(1)).date())
    await scheduling.receive(a_programme(), case)
    await scheduling.jobs.watch_clocks()

    await scheduling.receive(in_vain(case_ref=case.case_ref, version=2, valid_until=(NOW + days(60)).date()))
    await scheduling.jobs.watch_clocks()

    assert (await said_of(scheduling, case))[-1] == (WAITING, None)
    found = await clock(scheduling, case)
    assert found is not None
    assert (found["overdue_since"], found["unmet_since"]) == (None, NOW.isoformat())


async def test_a_case_that_expires_without_a_place_is_closed_and_that_is_said(scheduling: Scheduling) -> None:
    case = in_vain(valid_until=(NOW + days(1)).date())
    await scheduling.receive(a_programme(), case)

    await scheduling.receive(in_vain(case_ref=case.case_ref, version=2, state="expired"))

    assert (await said_of(scheduling, case))[-1] == ("puente.scheduling.case.closed.v1", None)
    assert await clock(scheduling, case) is None


async def test_nobody_takes_on_a_case_that_lacks_no_place(scheduling: Scheduling) -> None:
    case = a_case()
    await scheduling.receive(a_programme(), case)

    with pytest.raises(Problem) as refused:
        await scheduling.do(lambda uow: acknowledge(uow, case.case_ref, Plan.REFERRAL, "scheduler"))

    assert (refused.value.status, refused.value.code) == (409, "not_without_a_place")


async def test_who_must_find_places_reads_the_cases_by_their_clock_and_takes_them_on(
    scheduling: Scheduling,
) -> None:
    soon, later = in_vain(valid_until=(NOW + days(20)).date()), in_vain(valid_until=(NOW + days(40)).date())
    await scheduling.receive(a_programme(), later, soon, a_case())
    app = build(settings(scheduling.database.url), scheduling.clock)
    by, officer = ({"Authorization": f"Bearer {role}"} for role in ("scheduler", "officer"))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://scheduling") as http:
        everyone = (await http.get("/v1/waiting", headers=by)).json()
        due = {"system": "mx", "programme": "MX-REF", "due_before": (NOW + days(20)).date().isoformat()}
        first = (await http.get("/v1/waiting", headers=by, params=due)).json()
        taken = await http.post(f"/v1/cases/{soon.case_ref}/acknowledge", headers=by, json={"plan": "interpreter"})
        worded = await http.post(f"/v1/cases/{soon.case_ref}/acknowledge", headers=by, json={"plan": "call her aunt"})
        refused = await http.get("/v1/waiting", headers=officer)
        elsewhere = (await http.get("/v1/waiting", headers=by, params={"system": "ca"})).json()
    await app.state.service.database.close()

    assert [each["case_ref"] for each in everyone["cases"]] == [soon.case_ref, later.case_ref]
    assert (first["count"], [each["case_ref"] for each in first["cases"]]) == (1, [soon.case_ref])
    assert (taken.json()["acknowledged_by"], taken.json()["plan"]) == ("scheduler", "interpreter")
    assert (worded.status_code, refused.status_code, elsewhere) == (422, 403, {"count": 0, "cases": []})


async def test_the_database_keeps_no_plan_for_a_case_that_has_a_place(scheduling: Scheduling) -> None:
    case = a_case()
    await scheduling.receive(a_programme(), case)

    with pytest.raises(IntegrityError, match="clock_only_while_unmet"):
        async with scheduling.database.begin(NOW) as uow:
            await repository.acknowledge(uow, case.case_ref, "scheduler", "referral")


TO_CHOOSE = a_programme(allocation="choice")


async def test_who_is_to_choose_and_finds_no_place_has_a_clock_until_there_is_one(scheduling: Scheduling) -> None:
    case = a_case(valid_until=(NOW + days(10)).date())
    await scheduling.receive(TO_CHOOSE, case)
    await scheduling.jobs.watch_choosers()
    assert await clock(scheduling, case) is None

    await scheduling.rows("update slots set taken = capacity where true returning id")
    await scheduling.jobs.watch_choosers()
    without = await clock(scheduling, case)
    await scheduling.do(lambda uow: acknowledge(uow, case.case_ref, Plan.MORE_CAPACITY, "scheduler"))
    scheduling.clock.advance(days(1))
    await scheduling.jobs.watch_choosers()
    still = await clock(scheduling, case)
    await scheduling.rows("update slots set taken = 0 where true returning id")
    await scheduling.jobs.watch_choosers()

    assert without and still and await clock(scheduling, case) is None
    assert ("awaiting_choice", NOW.isoformat(), None) == (
        without["reason"], without["unmet_since"], without["acknowledged_by"],
    )  # fmt: skip
    assert (NOW.isoformat(), "more-capacity") == (still["unmet_since"], still["plan"])
    assert "awaiting_choice" == await scheduling.waiting(case)
    assert [(WAITING, None)] == await said_of(scheduling, case)


async def test_who_did_not_choose_in_time_is_said_to_be_too_late_and_has_time_again_when_it_is_valid_for_longer(
    scheduling: Scheduling,
) -> None:
    case = a_case(valid_until=(NOW + days(10)).date())
    await scheduling.receive(TO_CHOOSE, case)

    scheduling.clock.advance(days(9))
    for job in (scheduling.jobs.watch_choosers, scheduling.jobs.watch_clocks, scheduling.jobs.watch_choosers):
        await job()
    too_late = await said_of(scheduling, case)
    longer = {"version": 2, "revision": 2, "valid_until": (NOW + days(60)).date()}
    await scheduling.receive(case.model_copy(update=longer))
    await scheduling.jobs.watch_clocks()
    await scheduling.jobs.watch_choosers()

    assert [(WAITING, False), (WAITING, True)] == [(kind, overdue is not None) for kind, overdue in too_late]
    assert (WAITING, None) == (await said_of(scheduling, case))[-1]
    assert await clock(scheduling, case) is None
