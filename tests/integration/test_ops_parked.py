"""What operations decide about events that failed: the list, another try, and enough of one."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest_asyncio

from shared.events import CaseChanged
from shared.kafka import parked
from shared.kafka.records import read
from tests.builders import a_case, a_record, unreadable_record
from tests.conftest import MakeDatabase
from tests.intake import Intake

TRACE = "00-" + "1" * 32 + "-" + "2" * 16 + "-01"


@pytest_asyncio.fixture(loop_scope="session")
async def intake(new_database: MakeDatabase, intake_template: str) -> AsyncIterator[Intake]:
    running = Intake(await new_database(intake_template))
    yield running
    await running.close()


async def _park(intake: Intake, case: CaseChanged) -> None:
    async with intake.database.begin(intake.clock.now()) as uow:
        await parked.park(uow, read(a_record(case)), "ValueError at handlers.py:7", intake.sealer, TRACE)


async def _bury(intake: Intake, value: bytes = b"\xff") -> None:
    async with intake.database.begin(intake.clock.now()) as uow:
        await parked.bury(uow, unreadable_record("intake.cases", value), "UnicodeDecodeError", intake.sealer)


async def _listed(intake: Intake) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = (await intake.get("/ops/parked")).json()
    return listed


async def _decide(intake: Intake, id: int, what: str, role: str = "ops", **body: str) -> httpx.Response:
    return await intake.client.post(
        f"/ops/parked/{id}/{what}", json=body, headers={"authorization": f"Bearer {role}-token"}
    )


async def test_what_failed_is_listed_with_place_and_cause_and_without_its_content(intake: Intake) -> None:
    case = a_case()
    await _park(intake, case)
    await _bury(intake)

    listed = await _listed(intake)

    assert [(case.case_ref, 1, "parked"), (None, None, "dead")] == [
        (each["key"], each["sequence"], each["state"]) for each in listed
    ]
    assert "ValueError at handlers.py:7" == listed[0]["cause"]
    assert {"id", "topic", "partition", "offset", "key", "sequence", "cause", "state", "attempts", "parked_at",
            "next_try_at", "traceparent"} == set(listed[0])  # fmt: skip


async def test_an_event_is_tried_at_once_when_someone_says_so(intake: Intake) -> None:
    await _park(intake, a_case())
    await intake.execute("update parked_event set state = 'dead', next_try_at = null")
    [dead] = await _listed(intake)

    answer = await _decide(intake, dead["id"], "try")

    assert (200, {"state": "parked"}) == (answer.status_code, answer.json())
    async with intake.database.begin(intake.clock.now() + timedelta(seconds=1)) as uow:
        assert [dead["id"]] == [each.id for each in await parked.due(uow, ["intake.cases"])]


async def test_what_nobody_can_read_is_not_tried_but_discarded_and_counts_no_more(intake: Intake) -> None:
    await _bury(intake)
    [dead] = await _listed(intake)

    tried = await _decide(intake, dead["id"], "try")
    discarded = await _decide(intake, dead["id"], "discard", reason="a probe, said again")

    assert (409, 200) == (tried.status_code, discarded.status_code)
    assert (0, []) == ((await intake.get("/ops/state")).json()["dead"], await _listed(intake))
    [row] = await intake.rows("select state, cause from parked_event")
    assert ("discarded", "UnicodeDecodeError; discarded: a probe, said again") == (row.state, row.cause)


async def test_what_is_decided_is_not_decided_again(intake: Intake) -> None:
    await _park(intake, a_case())
    [open_one] = await _listed(intake)
    await _decide(intake, open_one["id"], "discard", reason="not needed")

    again = [
        await _decide(intake, open_one["id"], "discard", reason="not needed"),
        await _decide(intake, open_one["id"], "try"),
        await _decide(intake, 4711, "try"),
    ]

    assert [409] * 3 == [each.status_code for each in again]


async def test_only_operations_decide_and_only_with_a_reason(intake: Intake) -> None:
    await _bury(intake)
    [dead] = await _listed(intake)

    others = [await _decide(intake, dead["id"], what, role="officer", reason="why not") for what in ("try", "discard")]
    unreasoned = [
        await _decide(intake, dead["id"], "discard"),
        await _decide(intake, dead["id"], "discard", reason="a\0b"),
    ]

    assert ([403, 403], [422, 422]) == (
        [each.status_code for each in others],
        [each.status_code for each in unreasoned],
    )
    assert [dead] == await _listed(intake)
