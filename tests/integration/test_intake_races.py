"""Two documents at once act as if one had come after the other."""

import asyncio
import time
from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from services.intake import commands
from services.intake.adapters import us
from services.intake.api import turns
from services.intake.domain.results import Reported
from services.intake.repository import documents
from services.intake.repository.documents import Document
from tests.conftest import MakeDatabase
from tests.intake import Intake
from tests.unit.intake_builders import (
    NOW,
    ndjson,
    us_message,
)


@pytest_asyncio.fixture(loop_scope="session")
async def intake(new_database: MakeDatabase, intake_template: str) -> AsyncIterator[Intake]:
    running = Intake(await new_database(intake_template))
    yield running
    await running.close()


async def test_a_document_waits_until_another_that_names_the_same_result_is_kept(intake: Intake) -> None:
    """What it then knows includes the other one. Without the lock it would not wait, and know nothing."""
    await intake.receipts("us", ndjson(us_message(1)))
    second = us.read(ndjson(us_message(2, determination__revision=2)))
    third = us.read(ndjson(us_message(3, determination__revision=3)))

    async def known_later() -> set[int]:
        async with intake.database.begin(NOW) as uow:
            history, _ = await documents.lock_known(uow, "us", third)
            return set(history.revisions["US-2026-000001"])

    async with intake.database.begin(NOW) as uow:
        document = Document(uuid4(), "us", "", b"")
        await commands.receive(uow, document, second, intake.sealer)
        later = asyncio.create_task(known_later())
        await asyncio.sleep(0.3)
        was_waiting = not later.done()

    assert was_waiting
    assert {1, 2} == await later


async def test_two_documents_that_race_for_one_result_act_one_after_the_other(intake: Intake) -> None:
    other = us_message(2, interview__urgency="URGENT")
    for n in range(10):
        id_ = f"US-{n}"
        first = ndjson(us_message(100 + n, determination__id=id_))
        second = ndjson(
            {
                **other,
                "messageId": str(UUID(int=200 + n)),
                "determination": us_message(determination__id=id_)["determination"],
            }
        )

        answers = await asyncio.gather(intake.receipts("us", first), intake.receipts("us", second))

        receipts = sorted((each["receipt"], each["codes"]) for [each] in answers)
        assert [("accepted", []), ("quarantined", ["revision_conflict"])] == receipts
    assert 10 == await intake.count("cases")


async def test_two_documents_that_race_for_one_delivery_count_it_once(intake: Intake) -> None:
    for n in range(10):
        body = ndjson(us_message(100 + n, determination__id=f"US-{n}"))

        answers = await asyncio.gather(*(intake.receipts("us", body) for _ in range(3)))

        assert ["accepted", "duplicate", "duplicate"] == sorted(each["receipt"] for [each] in answers)
        assert 1 == len({each["case_ref"] for [each] in answers})


async def test_documents_that_name_the_same_results_in_another_order_do_not_deadlock(intake: Intake) -> None:
    ids = [f"US-{n}" for n in range(30)]
    one = ndjson(*(us_message(100 + n, determination__id=id_) for n, id_ in enumerate(ids)))
    two = ndjson(
        *(us_message(300 - n, determination__id=id_, determination__revision=2) for n, id_ in enumerate(ids[::-1]))
    )

    answers = await asyncio.gather(intake.receipts("us", one), intake.receipts("us", two))

    assert 30 == await intake.count("cases")
    assert {1, 2} == {len(await intake.events(each["case_ref"])) for each in answers[1]} | {1, 2}
    assert [2] * 30 == [row.revision for row in await intake.rows("select revision from cases")]


LARGE = ndjson(us_message()) + b"\n" * turns.LARGE_BYTES


@pytest.fixture
def reading(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many documents are read at a time, at each one's beginning."""
    at_once, now, read = list[int](), list[int](), us.read

    def slowly(body: bytes) -> list[Reported]:
        now.append(1)
        at_once.append(len(now))
        time.sleep(0.1)
        now.pop()
        return read(body)

    monkeypatch.setattr(us, "read", slowly)
    return at_once


@pytest.mark.parametrize(("body", "in_turn"), [(LARGE, True), (ndjson(us_message()), False)], ids=["large", "small"])
async def test_large_documents_are_read_one_after_the_other_and_small_ones_at_once(
    intake: Intake, reading: list[int], body: bytes, in_turn: bool
) -> None:
    await asyncio.gather(*(intake.receipts("us", body) for _ in range(3)))

    assert (3, in_turn) == (len(reading), max(reading) == 1)


async def test_a_large_document_that_waits_too_long_is_to_come_again(
    intake: Intake, reading: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "WAIT_SECONDS", 0.01)
    answers = await asyncio.gather(*(intake.send("us", LARGE) for _ in range(2)))
    later = await intake.send("us", LARGE)

    assert [202, 503, 202] == [*sorted(each.status_code for each in answers), later.status_code]
    assert all(each.headers["retry-after"] for each in answers if each.status_code == 503)
    assert ["duplicate"] == [each["receipt"] for each in later.json()["receipts"]]
