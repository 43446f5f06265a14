"""Names for staff who check a household in: intake's side, on a real database."""

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio

from shared import tracing
from tests.conftest import MakeDatabase
from tests.intake import Intake
from tests.unit.intake_builders import ca_person, ca_result, ndjson, results, us_message, us_person


@pytest_asyncio.fixture(loop_scope="session")
async def intake(new_database: MakeDatabase, intake_template: str) -> AsyncIterator[Intake]:
    running = Intake(await new_database(intake_template))
    yield running
    await running.close()


async def ask(intake: Intake, *refs: str, role: str = "service", **question: Any) -> httpx.Response:
    asked = [{"case_ref": ref, "traceparent": question.get("traceparent")} for ref in refs]
    return await intake.client.post(
        "/internal/people",
        json={"people": asked, "shown_to": question.get("shown_to", "officer")},
        headers={"authorization": f"Bearer {role}-token"},
    )


async def a_case(intake: Intake) -> str:
    [receipt] = await intake.receipts("us", ndjson(us_message()))
    return str(receipt["case_ref"])


async def test_those_who_must_come_are_named_and_nothing_else_is_said_of_them(intake: Intake) -> None:
    away = us_person(personId="p2", role="CHILD", attends=False)
    [receipt] = await intake.receipts("us", ndjson(us_message(applicants=[us_person(interviewApart=True), away])))

    answer = await ask(intake, receipt["case_ref"], "NA7K-3QF2-M9X0")

    person = {
        "person_id": "p1", "role": "principal", "family_name": "Yat", "second_family_name": None,
        "given_name": "Zoila", "apart": True,
    }  # fmt: skip
    assert {
        "households": [{"case_ref": receipt["case_ref"], "persons": [person]}],
        "unknown": ["NA7K-3QF2-M9X0"],
    } == answer.json()
    assert "no-store" == answer.headers["cache-control"]


async def test_the_newest_revision_names_them(intake: Intake) -> None:
    [first] = await intake.receipts("ca", results(ca_result()))
    again = ca_person('<Name family="Jean-Baptiste" given="Rosemarie"/>')
    await intake.receipts("ca", results(ca_result(revision="2", Person=again)))

    [household] = (await ask(intake, first["case_ref"])).json()["households"]

    assert ["Rosemarie"] == [person["given_name"] for person in household["persons"]]


async def test_each_look_is_recorded_with_who_when_what_and_its_trace(intake: Intake) -> None:
    case_ref, traceparent = await a_case(intake), tracing.to_traceparent(tracing.new_root())

    await ask(intake, case_ref, traceparent=traceparent)
    await intake.ask_contacts(case_ref)

    looks = await intake.rows("select looked_at, who, case_ref, what, why, traceparent from contact_looks order by id")
    now = intake.clock.now()
    assert [
        (now, "service for officer", case_ref, "people", "to check in", traceparent),
        (now, "service", case_ref, "contact", "to send a notice", None),
    ] == [tuple(look) for look in looks]


@pytest.mark.parametrize(("role", "status"), [("ops", 403), ("officer", 403), ("nobody", 401)])
async def test_only_a_service_gets_names(intake: Intake, role: str, status: int) -> None:
    assert status == (await ask(intake, await a_case(intake), role=role)).status_code


async def test_nobody_but_an_officer_is_shown_names(intake: Intake) -> None:
    assert 422 == (await ask(intake, await a_case(intake), shown_to="ops")).status_code


class Untouched(httpx.AsyncByteStream):
    """A body that remembers whether anybody read of it."""

    def __init__(self) -> None:
        self.is_read = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        self.is_read = True
        yield b"{}"


@pytest.mark.parametrize("path", ["/internal/people", "/internal/contacts"])
@pytest.mark.parametrize(
    ("token", "status", "is_read"), [("", 401, False), ("ops-token", 403, False), ("service-token", 422, True)]
)
async def test_nothing_is_read_of_what_a_stranger_asks(
    intake: Intake, path: str, token: str, status: int, is_read: bool
) -> None:
    headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
    body = Untouched()

    answer = await intake.client.send(httpx.Request("POST", f"http://intake{path}", headers=headers, stream=body))

    assert (status, is_read) == (answer.status_code, body.is_read)


@pytest.mark.parametrize("path", ["/internal/people", "/internal/contacts"])
@pytest.mark.parametrize(("token", "status"), [("", 401), ("ops-token", 403), ("service-token", 422)])
async def test_who_asks_is_looked_at_before_what_is_asked(intake: Intake, path: str, token: str, status: int) -> None:
    headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}

    answer = await intake.client.post(path, content=json.dumps({"people": 1})[:-1], headers=headers)

    assert status == answer.status_code


async def fits(intake: Intake, case_ref: str, year: int) -> object:
    answer = await intake.client.post(
        "/internal/births",
        json={"case_ref": case_ref, "year": year},
        headers={"authorization": "Bearer service-token"},
    )
    return answer.json()


async def test_whether_a_year_of_birth_fits_is_said_with_yes_or_no_and_recorded(intake: Intake) -> None:
    away = us_person(personId="p2", role="CHILD", attends=False, dateOfBirth="2019-05-01")
    there = us_person(dateOfBirth="1987-02-03")
    [receipt] = await intake.receipts("us", ndjson(us_message(applicants=[there, away])))
    case_ref = receipt["case_ref"]

    answers = [await fits(intake, case_ref, year) for year in (1987, 1988, 2019)]
    unknown = [await fits(intake, ref, 1987) for ref in ("NA7K-3QF2-M9X0", "none")]

    assert [{"fits": True}, {"fits": False}, {"fits": False}] == answers
    assert [{"fits": False}] * 2 == unknown
    looks = await intake.rows("select who, case_ref, what, why from contact_looks order by id")
    assert [("service", case_ref, "people", "to say whether a year of birth fits")] * 3 == [
        tuple(each) for each in looks
    ]
