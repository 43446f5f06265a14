"""Closing, pausing and opening programmes again, as operations do."""

from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import pytest
import pytest_asyncio

from services.intake.api.programmes import Change, Effects, change
from shared.events import ProgrammeStatus
from shared.web.problems import Problem
from tests.conftest import MakeDatabase
from tests.intake import ROLES, Intake


@pytest_asyncio.fixture(loop_scope="session")
async def intake(new_database: MakeDatabase, intake_template: str) -> AsyncIterator[Intake]:
    made = Intake(await new_database(intake_template))
    yield made
    await made.close()


async def post(intake: Intake, path: str, role: str = "ops") -> httpx.Response:
    return await intake.client.post(path, headers={"authorization": f"Bearer {role}-token"})


async def test_a_programme_that_is_closed_is_published_once_with_the_day(intake: Intake) -> None:
    for _ in range(2):
        answer = await post(intake, "/v1/programmes/MX-REF/close")

    rows = await intake.rows("select status, closes_on, version from programmes where programme = 'MX-REF'")
    published = await intake.rows("select 1 from outbox where key = 'MX-REF'")
    assert answer.json()["appointments"] == "rebook"
    assert [(row.status, row.closes_on, row.version) for row in rows] == [("closed", intake.clock.now().date(), 2)]
    assert len(published) == 2


async def test_a_programme_that_opens_again_has_no_last_day(intake: Intake) -> None:
    for what in ("pause", "close", "reopen"):
        await post(intake, f"/v1/programmes/MX-REF/{what}")

    rows = await intake.rows("select status, closes_on, version from programmes where programme = 'MX-REF'")
    assert [(row.status, row.closes_on, row.version) for row in rows] == [("open", None, 4)]


async def test_a_programme_that_was_paused_still_ends_on_the_day_that_was_planned(intake: Intake) -> None:
    last_day = intake.clock.now().date() + timedelta(days=30)
    await intake.rows("update programmes set closes_on = :day where programme = 'MX-REF' returning 1", day=last_day)

    for what in ("pause", "reopen"):
        await post(intake, f"/v1/programmes/MX-REF/{what}")

    rows = await intake.rows("select status, closes_on from programmes where programme = 'MX-REF'")
    assert [(row.status, row.closes_on) for row in rows] == [("open", last_day)]


async def test_a_programme_that_has_not_opened_yet_can_be_closed(intake: Intake) -> None:
    first_day = intake.clock.now().date() + timedelta(days=30)
    await intake.rows("update programmes set opens_on = :day where programme = 'MX-REF' returning 1", day=first_day)

    answer = await post(intake, "/v1/programmes/MX-REF/close")

    assert (200, "closed") == (answer.status_code, answer.json()["status"])


async def test_a_dry_run_changes_nothing(intake: Intake) -> None:
    async with intake.database.begin(intake.clock.now()) as uow:
        told = await change(uow, "MX-REF", Change.CLOSE, is_dry_run=True)

    assert told.status is ProgrammeStatus.CLOSED
    assert [row.status for row in await intake.rows("select status from programmes where programme = 'MX-REF'")] == [
        "open"
    ]


async def test_a_dry_run_while_scheduling_is_away_says_so_and_changes_nothing(intake: Intake) -> None:
    answer = await post(intake, "/v1/programmes/MX-REF/close?dry_run=true")

    assert (answer.status_code, answer.json()["code"]) == (503, "scheduling_away")


async def test_an_unknown_programme_and_another_role_are_refused(intake: Intake) -> None:
    assert (await post(intake, "/v1/programmes/XX-ZZZ/close")).status_code == 404
    assert (await post(intake, "/v1/programmes/MX-REF/close", role="service")).status_code == 403
    assert (await post(intake, "/v1/programmes/MX-REF/burn")).status_code == 422


async def test_scheduling_is_asked_about_no_programme_that_nobody_knows(intake: Intake) -> None:
    answer = await post(intake, "/v1/programmes/MX-REF%3Fx/close?dry_run=true")

    assert answer.status_code == 404


async def test_effects_are_asked_as_the_service_that_we_are(intake: Intake) -> None:
    with pytest.raises(Problem, match="nothing was changed"):
        await Effects("http://127.0.0.1:1", ROLES["service"]).of_closing("MX-REF")
