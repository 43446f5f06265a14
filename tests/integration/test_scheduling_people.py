"""Names at check-in: scheduling's side. Intake is the real application, asked over a real socket."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
import pytest_asyncio
from sqlalchemy.exc import DBAPIError

from services.scheduling import commands
from services.scheduling.app import build
from tests.builders import a_case, a_programme
from tests.conftest import MakeDatabase
from tests.intake import ROLES, Intake
from tests.lent import give_back, lend
from tests.openapi import served
from tests.scheduling import Scheduling, settings
from tests.unit.intake_builders import mx_row, sheet


class CheckIn:
    """A booked appointment of a household that intake knows; the clock stands at its start."""

    def __init__(self, scheduling: Scheduling, intake: Intake, appointment: Any, address: str) -> None:
        self.scheduling, self.intake, self.appointment = scheduling, intake, appointment
        told = settings(scheduling.database.url, intake_url=address).model_copy(update={"tokens": ROLES})
        self.app = lend(build, told, scheduling.database, scheduling.clock)
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        self.client = httpx.AsyncClient(transport=transport, base_url="http://scheduling")

    async def look(self, id: UUID | None = None, role: str = "officer") -> httpx.Response:
        path = f"/v1/appointments/{id or self.appointment.id}/people"
        return await self.client.get(path, headers={"authorization": f"Bearer {role}-token"})

    async def looks(self) -> list[tuple[Any, ...]]:
        sql = "select looked_at, shown_to, appointment_id, case_ref from people_looks order by id"
        return [tuple(row) for row in await self.scheduling.rows(sql)]

    async def close(self) -> None:
        await self.client.aclose()
        give_back(build, self.app)


@pytest_asyncio.fixture(loop_scope="session")
async def check_in(
    new_database: MakeDatabase, scheduling_template: str, intake_template: str
) -> AsyncIterator[CheckIn]:
    scheduling = Scheduling(await new_database(scheduling_template))
    intake = Intake(await new_database(intake_template))
    [receipt] = await intake.receipts("mx", sheet(mx_row()).encode())
    case = a_case(case_ref=receipt["case_ref"])
    await scheduling.receive(a_programme(), case)
    await scheduling.accept(case, "scheduler")
    appointment = await scheduling.live(case)
    scheduling.clock.advance(appointment.starts_at - scheduling.clock.now())
    async with served(intake.app) as address:
        made = CheckIn(scheduling, intake, appointment, address)
        yield made
        await made.close()
    await intake.close()
    await scheduling.database.close()


async def test_an_officer_sees_who_must_come_on_the_day_and_both_services_record_the_look(check_in: CheckIn) -> None:
    answer = await check_in.look()

    appointment = check_in.appointment
    person = {
        "person_id": "1", "role": "principal", "family_name": "Yat", "second_family_name": None,
        "given_name": "Xóchitl", "apart": False,
    }  # fmt: skip
    assert {"case_ref": appointment.case_ref, "persons": [person]} == answer.json()
    assert "no-store" == answer.headers["cache-control"]
    now = check_in.scheduling.clock.now()
    assert [(now, "officer", appointment.id, appointment.case_ref)] == await check_in.looks()
    assert ["service for officer"] == [row.who for row in await check_in.intake.rows("select who from contact_looks")]


@pytest.mark.parametrize("hours", [-24, 24])
async def test_on_another_day_nobody_is_named(check_in: CheckIn, hours: int) -> None:
    check_in.scheduling.clock.advance(timedelta(hours=hours))

    answer = await check_in.look()

    assert (409, "not_today") == (answer.status_code, answer.json()["code"])
    assert [] == await check_in.looks()


async def test_the_day_is_the_site_s_own(check_in: CheckIn) -> None:
    """Late in the evening at the site it is tomorrow in UTC."""
    evening = timedelta(hours=22) - timedelta(
        hours=check_in.appointment.wall_time.hour, minutes=check_in.appointment.wall_time.minute
    )
    check_in.scheduling.clock.advance(evening)

    assert check_in.scheduling.clock.now().date() > check_in.appointment.wall_time.date()
    assert 200 == (await check_in.look()).status_code


async def test_once_it_is_cancelled_nobody_is_named(check_in: CheckIn) -> None:
    check_in.scheduling.clock.advance(timedelta(hours=-1))
    await check_in.scheduling.do(
        lambda uow: commands.cancel(uow, check_in.appointment.case_ref, "applicant-request", "scheduler")
    )

    answer = await check_in.look()

    assert (409, "wrong_state") == (answer.status_code, answer.json()["code"])
    assert [] == await check_in.looks()


async def test_an_unknown_appointment_is_not_found(check_in: CheckIn) -> None:
    assert 404 == (await check_in.look(uuid4())).status_code


@pytest.mark.parametrize(("role", "status"), [("ops", 403), ("scheduler", 403), ("service", 403), ("nobody", 401)])
async def test_only_an_officer_sees_names(check_in: CheckIn, role: str, status: int) -> None:
    assert status == (await check_in.look(role=role)).status_code
    assert [] == await check_in.looks()


async def test_while_intake_is_away_an_officer_is_told_to_ask_again(check_in: CheckIn) -> None:
    away = CheckIn(check_in.scheduling, check_in.intake, check_in.appointment, "http://127.0.0.1:1")

    answer = await away.look()

    assert (503, "intake_away", "5") == (answer.status_code, answer.json()["code"], answer.headers["retry-after"])
    assert 1 == len(await check_in.looks())
    await away.close()


@pytest.mark.parametrize("change", ["delete from people_looks", "update people_looks set shown_to = 'x'"])
async def test_the_record_of_looks_cannot_be_changed(check_in: CheckIn, change: str) -> None:
    await check_in.look()

    with pytest.raises(DBAPIError, match="never change"):
        await check_in.scheduling.do(lambda uow: uow.execute(change))
